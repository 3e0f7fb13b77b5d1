"""A user's own images: a folder of class folders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from spikewright.checks import DataError
from spikewright.data._dataset import Dataset, Part
from spikewright.data._files import one_line
from spikewright.data._own_folders import ClassFolders
from spikewright.data._own_split import split_own
from spikewright.data._split import image_part

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
"""How the names of image files end."""

_GREY = ("1", "L", "LA")
_COLOUR = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB")
_TODO = "Save it again as an 8-bit PNG, or remove it."


def read_images(folders: ClassFolders, *, seed: int) -> Dataset:
    """Read images, as grey if all of them are, else as colour; see :func:`split_own` for the parts.

    The headers of all files are read at once, those of the test part too, so that a file that does not fit is told
    before training and not after it.

    Raises
    ------
    DataError
        If an image is damaged, of a kind with more than 8 bits, or of another size than the first.
    """
    headers = [_header(path) for path in folders.files]
    size = headers[0][1]
    for path, (_, other) in zip(folders.files, headers, strict=True):
        if other != size:
            raise DataError(
                f"{path}: the image is {other[0]} x {other[1]} pixels, {folders.files[0]} is {size[0]} x {size[1]}. "
                "Bring all to one size."
            )
    mode = "L" if all(kind in _GREY for kind, _ in headers) else "RGB"
    split = split_own(str(folders.root), folders.labels, folders.classes, seed=seed)
    read = partial(_read, folders.files, folders.labels, mode)
    return Dataset(
        str(folders.root),
        "image",
        folders.classes,
        read(split.train),
        read(split.validation),
        partial(read, split.test),
    )


def _header(path: Path) -> tuple[str, tuple[int, int]]:
    """Return the mode and the size of an image."""
    try:
        with Image.open(path) as image:
            mode, size = image.mode, image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: no readable image ({_reason(error)}). {_TODO}") from error
    if mode not in (*_GREY, *_COLOUR):
        raise DataError(f"{path}: an image of kind {mode!r}, which has more than 8 bits a pixel. {_TODO}")
    return mode, size


def _read(files: Sequence[Path], labels: NDArray[np.int64], mode: str, index: NDArray[np.int64]) -> Part:
    return image_part(np.stack([_pixels(files[i], mode) for i in index]), labels[index])


def _pixels(path: Path, mode: str) -> NDArray[np.uint8]:
    """Return one image, shape (channel, row, column)."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert(mode))
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for a damaged body, by format
        raise DataError(f"{path}: the image is truncated or damaged ({_reason(error)}). {_TODO}") from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _reason(error: Exception) -> str:
    return "not a format that Pillow knows" if isinstance(error, UnidentifiedImageError) else one_line(error)
