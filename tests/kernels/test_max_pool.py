"""The largest of each square of four, compiled, against the reference and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spikewright.kernels import max_pool, max_pool_backward, max_pool_backward_reference, max_pool_reference

SHAPES = [(0, 4, 4), (1, 2, 2), (5, 7, 9), (3, 28, 28), (4, 2, 33), (2, 3, 2)]
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])


def images(shape, dtype, kind):
    generator = torch.Generator().manual_seed(0)
    if kind == "spikes":
        return (torch.rand(shape, generator=generator) < 0.3).to(dtype)
    x = torch.randn(shape, generator=generator).to(dtype)
    if kind == "extreme":
        special = torch.tensor([float("nan"), -float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 3e38, -1e-40])
        x = special[torch.randint(len(special), shape, generator=generator)].to(dtype)
    return x


def array(x):
    return (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()


def emptied(shape, like):
    smaller = (shape[0], shape[1] // 2, shape[2] // 2)
    return np.empty(smaller, like.dtype), np.empty(smaller, np.uint8)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kind", ["spikes", "analog", "extreme"])
@every_dtype
@every_shape
def test_equals_the_reference_and_torch(shape, dtype, kind, threads):
    """Values and places; of equal values the first, of those that are not numbers the last."""
    x = images(shape, dtype, kind)
    (ours, places), (reference, expected) = emptied(shape, array(x)), emptied(shape, array(x))
    max_pool(array(x), ours, places, threads)
    max_pool_reference(array(x), reference, expected, 1)
    np.testing.assert_array_equal(ours, reference)
    np.testing.assert_array_equal(places, expected)
    if x.numel():
        pooled, index = torch.nn.functional.max_pool2d(x.unsqueeze(0), 2, return_indices=True)
        found = torch.from_numpy(ours).view(dtype)
        torch.testing.assert_close(found, pooled[0], rtol=0, atol=0, equal_nan=True)
        row, column = np.divmod(index[0].numpy(), shape[2])
        np.testing.assert_array_equal(places, 2 * (row % 2) + column % 2)


@pytest.mark.parametrize("threads", [1, 3])
@every_dtype
@every_shape
def test_the_way_back_equals_the_reference(shape, dtype, threads):
    """Each gradient stands where its value stood, and the rest is zero, what fills no square included."""
    x = images(shape, dtype, "analog")
    output, places = emptied(shape, array(x))
    max_pool(array(x), output, places, 1)
    ours, reference = np.ones_like(array(x)), np.ones_like(array(x))
    max_pool_backward(output, places, ours, threads)
    max_pool_backward_reference(output, places, reference, 1)
    np.testing.assert_array_equal(ours, reference)
    assert np.count_nonzero(ours) == np.count_nonzero(output)
