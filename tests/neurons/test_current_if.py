"""CurrentIF against the closed form of its spike time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikewright.neurons import CurrentIF

TAU = 0.01


def spike_time(times: list[float], weights: list[float]) -> float:
    """Return the first crossing by the formula in z = exp(t / tau), over growing causal sets, else infinity."""
    order = sorted(range(len(times)), key=times.__getitem__)
    for count in range(1, len(order) + 1):
        causal = order[:count]
        total = sum(weights[i] for i in causal)
        if total <= 1:
            continue
        z = sum(weights[i] * math.exp(times[i] / TAU) for i in causal) / (total - 1)
        following = times[order[count]] if count < len(order) else math.inf
        if z > 0 and times[order[count - 1]] <= TAU * math.log(z) <= following:
            return TAU * math.log(z)
    return math.inf


def first_spike(times: list[float], weights: list[float], dt: float) -> float:
    """Return the time of the first spike on the grid; the inputs lie on it."""
    x = torch.zeros(round(0.08 / dt), 1, 1, dtype=torch.float64)
    for time, weight in zip(times, weights, strict=True):
        x[round(time / dt)] += weight
    spikes, _ = CurrentIF(tau_syn=TAU).scan(x, dt=dt)
    return int(spikes.argmax()) * dt if spikes.any() else math.inf


@given(
    data=st.lists(st.tuples(st.integers(0, 15), st.floats(0.05, 0.9)), min_size=3, max_size=6, unique_by=lambda p: p[0])
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_spike_time_is_the_formula_rounded_up_to_the_grid(data):
    """The potential is exact at grid times and, with positive weights, only rises: the spike is the next grid time."""
    times, weights = [1e-3 * step for step, _ in data], [weight for _, weight in data]
    exact = spike_time(times, weights)
    assume(exact < 0.07)
    steps = exact / 1e-3
    assume(abs(steps - round(steps)) > 1e-6)  # else rounding decides
    assert first_spike(times, weights, 1e-3) == pytest.approx(1e-3 * math.ceil(steps), abs=1e-9)


def test_grid_error_is_first_order():
    """The spike is late by less than a step, at every dt."""
    times, weights = [0.0, 0.004, 0.007], [0.7, 0.4, 0.35]
    exact = spike_time(times, weights)
    for dt in (1e-3, 5e-4, 2.5e-4, 1e-4):
        assert 0 <= first_spike(times, weights, dt) - exact < dt


def test_potential_tends_to_the_sum_of_the_weights():
    """A spike of weight w finally adds w."""
    x = torch.zeros(400, 1, 1, dtype=torch.float64)
    x[3], x[10] = 0.3, 0.45
    _, state = CurrentIF(tau_syn=TAU).scan(x, dt=1e-3)
    assert state.v.item() == pytest.approx(0.75, abs=1e-12)
    assert state.fired.item() == 0


def test_at_most_one_spike():
    """However strong the input, a neuron fires once; with ``once=False`` it goes on."""
    x = torch.full((100, 2, 3), 0.5)
    assert (CurrentIF(tau_syn=TAU).scan(x, dt=1e-3)[0].sum(0) == 1).all()
    assert (CurrentIF(tau_syn=TAU, once=False).scan(x, dt=1e-3)[0].sum(0) > 10).all()


def test_gradient_knows_that_a_spike_spends_the_neuron():
    """With ``once`` a spike is the threshold times (1 - fired), so its derivatives are those of the product."""
    model = CurrentIF(tau_syn=TAU)
    v = torch.tensor([[0.9, 1.2, 1.2]], dtype=torch.float64, requires_grad=True)
    fired = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    x = torch.zeros(1, 3, dtype=torch.float64)
    spikes, after = model.step(x, model.start(x)._replace(v=v, fired=fired), dt=1e-3)
    assert spikes.tolist() == [[0, 1, 0]]
    assert after.fired.tolist() == [[0, 1, 1]]
    by_v, by_fired = torch.autograd.grad(spikes.sum(), (v, fired))
    slope = model.surrogate.derivative(v.detach() - 1)
    torch.testing.assert_close(by_v, slope * torch.tensor([[1.0, 1.0, 0.0]]))
    assert by_fired.tolist() == [[0, -1, -1]]
