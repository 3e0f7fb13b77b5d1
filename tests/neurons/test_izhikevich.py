"""Izhikevich's neuron: its fixed points, the patterns of the paper, and its equation solved by another program."""

from __future__ import annotations

import pytest
import torch
from scipy.integrate import solve_ivp

from spikewright.neurons import Izhikevich


def spike_steps(model: Izhikevich, current: float, steps: int, dt: float) -> torch.Tensor:
    """Return the numbers of the steps with a spike under a constant current."""
    spikes, _ = model.scan(torch.full((steps, 1, 1), current, dtype=torch.float64), dt=dt)
    return spikes.flatten().nonzero().flatten()


def test_rest_is_the_root_of_the_parabola():
    """Without current v rests where 0.04 v^2 + (5 - b) v + 140 = 0: at -70 mV for b = 0.2, with u = b v."""
    model = Izhikevich()
    _, state = model.scan(torch.zeros(3000, 1, 1, dtype=torch.float64), dt=1e-3)
    assert state.v.item() == pytest.approx(-70, abs=1e-6)
    assert state.u.item() == pytest.approx(-14, abs=1e-6)


def test_rheobase():
    """The rest vanishes at I = 4, where the parabola's roots meet, after losing stability at I = 3.8 (a = 0.08 v + 5).

    The current is raised slowly, so that only the fixed point decides: 3.6 is held without a spike, 4.1 is not.
    """
    currents = torch.tensor([3.6, 4.1], dtype=torch.float64)
    ramp = torch.cat((torch.linspace(0, 1, 1500), torch.ones(1000))).double().reshape(-1, 1, 1) * currents
    spikes, _ = Izhikevich().scan(ramp, dt=1e-3)
    assert spikes[1500:].any(0).tolist() == [[False, True]]


def test_regular_spiking_adapts():
    """Published behaviour of the default cell at I = 10: a short first interval, then longer ones, all alike."""
    intervals = spike_steps(Izhikevich(), 10.0, 1600, 2.5e-4).diff()
    assert intervals[0] < 0.6 * intervals[-1]
    assert intervals[2:].max() - intervals[2:].min() <= 1  # a step of jitter
    assert 1 / (intervals[-1].item() * 2.5e-4) == pytest.approx(22, abs=1)


def test_fast_spiking_does_not_adapt():
    """The fast-spiking cell fires several times faster at the same current, and as fast at the end as at the start."""
    intervals = spike_steps(Izhikevich(a=0.1, d=2.0), 10.0, 1600, 2.5e-4).diff().double()
    assert intervals.mean() < 0.25 * spike_steps(Izhikevich(), 10.0, 1600, 2.5e-4).diff().double().mean()
    assert intervals[1:9].mean() == pytest.approx(intervals[-8:].mean().item(), rel=0.1)


def test_chattering_fires_bursts():
    """The chattering cell alternates between bursts with intervals of a few ms and pauses ten times longer."""
    intervals = spike_steps(Izhikevich(c=-50.0, d=2.0), 10.0, 1600, 2.5e-4).diff() * 0.25  # ms
    short, long = intervals <= 6, intervals >= 40
    assert (short | long).all()
    assert short.sum() >= 2 * long.sum() >= 8


def test_first_spike_converges_to_the_solution_of_the_equation():
    """Against scipy: first order, late by two or three steps, of which one is the grid on which spikes are seen."""

    def slope(t, y):
        return [0.04 * y[0] ** 2 + 5 * y[0] + 140 - y[1] + 10, 0.02 * (0.2 * y[0] - y[1])]

    def peak(t, y):
        return y[0] - 30

    peak.terminal = True
    exact = solve_ivp(slope, (0, 100), [-65, -13], events=peak, rtol=1e-10, atol=1e-10).t_events[0][0]
    for dt in (1e-4, 5e-5, 1e-5):
        ms = (spike_steps(Izhikevich(), 10.0, round(4e-3 / dt), dt)[0].item() + 1) * dt * 1e3
        assert 0 < ms - exact < 3 * dt * 1e3


def test_paper_scheme_at_one_millisecond():
    """At dt = 1 ms a step is the two half-steps of the paper, worked by hand from v = -65, u = -13, I = 10."""
    model = Izhikevich()
    x = torch.full((1, 1), 10.0, dtype=torch.float64)
    spikes, state = model.step(x, model.start(x), dt=1e-3)
    # 0.04 * 4225 - 325 + 140 + 13 + 10 = 7; v = -61.5; 0.04 * 3782.25 - 307.5 + 163 = 6.79; v = -58.105
    assert spikes.item() == 0
    assert state.v.item() == pytest.approx(-58.105, abs=1e-9)
    assert state.u.item() == pytest.approx(-13 + 0.02 * (0.2 * -58.105 + 13), abs=1e-9)


def test_long_steps_are_refused():
    """The scheme is not stable beyond the paper's step."""
    with pytest.raises(ValueError, match=r"Izhikevich.step: dt must be <= 0.001 seconds; got 0.002. Use a shorter dt"):
        Izhikevich().scan(torch.zeros(5, 1, 1), dt=2e-3)
