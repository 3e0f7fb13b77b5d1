"""The compiled scan against its reference, and against the step that it stands for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.kernels import lif_backward, lif_backward_reference, lif_forward, lif_forward_reference
from spikewright.neurons import LIF, ArcTan, NeuronModel

SHAPES = [(0, 1, 1), (1, 1, 1), (3, 0, 5), (5, 2, 7), (4, 1, 2500)]


def parameters(rng, neurons, dtype):
    """One value of each parameter a neuron."""
    ranges = [(0.3, 0.99), (-0.2, 0.2), (0.5, 1.5), (-0.5, 0.3)]
    return [rng.uniform(*span, neurons).astype(dtype) for span in ranges]


@pytest.mark.parametrize("subtract", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_forward_equals_reference(shape, dtype, subtract):
    """Bit for bit: both do the same operations in the same order."""
    rng = np.random.default_rng(1)
    x = rng.normal(0.3, 0.6, shape).astype(dtype)
    start = rng.normal(0, 0.5, shape[1:]).astype(dtype)
    results = []
    for kernel in (lif_forward, lif_forward_reference):
        v, spikes, trace = start.copy(), np.empty_like(x), np.empty_like(x)
        kernel(x, v, *parameters(np.random.default_rng(2), shape[2], dtype), subtract, spikes, trace)
        results.append((v, spikes, trace))
    for ours, reference in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, reference)


@pytest.mark.parametrize("subtract", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_backward_equals_reference(shape, dtype, subtract):
    """Up to the rounding of sums of two products, which the compiler may take in another order."""
    rng = np.random.default_rng(3)
    grads, slope, trace = (rng.normal(0, 1, shape).astype(dtype) for _ in range(3))
    last = rng.normal(0, 1, shape[1:]).astype(dtype)
    decay, _, v_threshold, v_reset = parameters(rng, shape[2], dtype)
    results = []
    for kernel in (lif_backward, lif_backward_reference):
        grad_v, grad_x = last.copy(), np.empty_like(grads)
        kernel(grads, grad_v, slope, trace, decay, v_threshold, v_reset, subtract, grad_x)
        results.append((grad_v, grad_x))
    for ours, reference in zip(*results, strict=True):
        np.testing.assert_allclose(ours, reference, rtol=50 * np.finfo(dtype).eps, atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("extreme", [0.0, 1e30, -1e30])
def test_extreme_charges(extreme):
    """Very large charges fire or do not, and nothing becomes NaN."""
    x = np.full((3, 1, 2), extreme)
    spikes, trace, v = np.empty_like(x), np.empty_like(x), np.zeros((1, 2))
    lif_forward(x, v, *(np.full(2, value) for value in (0.9, 0.0, 1.0, 0.0)), False, spikes, trace)
    assert np.isfinite(trace).all()
    np.testing.assert_array_equal(spikes, float(extreme > 0))


@pytest.mark.parametrize("v_reset", [None, -0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scan_equals_step(dtype, v_reset):
    """Spikes, last state and gradients are those of the model's own step, on input that is not contiguous."""
    torch.manual_seed(4)
    neuron = LIF(tau_mem=torch.tensor([0.004, 0.01, 0.02], dtype=dtype), v_reset=v_reset, surrogate=ArcTan(3.0))
    charges = torch.randn(2, 9, 3, dtype=dtype).transpose(0, 1).mul(0.8).add(0.3)
    start = neuron.start(charges[0])._replace(v=torch.randn(2, 3, dtype=dtype))
    weights = torch.randn(9, 2, 3, dtype=dtype)
    results = []
    for scan in (LIF.scan, NeuronModel.scan):
        x, v = charges.clone().requires_grad_(), start.v.clone().requires_grad_()
        spikes, state = scan(neuron, x, start._replace(v=v), dt=1e-3)
        ((spikes * weights).sum() + (state.v**2).sum()).backward()
        results.append((spikes, state.v, x.grad, v.grad))
    (spikes, last, *grads), (spikes_step, last_step, *grads_step) = results
    assert torch.equal(spikes, spikes_step)
    assert torch.equal(last, last_step)
    assert 0 < spikes.mean() < 1
    for ours, reference in zip(grads, grads_step, strict=True):
        torch.testing.assert_close(ours, reference)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(1, 9), st.integers(0, 10_000), st.booleans())
def test_any_cut_gives_one_run(steps, batch, neurons, seed, hard):
    """Two chunks with the state handed on are one run."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(steps, batch, neurons, generator=generator)
    neuron = LIF(tau_mem=0.005, v_leak=0.1, v_reset=0.0 if hard else None)
    whole, last = neuron.scan(x, dt=1e-3)
    cut = seed % (steps + 1)
    first, state = neuron.scan(x[:cut], dt=1e-3)
    second, end = neuron.scan(x[cut:], state, dt=1e-3)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end.v, last.v)


def test_learned_parameters_take_the_step():
    """A time constant that is learned gets its gradient."""
    tau = torch.tensor([0.005], requires_grad=True)
    spikes, _ = LIF(tau_mem=tau).scan(torch.full((5, 1, 1), 0.3), dt=1e-3)
    spikes.sum().backward()
    assert tau.grad is not None
    assert tau.grad.item() > 0
