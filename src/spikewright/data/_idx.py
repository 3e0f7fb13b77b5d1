"""The IDX format of MNIST and its successors: unsigned bytes with a header that gives the size of each axis."""

from __future__ import annotations

from math import prod
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError

_UNSIGNED_BYTE = 8
_HOLDS = MappingProxyType({1: "labels", 3: "images"})


def parse_idx(path: Path, data: bytes, *, axes: int, todo: str) -> NDArray[np.uint8]:
    """Parse what an IDX file holds.

    Parameters
    ----------
    path : Path
        The file, for messages.
    data : bytes
        Its contents: two zero bytes, one for the type (8), one for the number of axes, the size of each axis as a
        32-bit big-endian number, then the values.
    axes : int
        Number of axes that is expected: 1 for labels, 3 for images.
    todo : str
        What the user should do about a bad file.

    Returns
    -------
    array of uint8, with that number of axes; it shares the memory of ``data``

    Raises
    ------
    DataError
        If the contents are something else, truncated, or longer than the header says.
    """
    start = 4 + 4 * axes
    if len(data) < 4 or data[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DataError(
            f"{path}: not an IDX file of bytes; it should begin with 00 00 08, not {data[:3].hex(' ')}. {todo}"
        )
    if data[3] != axes:
        found = _HOLDS.get(data[3], f"an array of {data[3]} axes")
        raise DataError(f"{path}: holds {found} where {_HOLDS[axes]} are expected. {todo}")
    if len(data) < start:
        raise DataError(f"{path}: truncated; it ends within its header. {todo}")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", axes, offset=4))
    if len(data) - start != prod(shape):
        wrong = "truncated" if len(data) - start < prod(shape) else "damaged"
        raise DataError(
            f"{path}: {wrong}; its header announces {prod(shape)} bytes and {len(data) - start} follow. {todo}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
