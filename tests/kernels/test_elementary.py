"""Functions of one number against the C library's, in extended precision."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from spikewright.kernels._elementary import exp, expm1, narrow, wide


@njit(error_model="numpy")
def exponentials(x, y, z):
    for n in range(len(x)):
        y[n], z[n] = exp(x[n]), expm1(x[n])


@njit(error_model="numpy")
def halves(x, bits, back):
    for n in range(len(x)):
        bits[n] = narrow(x[n])
        back[n] = wide(bits[n])


@pytest.mark.parametrize(("dtype", "lowest", "highest"), [(np.float64, -708, 709.7), (np.float32, -87, 88.7)])
def test_exponentials(dtype, lowest, highest):
    """Within 2 units in the last place over the whole range of normal results, dense around 0."""
    small = 10.0 ** np.linspace(-30, -1, 400)
    x = np.concatenate([np.linspace(lowest, highest, 20_001), np.linspace(-1, 1, 4001), small, -small]).astype(dtype)
    y, z = np.empty_like(x), np.empty_like(x)
    exponentials(x, y, z)
    exact = x.astype(np.longdouble)
    unit = np.finfo(dtype).eps
    assert np.abs(y / np.exp(exact) - 1).max() < 2 * unit
    moved = exact != 0
    assert np.abs(z[moved] / np.expm1(exact[moved]) - 1).max() < 2 * unit
    assert (z[~moved] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends_of_the_range(dtype):
    """Where the library says 0, infinity or NaN, so does this; and results too small to be normal are gradual."""
    x = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan, 0.0], dtype)
    y, z = np.empty_like(x), np.empty_like(x)
    exponentials(x, y, z)
    np.testing.assert_array_equal(y, np.array([0, 0, np.inf, np.inf, np.nan, 1], dtype))
    np.testing.assert_array_equal(z, np.array([-1, -1, np.inf, np.inf, np.nan, 0], dtype))
    tiny = np.log(np.finfo(dtype).tiny).astype(dtype) - np.arange(1, 10, dtype=dtype)
    y, z = np.empty_like(tiny), np.empty_like(tiny)
    exponentials(tiny, y, z)
    np.testing.assert_allclose(y, np.exp(tiny), rtol=0, atol=2 * np.finfo(dtype).smallest_subnormal)


def test_bfloat16():
    """All bit patterns survive; others go to the nearest, ties to the even one."""
    every = np.arange(0x7F80, dtype=np.uint16)
    values = (every.astype(np.uint32) << 16).view(np.float32)
    bits, back = np.empty_like(every), np.empty_like(values)
    halves(values, bits, back)
    np.testing.assert_array_equal(bits, every)
    np.testing.assert_array_equal(back, values)
    x = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -1.7], np.float32)
    halves(x, bits := np.empty(4, np.uint16), back := np.empty(4, np.float32))
    np.testing.assert_array_equal(back, np.array([1, 1 + 2**-6, 1 + 2**-7, -1.703125], np.float32))
