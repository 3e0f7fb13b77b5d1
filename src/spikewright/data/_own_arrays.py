"""A user's own arrays: one ``.npz`` file with ``x`` and ``y``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._dataset import Dataset, Part
from spikewright.data._npz import read_npz
from spikewright.data._own_split import split_own

_TODO = "Write it anew with numpy.savez(path, x=samples, y=labels)."


def read_arrays(path: Path, *, seed: int) -> Dataset:
    """Read samples ``x`` and labels ``y``.

    ``x`` has shape (sample, feature), (sample, row, column) or (sample, channel, row, column). Bytes are divided by
    255; other numbers that leave [0, 1] are brought there by the lowest and the highest value of the training part, and
    what lies beyond these in the other parts is cut off. ``y`` is 1-D, whole numbers or text. See :func:`split_own` for
    the parts.

    Raises
    ------
    DataError
        If the file is damaged, holds Python objects, or its arrays do not fit.
    """
    x, labels, classes = _checked(path)
    split = split_own(str(path), labels, classes, seed=seed)
    scale = _scale(x[split.train])
    train, validation = (Part(_scaled(x[index], scale), labels[index]) for index in (split.train, split.validation))
    return Dataset(str(path), "image", classes, train, validation, partial(_read, path, split.test, scale))


def _read(path: Path, index: NDArray[np.int64], scale: tuple[float, float]) -> Part:
    x, labels, _ = _checked(path)
    return Part(_scaled(x[index], scale), labels[index])


def _checked(path: Path) -> tuple[NDArray[np.generic], NDArray[np.int64], tuple[str, ...]]:
    """Read both arrays; return samples with four axes, labels from 0, and the names of the classes."""
    arrays = read_npz(path, ("x", "y"), _TODO)
    x, y = arrays["x"], arrays["y"]
    if y.ndim != 1 or y.dtype.kind not in "iubU":
        raise DataError(
            f"{path}: y must be 1-D and hold whole numbers or text; got shape {y.shape} of {y.dtype}. {_TODO}"
        )
    if len(x) != len(y) if x.ndim else True:
        raise DataError(f"{path}: x and y must be of one length; got shapes {x.shape} and {y.shape}. {_TODO}")
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        raise DataError(
            f"{path}: x must have shape (sample, feature), (sample, row, column) or (sample, channel, row, column), "
            f"with no axis empty; got {x.shape}. {_TODO}"
        )
    if x.ndim == 4 and x.shape[1] == x.shape[2] > x.shape[3] in (1, 3, 4):
        raise DataError(
            f"{path}: x has its channels last, {x.shape}; it must be (sample, channel, row, column). "
            "Save x.transpose(0, 3, 1, 2)."
        )
    if x.dtype.kind not in "iubf":
        raise DataError(f"{path}: x must hold real numbers; got {x.dtype}. {_TODO}")
    bad = np.flatnonzero(~np.isfinite(x).reshape(len(x), -1).all(1))
    if len(bad):
        raise DataError(f"{path}: sample {bad[0]} of x holds values that are no finite numbers. {_TODO}")
    names, labels = np.unique(y, return_inverse=True)
    shape = (1,) * (4 - x.ndim) + x.shape[1:]
    return x.reshape(len(x), *shape), labels.astype(np.int64), tuple(str(name) for name in names)


def _scale(train: NDArray[np.generic]) -> tuple[float, float]:
    """Return what is subtracted and by what is divided."""
    if train.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(train.min()), float(train.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)


def _scaled(x: NDArray[np.generic], scale: tuple[float, float]) -> NDArray[np.float32]:
    offset, width = scale
    return np.clip((x.astype(np.float64) - offset) / width, 0, 1).astype(np.float32)
