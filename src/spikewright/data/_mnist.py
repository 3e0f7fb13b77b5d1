"""MNIST and Fashion-MNIST: four IDX files, gzipped or not, with the official test part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._dataset import Part
from spikewright.data._download import FileDownload
from spikewright.data._files import check_digest, check_labels, contents
from spikewright.data._idx import parse_idx
from spikewright.data._source import Parts, Source
from spikewright.data._split import image_part, stratified_split

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The files: images, then labels, of the training part, then of the test part."""


@dataclass(frozen=True, kw_only=True)
class IdxImages(Source):
    """Images and labels in four IDX files.

    Parameters
    ----------
    checksums : tuple of str
        SHA-256 of the uncompressed contents of the files, in the order of ``NAMES``.
    held_out : int
        Number of training samples that form the validation part.
    """

    checksums: tuple[str, str, str, str]
    held_out: int = 5000

    def files(self, folder: Path) -> list[Path]:
        """Return the four files; each under its own name if that is there, else with ``.gz``."""
        plain = [folder / name for name in NAMES]
        return [path if path.exists() else path.with_name(f"{path.name}.gz") for path in plain]

    def check(self, path: Path) -> None:
        """Check form and SHA-256 of one file."""
        data = contents(path, self.todo)
        self._parsed(path, data)
        self._verified(path, data)

    def parts(self, folder: Path, *, seed: int) -> Parts:
        """Read the training files; the validation part is stratified."""
        images, labels, *test = self.files(folder)
        pixels, y = self._pair(images, labels)
        rest, held_out = stratified_split(y, self.held_out, seed)
        return Parts(image_part(pixels, y, rest), image_part(pixels, y, held_out), partial(self._whole, *test))

    def _whole(self, images: Path, labels: Path) -> Part:
        return image_part(*self._pair(images, labels))

    def _pair(self, images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        image_bytes, label_bytes = contents(images, self.todo), contents(labels, self.todo)
        pixels, y = self._parsed(images, image_bytes), self._parsed(labels, label_bytes)
        if len(pixels) != len(y):
            raise DataError(
                f"{labels}: holds {len(y)} labels, but {images.name} holds {len(pixels)} images. {self.todo}"
            )
        # Last, since what is wrong is said more clearly by the checks before it.
        self._verified(images, image_bytes)
        self._verified(labels, label_bytes)
        return pixels[:, None], y

    def _parsed(self, path: Path, data: bytes) -> NDArray[np.uint8]:
        axes = 3 if "images" in path.name else 1
        values = parse_idx(path, data, axes=axes, todo=self.todo)
        if axes == 1:
            check_labels(path, values, classes=len(self.classes), todo=self.todo)
        return values

    def _verified(self, path: Path, data: bytes) -> None:
        check_digest(path, data, self.checksums[NAMES.index(path.name.removesuffix(".gz"))], self.todo)


def idx_downloads(checksums: tuple[str, ...], *bases: str) -> tuple[FileDownload, ...]:
    """Return the downloads of the four files from mirrors that hold them gzipped in one folder each."""
    return tuple(
        FileDownload(name=f"{name}.gz", mirrors=tuple(f"{base}{name}.gz" for base in bases), checksum=checksum)
        for name, checksum in zip(NAMES, checksums, strict=True)
    )


_MNIST = (
    "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
_FASHION_MNIST = (
    "sha256:c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "sha256:bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "sha256:5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "sha256:0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)

MNIST = IdxImages(
    name="mnist",
    title="handwritten digits, 60,000 and 10,000 grey images of 28 x 28",
    kind="image",
    classes=tuple("0123456789"),
    page="http://yann.lecun.com/exdb/mnist/",
    licence="not stated by the authors; derived from NIST's Special Databases 1 and 3",
    cite="LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, Proc. IEEE, 1998",
    folders=("mnist", "MNIST", "MNIST/raw"),
    checksums=_MNIST,
    downloads=idx_downloads(
        _MNIST,
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

FASHION_MNIST = IdxImages(
    name="fashion-mnist",
    title="clothes, 60,000 and 10,000 grey images of 28 x 28",
    kind="image",
    classes=("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    page="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    cite="Xiao, Rasul, Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017",
    folders=("fashion-mnist", "FashionMNIST", "FashionMNIST/raw"),
    checksums=_FASHION_MNIST,
    downloads=idx_downloads(
        _FASHION_MNIST,
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)
