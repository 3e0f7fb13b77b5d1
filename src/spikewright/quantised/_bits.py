"""Whole numbers of so many bits: saturation, and decay without a floating-point number."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]


def limits(bits: int) -> tuple[int, int]:
    """Return the smallest and the largest signed number of ``bits`` bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def saturate(x: IntArray, bits: int) -> IntArray:
    """Return ``x`` clipped to signed numbers of ``bits`` bits."""
    return np.clip(x, *limits(bits))


def decayed(x: IntArray, factor: IntArray, bits: int) -> IntArray:
    r"""Return :math:`\mathrm{sign}(x) \lfloor |x| f / 2^{bits} \rfloor`: what is left of ``x``, rounded towards 0."""
    magnitude: IntArray = np.abs(x) * factor >> bits
    return np.sign(x) * magnitude


def shifted_out(x: IntArray, shift: IntArray) -> IntArray:
    """Return what a decay by a right shift takes from ``x``: ``x >> shift``, and 1 towards 0 where that gives 0."""
    taken = x >> shift
    return np.where(taken == 0, np.sign(x), taken)


def nearest(x: NDArray[np.float64]) -> IntArray:
    """Return the nearest whole numbers, halves to the even one."""
    return np.rint(x).astype(np.int64)
