"""Hodgkin and Huxley's neuron: rest, threshold behaviour, and its equation solved by another program."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from spikewright.neurons import HodgkinHuxley
from spikewright.neurons._hodgkin_huxley import _rates


def squid(current: float):
    """Return the right side of the equations in ms, written out on its own."""

    def slope(t, y):
        v, m, h, n = y
        a_m, a_n = 0.1 * (v + 40) / -np.expm1(-(v + 40) / 10), 0.01 * (v + 55) / -np.expm1(-(v + 55) / 10)
        a_h, b_h = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
        b_m, b_n = 4 * np.exp(-(v + 65) / 18), 0.125 * np.exp(-(v + 65) / 80)
        ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.387)
        return [current - ionic, a_m * (1 - m) - b_m * m, a_h * (1 - h) - b_h * h, a_n * (1 - n) - b_n * n]

    return slope


def solution(current: float, times: np.ndarray) -> np.ndarray:
    """Return v at ``times`` in ms, from the rest at -65 mV."""
    start = HodgkinHuxley().start(torch.zeros(1, 1, dtype=torch.float64))
    y = [entry.item() for entry in start]
    return solve_ivp(squid(current), (0, times[-1]), y, t_eval=times, rtol=1e-9, atol=1e-9, method="LSODA").y[0]


def potentials(model: HodgkinHuxley, current: float, steps: int, dt: float) -> np.ndarray:
    """Return v after each step under a constant current."""
    x = torch.full((1, 1), current, dtype=torch.float64)
    state = model.start(x)
    trace = []
    for _ in range(steps):
        _, state = model.step(x, state, dt=dt)
        trace.append(state.v.item())
    return np.array(trace)


def test_rest():
    """Without current the membrane stays within 0.01 mV of -65 mV, where the leak's reversal potential puts it."""
    v = potentials(HodgkinHuxley(dt_max=1e-4), 0.0, 60, 1e-3)
    assert np.abs(v + 65).max() < 0.01


def test_action_potential_is_second_order_in_dt():
    """One spike at 10 uA / cm2 against scipy: halving dt_max quarters the largest error, 0.3 mV at the default."""
    times = np.arange(1, 41) * 0.2
    exact = solution(10.0, times)
    assert exact.max() > 30  # there is a spike to compare
    models = [HodgkinHuxley(dt_max=4e-5), HodgkinHuxley(), HodgkinHuxley(dt_max=1e-5)]
    errors = [np.abs(potentials(model, 10.0, 40, 2e-4) - exact).max() for model in models]
    assert errors[1] < 0.3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_spikes_under_constant_current():
    """Published behaviour: silent at 2, one spike at 4, repetitive above about 6.3 uA / cm2, near 70 Hz at 10.

    All currents run as one population; a dt_max of 0.1 ms moves the rate by under 1 %.
    """
    currents = torch.tensor([2.0, 4.0, 10.0, 20.0], dtype=torch.float64)
    spikes, _ = HodgkinHuxley(dt_max=1e-4).scan(currents.expand(200, 1, 4), dt=1e-3)
    counts = spikes.sum(0)[0].tolist()
    assert counts[:2] == [0, 1]
    times = spikes[:, 0, 2].nonzero().flatten()
    assert 1000 / times.diff().double()[1:].mean().item() == pytest.approx(69, rel=0.03)
    assert counts[3] > counts[2]


def test_a_spike_is_seen_once_whatever_the_step():
    """Steps shorter and longer than the spike give the same spikes at the same time, to one long step."""
    found = []
    for dt in (5e-5, 2e-4, 1e-3):
        spikes, _ = HodgkinHuxley(dt_max=5e-5).scan(torch.full((round(8e-3 / dt), 1, 1), 10.0), dt=dt)
        assert spikes.sum() == 1
        found.append(spikes.argmax().item() * dt)
    assert max(found) - min(found) < 1e-3


def test_rates_are_smooth_where_their_quotients_are_not():
    """At -40 and -55 mV the quotients are 0 / 0; the limits are 1 and 0.1 per ms, their slopes half a tenth of that."""
    v = torch.tensor([-40.0, -55.0], dtype=torch.float64, requires_grad=True)
    (a_m, _), _, (a_n, _) = _rates(v)
    assert a_m[0].item() == 1.0
    assert a_n[1].item() == 0.1
    (gradient,) = torch.autograd.grad(a_m[0] + a_n[1], v)
    assert gradient.tolist() == pytest.approx([0.05, 0.005], rel=1e-12)
    away = torch.tensor([-39.0, -56.0], dtype=torch.float64)
    (a_m, _), _, (a_n, _) = _rates(away)
    assert a_m[0].item() == pytest.approx(0.1 / (1 - math.exp(-0.1)), rel=1e-12)
    assert a_n[1].item() == pytest.approx(-0.01 / (1 - math.exp(0.1)), rel=1e-12)


def test_long_steps_are_refused():
    """A step long enough to hide a spike is an error."""
    with pytest.raises(
        ValueError, match=r"HodgkinHuxley.step: dt must be <= 0.002 seconds; got 0.005. Use a shorter dt"
    ):
        HodgkinHuxley().scan(torch.zeros(5, 1, 1), dt=5e-3)
