"""The compiled scan of neurons that act on each other, against its reference."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.kernels import (
    Builder,
    Matrix,
    Operands,
    Program,
    backward_step,
    inputs_are_added,
    saved_kinds,
    scan_backward_reference,
    scan_forward,
    scan_forward_reference,
)


def leaky(*, scaled=False):
    """Neurons that keep c0 of v, add both inputs, fire at their own threshold p0, and subtract it; they count too.

    If ``scaled``, the second input is multiplied by c1.
    """
    b = Builder()
    own = b.add("input", 1)
    if scaled:
        own = b.add("mul", own, b.add("constant", 1))
    v = b.add("mul", b.add("state", 0), b.add("constant", 0))
    v = b.add("add", b.add("add", v, b.add("input", 0)), own)
    threshold = b.add("parameter", 0)
    distance = b.add("sub", v, threshold)
    fired = b.add("fire", distance)
    slope = b.add("reciprocal", b.add("add", b.number(1), b.add("abs", distance)))
    after = b.add("sub", v, b.add("mul", fired, threshold))
    count = b.add("add", b.add("state", 1, kind="int"), b.add("int", fired, kind="int"), kind="int")
    return Program(tuple(b.nodes), (fired, after, count), ((fired, slope),), (threshold,))


def run(kernel, shape, dtype, *, gain=0.3, held=False, threads=1, scaled=False):
    """Return the spikes, states and what is saved, from states that are not at rest."""
    rng = np.random.default_rng(0)
    steps, batch, neurons = shape
    x = rng.uniform(-0.2, 0.6, (1 if held else steps, batch, neurons)).astype(dtype)
    operands = Operands((x,), (rng.uniform(0.8, 1.2, neurons).astype(dtype),), np.array([0.9, 0.5], dtype))
    states = rng.uniform(0, 0.9, (batch, neurons)).astype(dtype), rng.integers(0, 9, (batch, neurons))
    weights = (gain * rng.normal(size=(neurons, neurons))).astype(dtype)
    bias = rng.normal(0, 0.05, neurons).astype(dtype)
    spikes = np.empty(shape, dtype)
    program = leaky(scaled=scaled)
    saved = tuple(np.empty(shape, {"real": dtype, "bool": bool, "int": int}[kind]) for kind in saved_kinds(program))
    operands = operands._replace(feedback=Matrix(weights, bias))
    kernel(program, operands, states, spikes, saved, threads)
    return spikes, *states, *saved


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 2, 3), (4, 0, 3), (5, 2, 0), (1, 1, 1), (40, 3, 37), (3, 120, 300)])
def test_equals_reference(shape, dtype, held):
    """Spikes, states and all that is kept are the same bits."""
    ours, reference = (run(kernel, shape, dtype, held=held) for kernel in (scan_forward, scan_forward_reference))
    for a, b in zip(ours, reference, strict=True):
        np.testing.assert_array_equal(a, b)
    assert bool(ours[0].any()) == (ours[0].size > 1)


@pytest.mark.parametrize("gain", [0.0, 1e30])
def test_extreme_weights(gain):
    """None, or very large ones, after which all neurons fire or none does."""
    ours = run(scan_forward, (9, 2, 5), np.float32, gain=gain)
    reference = run(scan_forward_reference, (9, 2, 5), np.float32, gain=gain)
    for a, b in zip(ours, reference, strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_change_nothing():
    """Each takes whole samples, and there may be more threads than samples."""
    alone = run(scan_forward, (6, 2, 4100), np.float32, gain=0.01)
    for a, b in zip(alone, run(scan_forward, (6, 2, 4100), np.float32, gain=0.01, threads=3), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kernel", [scan_forward, scan_forward_reference])
def test_hand_worked_example(kernel):
    """Three neurons with threshold 1 that keep all; 0 excites 1 by 0.75, and 1 inhibits 2 by 0.5; a bias of 0.25 on 2.

    Step 0: neuron 0 gets 1, fires and is at 0; neuron 2 gets its bias, 0.25.
    Step 1: neuron 1 gets 0.75 from 0; neuron 2 is at 0.5.
    Step 2: neuron 1 gets 0.5 from outside, is at 1.25, fires and is at 0.25; neuron 2 is at 0.75.
    Step 3: neuron 2 gets 0.25 and loses 0.5.
    """
    x = np.array([[[1.0, 0, 0]], [[0, 0, 0]], [[0, 0.5, 0]], [[0, 0, 0]]])
    weights = np.array([[0, 0.75, 0], [0, 0, -0.5], [9, 9, 9]])
    v, spikes = np.zeros((1, 3)), np.empty_like(x)
    states = v, np.zeros((1, 3), np.int64)
    operands = Operands((x,), (np.ones(3),), np.ones(1), Matrix(weights, np.array([0, 0, 0.25])))
    kernel(leaky(), operands, states, spikes, (), 1)
    np.testing.assert_array_equal(spikes[:, 0], [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(v, [[0, 0.25, 0.5]])
    np.testing.assert_array_equal(states[1], [[1, 1, 0]])


@pytest.mark.parametrize("held", [False, True])
def test_steps_backward_are_the_scan_backward(held):
    """The compiled step, called for one step after another from the last, gives what the reference gives for all."""
    program, shape, rng = leaky(scaled=True), (4, 2, 3), np.random.default_rng(1)
    operands = Operands((), (rng.uniform(0.8, 1.2, 3),), np.array([0.9, 0.5]))
    saved = tuple(rng.normal(0, 1, shape) for _ in saved_kinds(program))
    grad_output, last = rng.normal(0, 1, shape), rng.normal(0, 1, shape[1:])

    def gradients():
        first = np.zeros((1 if held else 4, 2, 3))
        return (last.copy(), np.zeros((2, 3), np.int64)), (first, np.zeros(shape)), (np.zeros((2, 3)),)

    states, inputs, learned = expected = gradients()
    scan_backward_reference(program, operands, states, grad_output, saved, inputs, learned, 1)
    states, inputs, learned = ours = gradients()
    step = backward_step(program, held=held)
    for t in (3, 2, 1, 0):
        now = slice(t, t + 1)
        grads = (inputs[0] if held else inputs[0][now], inputs[1][now])
        kept = tuple(array[now] for array in saved)
        arrays = (grad_output[now],), states, operands.parameters, operands.constants, grads, kept + learned, ()
        step(*arrays, (0, 2), (0, 3))
    for a, b in zip(sum(ours, ()), sum(expected, ()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_inputs_are_added():
    """Only where one is not scaled are their gradients one."""
    assert inputs_are_added(leaky())
    assert not inputs_are_added(leaky(scaled=True))
