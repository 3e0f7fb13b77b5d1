"""CIFAR-10 in its authors' binary version: records of one label byte and 3,072 bytes of colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._dataset import Part
from spikewright.data._download import ArchiveDownload
from spikewright.data._files import check_digest, check_labels, contents
from spikewright.data._source import Parts, Source
from spikewright.data._split import image_part, stratified_split

NAMES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
"""The five batches of the training part, then the test part."""

_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32


@dataclass(frozen=True, kw_only=True)
class ColourBatches(Source):
    """Images and labels in six binary batches.

    Parameters
    ----------
    checksums : tuple of str
        MD5 of the files, in the order of ``NAMES``.
    held_out : int
        Number of training samples that form the validation part.
    """

    checksums: tuple[str, ...]
    held_out: int = 5000

    def files(self, folder: Path) -> list[Path]:
        """Return the six batches."""
        return [folder / name for name in NAMES]

    def check(self, path: Path) -> None:
        """Check form, labels and MD5 of one batch."""
        self._batch(path)

    def parts(self, folder: Path, *, seed: int) -> Parts:
        """Read the five training batches; the validation part is stratified."""
        *train, test = self.files(folder)
        batches = [self._batch(path) for path in train]
        pixels, y = np.concatenate([batch[0] for batch in batches]), np.concatenate([batch[1] for batch in batches])
        rest, held_out = stratified_split(y, self.held_out, seed)
        return Parts(image_part(pixels, y, rest), image_part(pixels, y, held_out), partial(self._whole, test))

    def _whole(self, path: Path) -> Part:
        return image_part(*self._batch(path))

    def _batch(self, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        data = contents(path, self.todo)
        if len(data) % _RECORD:
            raise DataError(
                f"{path}: truncated or no batch of CIFAR-10; {len(data)} bytes are no whole number of records "
                f"of {_RECORD}. {self.todo}"
            )
        records = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
        labels = records[:, 0]
        check_labels(path, labels, classes=len(self.classes), todo=self.todo)
        check_digest(path, data, self.checksums[NAMES.index(path.name)], self.todo)
        return records[:, 1:].reshape(-1, *_SHAPE), labels


CIFAR10 = ColourBatches(
    name="cifar10",
    title="objects and animals, 50,000 and 10,000 colour images of 32 x 32",
    kind="image",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    page="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="not stated by the authors",
    cite="Krizhevsky, Learning multiple layers of features from tiny images, University of Toronto, 2009",
    folders=("cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"),
    checksums=(
        "md5:5dd7e06a14cb22eb9f671a540d1b7c25",
        "md5:5ea93a67294ea407fff1d09f752e9692",
        "md5:942cd6a4bcdd0dd3c604fbe906cb4421",
        "md5:ae636b3ba5c66a11e91e8cb52e771fcb",
        "md5:53f37980c15c3d472c316c40844f3f0d",
        "md5:803d5f7f4d78ea53de84dbe85f74fb6d",
    ),
    downloads=(
        ArchiveDownload(
            name="cifar-10-binary.tar.gz",
            mirrors=(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
            ),
            checksum="md5:c32a1d4ab5d03f1284b67883e8d87530",
            keep=tuple((f"cifar-10-batches-bin/{name}", name) for name in NAMES),
        ),
    ),
)
