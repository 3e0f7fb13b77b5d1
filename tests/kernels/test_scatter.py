"""Each compiled delivery of spikes agrees with its reference."""

import numpy as np
import pytest

from spikewright import kernels

DTYPES = [np.float32, np.float64]
EXTREMES = (1e-30, -1e30, 0.0)


def draw_events(rng, shape, count, dtype):
    """Return ``count`` events in any order, repeated places included, with graded and extreme values among them."""
    events = tuple(rng.integers(0, size, count) for size in shape)
    values = rng.normal(size=count).astype(dtype)
    values[: len(EXTREMES)] = EXTREMES[:count]
    return events, values


def strided(array):
    """Return an array of the same values that is not contiguous."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def agree(kernel, reference, events, values, *parameters, charges):
    """Run both on copies of ``charges``; the same additions in the same order give the same bits."""
    compiled, plain = charges.copy(), charges.copy()
    kernel(events, values, *parameters, compiled)
    # The reference adds NumPy scalars, which warn where a sum leaves float32; the kernel gives the same infinity.
    with np.errstate(all="ignore"):
        reference(events, values, *parameters, plain)
    np.testing.assert_array_equal(compiled, plain)
    if len(values) > len(EXTREMES) and charges.size:
        assert not np.array_equal(plain, charges)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("count", "sources", "targets"), [(0, 3, 5), (1, 1, 1), (37, 7, 5), (20, 4, 0)])
@pytest.mark.parametrize("lay", [np.ascontiguousarray, strided])
def test_scatter_events(dtype, count, sources, targets, lay):
    rng = np.random.default_rng(count)
    events, values = draw_events(rng, (3, sources), count, dtype)
    weights = lay(rng.normal(size=(sources, targets)).astype(dtype))
    carried = lay(rng.normal(size=(3, targets)).astype(dtype))
    agree(kernels.scatter_events, kernels.scatter_events_reference, events, values, weights, charges=carried)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("count", "steps", "targets"), [(0, 3, 5), (1, 1, 1), (41, 9, 5), (20, 4, 0)])
@pytest.mark.parametrize("lay", [np.ascontiguousarray, strided])
def test_scatter_delayed_events(dtype, count, steps, targets, lay):
    rng = np.random.default_rng(count)
    events, values = draw_events(rng, (steps, 2, 6), count, dtype)
    weights = lay(rng.normal(size=(6, targets)).astype(dtype))
    # Delays longer than the run are among them.
    delays = lay(rng.integers(0, steps + 3, (6, targets)))
    carried = lay(rng.normal(size=(steps, 2, targets)).astype(dtype))
    kernel, reference = kernels.scatter_delayed_events, kernels.scatter_delayed_events_reference
    agree(kernel, reference, events, values, weights, delays, charges=carried)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 33])
@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"),
    [(1, (1, 1), (0, 0), (1, 1)), (2, (2, 3), (1, 2), (1, 1)), (2, (3, 1), (2, 0), (2, 1))],
)
@pytest.mark.parametrize("lay", [np.ascontiguousarray, strided])
def test_scatter_conv_events(dtype, count, groups, stride, padding, dilation, lay):
    rng = np.random.default_rng(count)
    channels, image, kernel, outputs = 4, (7, 9), (3, 2), 3
    windows = [
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(image, kernel, stride, padding, dilation, strict=True)
    ]
    events, values = draw_events(rng, (2, channels, *image), count, dtype)
    weights = lay(rng.normal(size=(channels, *kernel, outputs)).astype(dtype))
    carried = lay(rng.normal(size=(2, *windows, outputs * groups)).astype(dtype))
    geometry = (stride, padding, dilation)
    compiled, reference = kernels.scatter_conv_events, kernels.scatter_conv_events_reference
    agree(compiled, reference, events, values, weights, geometry, charges=carried)
