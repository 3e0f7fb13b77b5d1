"""Compiled scans against their reference, which runs the same program with NumPy."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from spikewright.kernels import (
    Builder,
    Operands,
    Program,
    saved_kinds,
    scan_backward,
    scan_backward_reference,
    scan_forward,
    scan_forward_reference,
)

SHAPES = [(1, 1, 1), (2, 1, 0), (3, 0, 5), (5, 2, 7), (4, 3, 2500), (4, 9, 500)]


def example() -> Program:
    """A step with every kind of leaf and value: two inputs, a counter, one learned parameter and one learned constant.

    u = decay v + x0 (1 if count is even else x1); fire at u >= threshold; v = u - s threshold; count += 1 + s.
    """
    b = Builder()
    first, second, v = b.add("input", 0), b.add("input", 1), b.add("state", 0)
    count = b.add("state", 1, kind="int")
    decay, threshold, slope = b.add("parameter", 0), b.add("constant", 0), b.add("constant", 1)
    odd = b.add("eq", b.add("and", count, b.number(1, "int"), kind="int"), b.number(1, "int"), kind="bool")
    u = b.add("add", b.add("mul", decay, v), b.add("mul", first, b.add("where", odd, second, b.number(1))))
    distance = b.add("sub", u, threshold)
    spikes = b.add("fire", distance)
    derivative = b.add("reciprocal", b.add("add", b.number(1), b.add("mul", slope, b.add("abs", distance))))
    after = b.add("sub", u, b.add("mul", spikes, threshold))
    more = b.add("add", b.number(1, "int"), b.add("int", spikes, kind="int"), kind="int")
    counted = b.add("add", count, more, kind="int")
    return Program(tuple(b.nodes), (spikes, after, counted), ((spikes, derivative),), (decay, threshold))


PROGRAM = example()


def operands(shape, dtype, *, held=False):
    rng = np.random.default_rng(1)
    second = rng.normal(0.5, 0.5, (1 if held else shape[0], *shape[1:])).astype(dtype)
    decay = rng.uniform(0.3, 0.99, shape[2]).astype(dtype)
    return Operands((rng.normal(0.3, 0.6, shape).astype(dtype), second), (decay,), np.array([0.7, 3.0], dtype))


def halves(array):
    """Return the bits of bfloat16, cut off."""
    return (array.view(np.uint32) >> 16).astype(np.uint16)


def run(forward, backward, shape, dtype, *, threads=1, held=False, scale=1.0, halved=False):
    """Run forward and backward; return all that is written."""
    rng = np.random.default_rng(2)
    given = operands(shape, dtype, held=held)
    given = given._replace(inputs=tuple(x * dtype(scale) for x in given.inputs))
    states = rng.normal(0, 0.5, shape[1:]).astype(dtype), rng.integers(0, 9, shape[1:])
    if halved:
        given = given._replace(inputs=tuple(halves(x) for x in given.inputs))
    output = np.empty(shape, np.uint16 if halved else dtype)
    types = {"real": dtype, "int": np.int64, "bool": np.bool_}
    saved = tuple(np.empty(shape, types[kind]) for kind in saved_kinds(PROGRAM))
    forward(PROGRAM, given, states, output, saved, threads)
    grad_states = rng.normal(0, 1, shape[1:]).astype(dtype), np.zeros(shape[1:], np.int64)
    grad_inputs = tuple(np.zeros(x.shape, dtype if len(x) == 1 else output.dtype) for x in given.inputs)
    grad_learned = tuple(np.zeros(shape[1:], dtype) for _ in PROGRAM.learned)
    grad_output = rng.normal(0, 1, shape).astype(dtype)
    if halved:
        grad_output = halves(grad_output)
    backward(PROGRAM, given, grad_states, grad_output, saved, grad_inputs, grad_learned, threads)
    return (output, *states, *saved), (*grad_states, *grad_inputs, *grad_learned)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_equals_reference(shape, dtype, held):
    """Forward bit for bit: the same operations in the same order; backward up to sums taken in another order."""
    ours = run(scan_forward, scan_backward, shape, dtype, held=held)
    reference = run(scan_forward_reference, scan_backward_reference, shape, dtype, held=held)
    for a, b in zip(ours[0], reference[0], strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(ours[1], reference[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=100 * np.finfo(dtype).eps, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("held", [False, True])
def test_sequences_in_half_the_bits(held):
    """Sequences in bfloat16, all else in float32: the reference's bits, and values rounded to the nearest."""
    shape = (5, 2, 700)
    ours = run(scan_forward, scan_backward, shape, np.float32, held=held, halved=True)
    reference = run(scan_forward_reference, scan_backward_reference, shape, np.float32, held=held, halved=True)
    for a, b in zip(ours[0], reference[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(np.unique(ours[0][0])) == {0, 0x3F80}
    for a, b in zip(ours[1], reference[1], strict=True):
        if a.dtype == np.uint16:
            # A sum taken in another order may round to the neighbour.
            assert np.abs(a.astype(int) - b.astype(int)).max() <= 1
        else:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 5, 2100), (6, 2, 4100)])
def test_threads_change_nothing(shape):
    """Shared by samples where there are enough, else by neurons: the same bits."""
    alone = run(scan_forward, scan_backward, shape, np.float32)
    shared = run(scan_forward, scan_backward, shape, np.float32, threads=3)
    for a, b in zip(alone[0] + alone[1], shared[0] + shared[1], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", [0.0, 1e30])
def test_extreme_inputs(scale):
    """Nothing, or very large numbers: the reference's result, and no NaN forward."""
    ours = run(scan_forward, scan_backward, (4, 2, 3), np.float64, scale=scale)
    reference = run(scan_forward_reference, scan_backward_reference, (4, 2, 3), np.float64, scale=scale)
    for a, b in zip(ours[0], reference[0], strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.isfinite(a).all()


def test_gradient_is_that_of_the_smooth_step():
    """Central differences, where nothing fires and the surrogate has no part: inputs, start, parameter, constant."""
    shape, dtype, h = (4, 1, 3), np.float64, 1e-6
    given = operands(shape, dtype)
    given = given._replace(constants=np.array([50.0, 1e9]))
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 1, shape[1:])

    def potential(inputs, start, decay):
        states = start.copy(), np.zeros(shape[1:], np.int64)
        scan_forward(PROGRAM, given._replace(inputs=inputs, parameters=(decay,)), states, np.empty(shape), (), 1)
        return float((states[0] * weights).sum())

    start, (decay,) = rng.normal(0, 0.5, shape[1:]), given.parameters
    states = start.copy(), np.zeros(shape[1:], np.int64)
    saved = tuple(np.empty(shape, bool if kind == "bool" else float) for kind in saved_kinds(PROGRAM))
    scan_forward(PROGRAM, given, states, np.empty(shape), saved, 1)
    grad_states = weights.copy(), np.zeros(shape[1:], np.int64)
    grads, learned = tuple(np.zeros(shape) for _ in range(2)), tuple(np.zeros(shape[1:]) for _ in range(2))
    scan_backward(PROGRAM, given, grad_states, np.zeros(shape), saved, grads, learned, 1)
    for array, gradient in (
        (given.inputs[0], grads[0]), (given.inputs[1], grads[1]), (start, grad_states[0]), (decay, learned[0].sum(0)),
    ):  # fmt: skip
        for index in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                array[index] += sign * h
                ends.append(potential(given.inputs, start, decay))
                array[index] -= sign * h
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-7)


def test_only_what_is_needed_is_kept():
    """Of a neuron with one multiplication by a constant nothing, of one with a threshold its distance from it."""
    b = Builder()
    x, v, constant = b.add("input", 0), b.add("state", 0), b.add("constant", 0)
    u = b.add("add", b.add("mul", v, constant), x)
    assert saved_kinds(Program(tuple(b.nodes), (u, u))) == ()
    spikes = b.add("fire", u)
    slope = b.add("square", u)
    assert saved_kinds(Program(tuple(b.nodes), (spikes, u), ((spikes, slope),))) == ("real",)


SCRIPT = """
import numpy as np, spikewright as sw, torch, sys
from spikewright.kernels import _generated
out, _ = sw.LIF(tau_mem=0.02).scan(torch.full((40, 1, 3), 0.1), dt=1e-3)
module = next(m for name, m in sys.modules.items() if name.startswith("spikewright_scan_"))
print(int(out.sum()), module.__dict__["scan"].__code__.co_filename)
"""


@pytest.mark.parametrize("writable", [True, False])
def test_machine_code_is_kept_if_it_can_be(tmp_path, writable):
    """In the user's cache folder; without one, the scan is compiled again in each process."""
    folder = tmp_path / "cache"
    if not writable:
        folder.write_text("a file where the folder should be")
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-c", SCRIPT]
    for _ in range(2):
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        spikes, file = result.stdout.split()
        # 0.1 (1 - d^n) / (1 - d) with d = exp(-1 / 20) passes 1 at n = 14: two spikes of each of the three.
        assert int(spikes) == 6
        assert file.startswith(str(folder)) == writable
    if writable:
        assert list(folder.rglob("*.nbc"))
