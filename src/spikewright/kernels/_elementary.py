"""Functions of one number that the generated scans call, in arithmetic that runs on vectors.

The C library's exponential is called number by number, which would hold up a whole loop.
"""

# ruff: noqa: FURB136 - a comparison passes NaN on; what max and min do with it depends on the compiler

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

# Any, below: one number of a type that numba finds out.

# A call that is left in a loop keeps the whole loop from running on vectors.
_inlined = njit(error_model="numpy", forceinline=True)

_LOG2_E = 1 / math.log(2)
# ln 2 in two parts: the first has so few bits that its product with a small whole number is exact.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LN2_HIGH_32, _LN2_LOW_32 = 0.693359375, -2.12194440e-4


def exp(x: float) -> float:
    """Return e to the power of ``x``, right to 2 units in the last place; 0 and infinity where they are nearest."""
    return math.exp(x)


def expm1(x: float) -> float:
    """Return ``exp(x) - 1``, right to a few units in the last place near 0 too."""
    return math.expm1(x)


# Any: numba asks that what picks an implementation by type, and the implementation, have one signature.
@overload(exp, jit_options={"forceinline": True})
def _exp(x: Any) -> Any:
    return _exp_single if x == types.float32 else _exp_double


@overload(expm1, jit_options={"forceinline": True})
def _expm1(x: Any) -> Any:
    return _expm1_single if x == types.float32 else _expm1_double


@_inlined
def _series_double(r: Any) -> Any:
    """Return ``expm1(r) / r`` for ``|r| <= 0.5`` from Taylor's series; what is left out is below 1e-17."""
    s = 1 / 20922789888000
    s = s * r + 1 / 1307674368000
    s = s * r + 1 / 87178291200
    s = s * r + 1 / 6227020800
    s = s * r + 1 / 479001600
    s = s * r + 1 / 39916800
    s = s * r + 1 / 3628800
    s = s * r + 1 / 362880
    s = s * r + 1 / 40320
    s = s * r + 1 / 5040
    s = s * r + 1 / 720
    s = s * r + 1 / 120
    s = s * r + 1 / 24
    s = s * r + 1 / 6
    s = s * r + 0.5
    return s * r + 1.0


@_inlined
def _series_single(r: Any) -> Any:
    """Do the same in single precision."""
    s = np.float32(1 / 362880)
    s = s * r + np.float32(1 / 40320)
    s = s * r + np.float32(1 / 5040)
    s = s * r + np.float32(1 / 720)
    s = s * r + np.float32(1 / 120)
    s = s * r + np.float32(1 / 24)
    s = s * r + np.float32(1 / 6)
    s = s * r + np.float32(0.5)
    return s * r + np.float32(1)


def _exp_double(x: Any) -> Any:
    # Beyond these the result is 0 or infinity. NaN passes both comparisons.
    near = -746.0 if x < -746.0 else x
    near = 710.0 if near > 710.0 else near
    k = math.floor(near * _LOG2_E + 0.5)
    r = (near - k * _LN2_HIGH) - k * _LN2_LOW
    # Two factors, because one could not hold the largest and the smallest powers.
    whole = np.int64(k)
    half = whole >> 1
    first, second = np.int64((half + 1023) << 52), np.int64((whole - half + 1023) << 52)
    return (1.0 + r * _series_double(r)) * first.view(np.float64) * second.view(np.float64)


def _exp_single(x: Any) -> Any:
    near = np.float32(-104) if x < np.float32(-104) else x
    near = np.float32(89) if near > np.float32(89) else near
    k = np.float32(math.floor(near * np.float32(_LOG2_E) + np.float32(0.5)))
    r = (near - k * np.float32(_LN2_HIGH_32)) - k * np.float32(_LN2_LOW_32)
    whole = np.int32(k)
    half = np.int32(whole >> np.int32(1))
    first = np.int32(np.int32(half + np.int32(127)) << np.int32(23))
    second = np.int32(np.int32(whole - half + np.int32(127)) << np.int32(23))
    return (np.float32(1) + r * _series_single(r)) * first.view(np.float32) * second.view(np.float32)


_exp_any_double = _inlined(_exp_double)
_exp_any_single = _inlined(_exp_single)


def _expm1_double(x: Any) -> Any:
    near = 0.5 if x > 0.5 else (-0.5 if x < -0.5 else x)
    # Both are computed: a choice between values runs on vectors, one between ways does not.
    close, far = near * _series_double(near), _exp_any_double(x) - 1.0
    return close if near == x else far


def _expm1_single(x: Any) -> Any:
    half, one = np.float32(0.5), np.float32(1)
    near = half if x > half else (-half if x < -half else x)
    close, far = near * _series_single(near), _exp_any_single(x) - one
    return close if near == x else far


@_inlined
def wide(bits: Any) -> Any:
    """Return the float32 of which these 16 bits are the upper half: the value of a bfloat16."""
    return np.int32(np.int32(bits) << np.int32(16)).view(np.float32)


@_inlined
def narrow(value: Any) -> Any:
    """Return the bits of the nearest bfloat16; of two that are as near, the even one."""
    bits = np.float32(value).view(np.int32)
    even = (bits >> np.int32(16)) & np.int32(1)
    return np.uint16((bits + np.int32(0x7FFF) + even) >> np.int32(16))
