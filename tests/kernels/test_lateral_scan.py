"""The compiled scan of neurons that act on all others, against its reference."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.kernels import Builder, Operands, Others, Program, scan_forward, scan_forward_reference


def leaky():
    """Neurons that keep c0 of v, add both inputs, fire at their own threshold p0, and subtract it."""
    builder = Builder()
    v = builder.add("mul", builder.add("state", 0), builder.add("constant", 0))
    v = builder.add("add", builder.add("add", v, builder.add("input", 0)), builder.add("input", 1))
    threshold = builder.add("parameter", 0)
    fired = builder.add("fire", builder.add("sub", v, threshold))
    after = builder.add("sub", v, builder.add("mul", fired, threshold))
    return Program(tuple(builder.nodes), (fired, after))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [-0.3, 0.02, -1e6])
@pytest.mark.parametrize("shape", [(0, 2, 3), (4, 0, 3), (5, 2, 0), (1, 1, 1), (60, 3, 37), (3, 120, 300)])
def test_equals_reference(shape, weight, dtype):
    """Spikes and states are the same, also from states that are not at rest."""
    rng = np.random.default_rng(0)
    x, start = rng.uniform(0, 0.4, shape).astype(dtype), rng.uniform(0, 0.9, shape[1:]).astype(dtype)
    operands = Operands((x,), (rng.uniform(0.8, 1.2, shape[2]).astype(dtype),), np.array([0.9], dtype), Others(weight))
    results = []
    for kernel in (scan_forward, scan_forward_reference):
        v, spikes = start.copy(), np.empty_like(x)
        kernel(leaky(), operands, (v,), spikes, (), 1)
        results.append((spikes, v))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert bool(results[0][0].any()) == (x.size > 1)


@pytest.mark.parametrize("kernel", [scan_forward, scan_forward_reference])
def test_hand_worked_example(kernel):
    """Three neurons with threshold 1 that keep all of their potential and take 0.5 from every other.

    Step 0: the first two get 1 and fire, so they are at 0; the third gets 0.25.
    Step 1: no charge; the first two lose 0.5, the third 1.
    Step 2: the third gets 2, is at 1.25 and fires, so it is at 0.25; the others stay.
    Step 3: the first two lose 0.5 more; the third loses nothing to itself.
    """
    x = np.array([[[1, 1, 0.25]], [[0, 0, 0]], [[0, 0, 2]], [[0, 0, 0]]])
    v, spikes = np.zeros((1, 3)), np.empty_like(x)
    kernel(leaky(), Operands((x,), (np.ones(3),), np.ones(1), Others(-0.5)), (v,), spikes, (), 1)
    np.testing.assert_array_equal(spikes[:, 0], [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(v, [[-1, -1, 0.25]])
