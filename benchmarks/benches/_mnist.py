"""The test images of MNIST, read with nothing but NumPy."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def test_images(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the first images, shape (sample, 1, row, column), in [0, 1], and their labels.

    They are looked for below the folder that the environment variable ``SPIKEWRIGHT_DATA`` names.
    """
    folder = Path(os.environ.get("SPIKEWRIGHT_DATA", "")) / "mnist"
    pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, count * 784, 16).reshape(count, 1, 28, 28)
    return np.divide(images, np.float32(255)), np.frombuffer(labels, np.uint8, count, 8).astype(np.int64)
