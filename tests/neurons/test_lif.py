"""LIF and Integrator against what can be worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from spikewright.neurons import LIF, Integrator


@pytest.mark.parametrize("dt", [1e-3, 1e-4])
@pytest.mark.parametrize("current", [1.3, 2.0, 5.0])
def test_first_spike_is_analytic(dt, current):
    """Constant drive I from v = 0 first fires at tau_mem * ln(I / (I - v_threshold)), in the step that reaches it."""
    charge = current * -math.expm1(-dt / 0.02)  # so that v tends to I
    spikes, _ = LIF(tau_mem=0.02).scan(torch.full((2000, 1, 1), charge, dtype=torch.float64), dt=dt)
    assert spikes[:, 0, 0].argmax() + 1 == math.ceil(0.02 * math.log(current / (current - 1)) / dt)


@pytest.mark.parametrize("charge", [0.06, 0.1, 0.35])
def test_rate_under_hard_reset_is_analytic(charge):
    """From v_reset v climbs to x (1 - d^n) / (1 - d) + v_reset d^n; the period is the first n that fires."""
    d, v_reset = math.exp(-1e-3 / 0.03), -0.25
    fixed = charge / (1 - d)
    period = math.ceil(math.log((fixed - 1) / (fixed - v_reset)) / math.log(d))
    spikes, _ = LIF(tau_mem=0.03, v_reset=v_reset).scan(torch.full((2000, 1, 1), charge, dtype=torch.float64), dt=1e-3)
    intervals = spikes[:, 0, 0].nonzero().flatten().diff()
    assert intervals.unique().tolist() == [period]


def test_below_the_threshold_is_silent():
    """A drive whose fixed point lies under the threshold never fires, and v ends at it."""
    d = math.exp(-1e-3 / 0.02)
    spikes, state = LIF(tau_mem=0.02).scan(torch.full((1000, 1, 1), 0.99 * (1 - d), dtype=torch.float64), dt=1e-3)
    assert spikes.sum() == 0
    assert state.v.item() == pytest.approx(0.99, abs=1e-12)


def test_soft_reset_keeps_what_passes_the_threshold():
    """A charge of 2.5 thresholds leaves 1.5 behind, which fires again after a step of decay."""
    x = torch.zeros(3, 1, 1, dtype=torch.float64)
    x[0] = 2.5
    spikes, state = LIF(tau_mem=0.02).scan(x, dt=1e-3)
    d = math.exp(-1e-3 / 0.02)
    assert spikes.flatten().tolist() == [1, 1, 0]
    assert state.v.item() == pytest.approx((1.5 * d - 1) * d, abs=1e-12)


def test_integrator_without_leak_is_a_sum():
    """And with leak a step of constant charge tends to x / (1 - d)."""
    x = torch.full((400, 2, 3), 0.25, dtype=torch.float64)
    v, state = Integrator().scan(x, dt=1e-3)
    assert torch.equal(v, x.cumsum(0))
    assert torch.equal(state.v, v[-1])
    v, _ = Integrator(tau_mem=5e-3).scan(x, dt=1e-3)
    torch.testing.assert_close(v[-1], torch.full((2, 3), 0.25 / -math.expm1(-0.2), dtype=torch.float64))
