"""The compiled scan of every model against the model's own step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikewright.neurons import LIF, ArcTan, EscapeSRM, HodgkinHuxley, NeuronModel, plan_scan


def step_by_step(model, x, state, *, dt):
    """Run a sequence as the step's docstring says."""
    outputs = []
    for charge in x:
        output, state = model.step(charge, state, dt=dt)
        outputs.append(output)
    return torch.stack(outputs), state


def reals(state):
    return [entry for entry in state if entry.is_floating_point()]


def compared(run, model, x, start, dt):
    """Return output, last state, and the gradients of input and start of a weighted sum of all that comes out."""
    x = x.clone().requires_grad_()
    start = type(start)(*(entry.clone().requires_grad_(entry.is_floating_point()) for entry in start))
    output, state = run(model, x, start, dt=dt)
    generator = torch.Generator().manual_seed(5)
    weights = torch.randn(output.shape, generator=generator, dtype=output.dtype)
    loss = (output * weights).sum()
    for entry in reals(state):
        loss = loss + (entry * torch.randn(entry.shape, generator=generator, dtype=entry.dtype)).sum()
    loss.backward()
    grads = [entry.grad if entry.grad is not None else torch.zeros_like(entry) for entry in reals(start)]
    return output.detach(), [entry.detach() for entry in state], [x.grad, *grads]


@pytest.mark.parametrize("v_reset", [None, -0.1])
def test_layouts_and_single_precision(v_reset):
    """Input that is not contiguous, one held over all steps, more axes; float32 gives the very bits of the step."""
    torch.manual_seed(4)
    model = LIF(tau_mem=torch.tensor([0.004, 0.01, 0.02]), v_reset=v_reset, surrogate=ArcTan(3.0))
    across = torch.randn(2, 9, 3).transpose(0, 1).mul(0.8).add(0.3)
    held = (torch.randn(1, 2, 3) * 0.5).expand(9, 2, 3)
    images = torch.randn(9, 2, 4, 1, 3) * 0.7
    for x in (across, held, images):
        output, state, grads = compared(LIF.scan, model, x, model.start(x[0]), 1e-3)
        expected, last, expected_grads = compared(step_by_step, model, x, model.start(x[0]), 1e-3)
        assert torch.equal(output, expected)
        assert torch.equal(state[0], last[0])
        for ours, reference in zip(grads, expected_grads, strict=True):
            torch.testing.assert_close(ours, reference)


def test_gradient_of_an_input_that_is_held():
    """It is summed over the steps before it leaves the kernel."""
    model, x = LIF(tau_mem=0.005), torch.full((1, 2, 3), 0.4, requires_grad=True)
    model.scan(x.expand(7, 2, 3), dt=1e-3)[0].sum().backward()
    every = x.detach().repeat(7, 1, 1).requires_grad_()
    model.scan(every, dt=1e-3)[0].sum().backward()
    torch.testing.assert_close(x.grad, every.grad.sum(0, keepdim=True))


@pytest.mark.parametrize("shape", [(), (3,)])
def test_learned_parameters(shape):
    """Time constant, leak and threshold, one for all or one a neuron, get the gradients that the step gives."""
    found = []
    for run in (LIF.scan, step_by_step):
        values = [torch.full(shape, value, dtype=torch.float64, requires_grad=True) for value in (0.005, 0.1, 0.9)]
        model = LIF(tau_mem=values[0], v_leak=values[1], v_threshold=values[2])
        x = torch.randn(15, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(7)) + 0.2
        output, state = run(model, x, model.start(x[0]), dt=1e-3)
        (output.sum() + state.v.square().sum()).backward()
        found.append([value.grad for value in values])
    for ours, reference in zip(*found, strict=True):
        assert ours.abs().min() > 0
        torch.testing.assert_close(ours, reference)


@settings(deadline=None, max_examples=15, derandomize=True)
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


def test_mixed_precision():
    """Charges in bfloat16: spikes and states as if the charges were float32; gradients are the rounded ones."""
    model = LIF(tau_mem=0.01, surrogate=ArcTan(3.0))
    x = (torch.randn(20, 3, 7, generator=torch.Generator().manual_seed(8)) * 0.5 + 0.2).bfloat16()
    whole = x.float().requires_grad_()
    expected, last = model.scan(whole, dt=1e-3)
    x.requires_grad_()
    output, state = model.scan(x, dt=1e-3)
    assert output.dtype == torch.bfloat16
    assert state.v.dtype == torch.float32
    assert torch.equal(output.float(), expected)
    assert torch.equal(state.v, last.v)
    expected.sum().backward()
    output.sum().backward()
    assert torch.equal(x.grad, whole.grad.bfloat16())


def test_a_parameter_that_changes_in_place_is_seen():
    tau, x = torch.tensor([0.002]), torch.full((20, 1, 1), 0.2)
    model = LIF(tau_mem=tau)
    assert model.scan(x, dt=1e-3)[0].sum() == 0
    tau.fill_(1.0)
    assert model.scan(x, dt=1e-3)[0].sum() > 0


class _Passed(NamedTuple):
    v: Tensor
    first: Tensor
    second: Tensor
    count: Tensor
    seen: Tensor


@dataclass(frozen=True)
class _Passing(NeuronModel):
    """A model whose entries of the state take over one another, whole numbers among them, and whose count acts back."""

    surrogate: ArcTan = ArcTan(3.0)

    def start(self, x):
        ramp = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype).expand_as(x)
        whole = torch.arange(x.shape[-1]).expand(x.shape)
        return _Passed(ramp * 0.3, ramp, ramp * 0.5, whole, whole + 1)

    def step(self, x, state, *, dt):
        odd = (state.count & 1).to(x.dtype)
        v = state.v * (1 - dt) + x + state.first * 0.3 - odd * 0.2
        spikes = self.surrogate(v - 0.5)
        rising = (spikes.detach() + (v > state.v).to(x.dtype)).long()
        return spikes, _Passed(v - spikes * 0.5, state.second, state.first, state.seen + rising, state.count)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_entries_that_take_over_one_another(dtype):
    """Each gets the value that the other had before the step, forward and backward."""
    x = torch.randn(11, 2, 5, dtype=dtype, generator=torch.Generator().manual_seed(6)) * 0.4 + 0.1
    model = _Passing()
    output, state, grads = compared(_Passing.scan, model, x, model.start(x[0]), 0.1)
    expected, last, expected_grads = compared(step_by_step, model, x, model.start(x[0]), 0.1)
    assert not isinstance(plan_scan(model, x, model.start(x[0]), dt=0.1), str)
    assert torch.equal(output, expected)
    assert 0 < output.mean() < 1
    for ours, reference in zip(state, last, strict=True):
        assert torch.equal(ours, reference)
    for ours, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(ours, reference)


class _Memory(NamedTuple):
    v: Tensor


@dataclass(frozen=True)
class _Choosy(NeuronModel):
    """A model whose step looks at a value, which no program can."""

    def start(self, x):
        return _Memory(torch.zeros_like(x))

    def step(self, x, state, *, dt):
        v = state.v + x
        if v.max() > 1:
            v = v * 0
        return (v > 0.5).to(x.dtype), _Memory(v)


def test_what_cannot_be_compiled_runs_step_by_step_and_says_why():
    x = torch.full((6, 1, 2), 0.4)
    model = _Choosy()
    assert plan_scan(model, x, model.start(x[0]), dt=1e-3) == "the step has max()"
    assert torch.equal(model.scan(x, dt=1e-3)[0], step_by_step(model, x, model.start(x[0]), dt=1e-3)[0])
    fine = HodgkinHuxley(dt_max=1e-5)
    assert "operations" in plan_scan(fine, x, fine.start(x[0]), dt=1e-3)
    half = x.to(torch.float16)
    assert "bfloat16; got torch.float16" in plan_scan(LIF(tau_mem=0.01), half, (half[0],), dt=1e-3)


def test_randomness_does_not_depend_on_the_kernel():
    """The hash of step and neuron is exact in integers."""
    model, x = EscapeSRM(tau_mem=0.01, seed=77), torch.full((40, 3, 5), 0.2)
    output, _ = model.scan(x, dt=1e-3)
    assert torch.equal(output, step_by_step(model, x, model.start(x[0]), dt=1e-3)[0])
    assert 0 < output.mean() < 1
