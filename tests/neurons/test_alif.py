"""ALIF: the adaptation that a steady train of spikes leaves."""

from __future__ import annotations

import math

import pytest
import torch

from spikewright.neurons import ALIF, LIF


def test_adaptation_of_a_periodic_train():
    """With a period of n steps, a after a spike tends to (1 - rho) / (1 - rho^n), and its mean to the rate 1 / n."""
    model = ALIF(tau_mem=0.02, tau_adapt=0.1, v_threshold=1.0, scale=1.7)
    x = torch.zeros(2000, 1, 1, dtype=torch.float64)
    x[::8] = 50.0  # fires at once whatever the threshold
    state = model.start(x[0])
    fired, trace = [], []
    for charge in x:
        output, state = model.step(charge, state._replace(v=torch.zeros_like(state.v)), dt=1e-3)
        fired.append(output.item())
        trace.append(state.a.item())
    rho = math.exp(-1e-3 / 0.1)
    assert fired == ([1.0] + [0.0] * 7) * 250
    assert trace[-8] == pytest.approx((1 - rho) / (1 - rho**8), rel=1e-6)  # 2000 steps of rho leave exp(-20)
    assert sum(trace[-8:]) / 8 == pytest.approx(1 / 8, rel=1e-6)


def test_steady_state_under_constant_drive():
    """Intervals grow until a is the firing rate, then hold."""
    model = ALIF(tau_mem=0.02, tau_adapt=0.2, v_threshold=1.0, scale=20.0)
    spikes, state = model.scan(torch.full((4000, 1, 1), 0.3, dtype=torch.float64), dt=1e-3)
    intervals = spikes.flatten().nonzero().flatten().diff().double()
    assert intervals[:10].mean() < 0.5 * intervals[-10:].mean()
    assert intervals[-20:].max() - intervals[-20:].min() <= 1  # one step of jitter: the period is no whole number
    rate = 1 / intervals[-20:].mean().item()
    # Over an interval a varies by at most (1 - rho), so its value lies within that of the rate.
    assert state.a.item() == pytest.approx(rate, abs=-math.expm1(-1e-3 / 0.2))


def test_first_spike_ignores_adaptation_and_the_next_meets_it():
    """The threshold is v_threshold until the first spike, and scale * (1 - rho) higher in the step after."""
    model = ALIF(tau_mem=0.02, tau_adapt=0.05, v_threshold=1.0, scale=10.0)
    rho, d = math.exp(-1e-3 / 0.05), math.exp(-1e-3 / 0.02)
    threshold = 1 + 10 * (1 - rho)
    for second, fires in ((threshold - 0.25 * d - 1e-9, 0.0), (threshold - 0.25 * d + 1e-9, 1.0)):
        x = torch.tensor([1.25, second], dtype=torch.float64).reshape(2, 1, 1)
        assert model.scan(x, dt=1e-3)[0].flatten().tolist() == [1.0, fires]


def test_without_scale_it_is_lif():
    """Same spikes and potentials as LIF with subtraction."""
    x = 0.3 * torch.randn(200, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    spikes, state = ALIF(tau_mem=0.02, tau_adapt=0.1, scale=0.0).scan(x, dt=1e-3)
    expected, end = LIF(tau_mem=0.02).scan(x, dt=1e-3)
    assert expected.sum() > 0
    assert torch.equal(spikes, expected)
    torch.testing.assert_close(state.v, end.v)
