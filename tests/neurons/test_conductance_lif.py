"""ConductanceLIF: receptors, refractory period, adaptive threshold, and its equation solved by another program."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from spikewright.neurons import ConductanceLIF


def potentials(model: ConductanceLIF, charges: torch.Tensor, dt: float) -> torch.Tensor:
    """Return v after each step for charges of shape (time, batch, neuron)."""
    x = model.receive(charges, None)
    state = model.start(x[0])
    trace = []
    for charge in x:
        _, state = model.step(charge, state, dt=dt)
        trace.append(state.v)
    return torch.stack(trace)


def test_receive_sorts_by_sign():
    """Positive parts of both connections are excitatory, negative ones inhibitory, on a new last axis."""
    feedforward = torch.tensor([[1.0, -2.0, 0.5]])
    recurrent = torch.tensor([[-0.25, -1.0, 2.0]])
    x = ConductanceLIF().receive(feedforward, recurrent)
    assert x.tolist() == [[[1.0, 0.25], [0.0, 3.0], [2.5, 0.0]]]
    assert ConductanceLIF().receive(feedforward, None).tolist() == [[[1.0, 0.0], [0.0, 2.0], [0.5, 0.0]]]


@pytest.mark.parametrize("sign", [1, -1])
def test_solution_is_second_order_in_dt(sign):
    """Against scipy's solution, at 20 ms after two volleys: a halved dt leaves a quarter of the error."""
    model = ConductanceLIF(tau_mem=0.05, tau_ge=3e-3, tau_gi=5e-3, v_threshold=1e3)
    charge = sign * 4.0

    def slope(t, y):
        g = charge * (math.exp(-t / 3e-3) if sign > 0 else -math.exp(-t / 5e-3))
        g += 0 if t < 8e-3 else g * math.exp(8e-3 / (3e-3 if sign > 0 else 5e-3))
        return (model.v_leak - y + g * ((model.e_exc if sign > 0 else model.e_inh) - y)) / model.tau_mem

    exact = np.array([model.v_leak])
    for begin, end in ((0, 8e-3), (8e-3, 20e-3)):
        exact = solve_ivp(slope, (begin, end - 1e-15), exact, rtol=1e-11, atol=1e-11).y[:, -1]
    errors = []
    for dt in (1e-3, 5e-4, 2.5e-4):
        charges = torch.zeros(round(20e-3 / dt) + 1, 1, 1, dtype=torch.float64)
        charges[0] = charges[round(8e-3 / dt)] = charge
        errors.append(abs(potentials(model, charges, dt)[-1].item() - exact[0]))
    assert errors[0] < 0.1
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_strong_conductance_pulls_to_the_reversal_potential():
    """A membrane that is nothing but one conductance sits at its reversal potential, at any dt."""
    for charge, reversal in ((1e6, 0.0), (-1e6, -100.0)):
        v = potentials(ConductanceLIF(v_threshold=1e3), torch.full((20, 1, 1), charge, dtype=torch.float64), 1e-2)
        assert v[-1].item() == pytest.approx(reversal, abs=0.01)


@pytest.mark.parametrize(("tau_ref", "shortest"), [(0.0, 1), (2e-3, 5), (5e-3, 11)])
def test_refractory_period(tau_ref, shortest):
    """Under overwhelming drive spikes are the refractory period and one step apart, with v held between them."""
    model = ConductanceLIF(tau_ref=tau_ref, theta_plus=0.0)
    charges = torch.full((60, 1, 1), 1e3, dtype=torch.float64)
    spikes, _ = model.scan(model.receive(charges, None), dt=5e-4)
    assert spikes.flatten().nonzero().flatten().diff().unique().tolist() == [shortest]
    v = potentials(model, charges, 5e-4).flatten()
    assert (v[spikes.flatten().argmax() :] == model.v_reset).all()


def test_refractory_neuron_is_silent_even_above_its_threshold():
    """With theta = 0 the paper's threshold lies at -72 mV, below the reset; the refractory period still holds."""
    model = ConductanceLIF(theta=0.0, theta_plus=0.0)
    spikes, _ = model.scan(model.receive(torch.zeros(60, 1, 1), None), dt=5e-4)
    assert spikes.flatten().nonzero().flatten().diff().unique().tolist() == [11]


def test_threshold_adapts_and_forgets():
    """Each spike raises theta by theta_plus; between spikes it decays with tau_theta."""
    model = ConductanceLIF(theta=20.0, theta_plus=0.5, tau_theta=0.2)
    charges = torch.zeros(400, 1, 1, dtype=torch.float64)
    charges[:50] = 5.0
    spikes, state = model.scan(model.receive(charges, None), dt=1e-3)
    when = spikes.flatten().nonzero().flatten().tolist()
    assert len(when) >= 3
    expected = 20 * math.exp(-0.4 / 0.2) + sum(0.5 * math.exp(-(399 - t) * 1e-3 / 0.2) for t in when)
    assert state.theta.item() == pytest.approx(expected, rel=1e-12)


def test_effective_threshold_is_v_threshold_plus_theta_minus_offset():
    """At the start values a neuron fires at -52 mV: here one whose potential is pulled just over and just under it."""
    for target, fires in ((-51.99, 1), (-52.01, 0)):
        model = ConductanceLIF(v_leak=target)
        x = model.receive(torch.zeros(1, 1, 1, dtype=torch.float64), None)
        assert model.scan(x, dt=1e-3)[0].sum() == fires


def test_zero_theta_plus_freezes_theta():
    """Not even the decay goes on; where it is given per neuron, only where it is 0."""
    charges = torch.full((300, 1, 2), 5.0, dtype=torch.float64)
    model = ConductanceLIF(theta_plus=0.0, tau_theta=0.1)
    spikes, state = model.scan(model.receive(charges, None), dt=1e-3)
    assert spikes.sum() > 0
    assert (state.theta == 20.0).all()
    mixed = ConductanceLIF(theta_plus=torch.tensor([0.0, 0.5], dtype=torch.float64), tau_theta=0.1)
    _, state = mixed.scan(mixed.receive(charges, None), dt=1e-3)
    assert state.theta[0, 0] == 20.0
    assert state.theta[0, 1] != 20.0


def test_charge_without_receptors_is_refused():
    """Charges that were not passed through receive do not fit, and the message says so."""
    message = r"ConductanceLIF.start: x must have shape \(batch, neuron..., 2\).* got \(4, 3\). Pass signed charges"
    with pytest.raises(ValueError, match=message):
        ConductanceLIF().scan(torch.zeros(5, 4, 3), dt=1e-3)
