"""CUBA against its closed forms, and the coefficient that makes it exact."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.integrate import quad

from spikewright.neurons import CUBA
from spikewright.neurons._cuba import current_gain
from spikewright.neurons._exprel import exprel


def response(t: torch.Tensor, tau_mem: float, tau_syn: float) -> torch.Tensor:
    """Return the membrane's response to a charge of 1 at time 0."""
    if tau_mem == tau_syn:
        return t / tau_mem * torch.exp(-t / tau_mem)
    return tau_syn / (tau_syn - tau_mem) * (torch.exp(-t / tau_syn) - torch.exp(-t / tau_mem))


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("tau_syn", [0.002, 0.0199999, 0.02, 0.0200001, 0.1])
@pytest.mark.parametrize("as_tensor", [False, True])
def test_response_to_a_spike_is_the_double_exponential(dt, tau_syn, as_tensor):
    """At every grid time, for any dt, as alpha kernel in the limit; 1e-9 is the rounding of the formula used here."""
    tau = torch.tensor([tau_syn], dtype=torch.float64) if as_tensor else tau_syn
    model = CUBA(tau_mem=0.02, tau_syn=tau, v_threshold=100.0)
    state = model.start(torch.zeros(1, 1, dtype=torch.float64))
    trace = []
    for step in range(60):
        _, state = model.step(torch.full((1, 1), float(step == 0), dtype=torch.float64), state, dt=dt)
        trace.append(state.v.item())
    expected = response(torch.arange(60, dtype=torch.float64) * dt, 0.02, tau_syn)
    torch.testing.assert_close(torch.tensor(trace, dtype=torch.float64), expected, rtol=1e-9, atol=1e-9)


def test_equal_time_constants_peak_after_one_of_them():
    """The alpha kernel of SRM0 peaks at t = tau with the value 1 / e."""
    model = CUBA(tau_mem=0.01, tau_syn=0.01, v_threshold=100.0)
    state = model.start(torch.zeros(1, 1, dtype=torch.float64))
    trace = []
    for step in range(40):
        _, state = model.step(torch.full((1, 1), float(step == 0), dtype=torch.float64), state, dt=1e-3)
        trace.append(state.v.item())
    assert max(range(40), key=trace.__getitem__) == 10
    assert trace[10] == pytest.approx(math.exp(-1), rel=1e-12)


def test_constant_current_drives_as_the_closed_form():
    """A charge of i (1 - d_syn) a step, from a current of i on, holds the current, and v tends to v_leak + i."""
    model = CUBA(tau_mem=0.02, tau_syn=0.005, v_leak=-0.5, v_threshold=100.0)
    start = model.start(torch.zeros(1, 1, dtype=torch.float64))
    start = start._replace(i_syn=start.i_syn + 0.8)
    x = torch.full((2000, 1, 1), 0.8 * -math.expm1(-0.1), dtype=torch.float64)
    _, end = model.scan(x, start, dt=5e-4)
    assert end.i_syn.item() == pytest.approx(0.8, rel=1e-12)
    gain, d_mem = current_gain(0.02, 0.005, 5e-4), math.exp(-5e-4 / 0.02)
    assert end.v.item() == pytest.approx(-0.5 + 0.8 * gain / (1 - d_mem), rel=1e-9)


def test_current_outlives_the_spike():
    """A reset takes from the membrane only."""
    model = CUBA(tau_mem=0.02, tau_syn=0.01, v_reset=0.0)
    spikes, state = model.scan(torch.tensor([10.0, 0, 0, 0, 0], dtype=torch.float64).reshape(5, 1, 1), dt=1e-3)
    assert spikes.sum() >= 1
    assert state.i_syn.item() == pytest.approx(10 * math.exp(-0.4), rel=1e-12)


@pytest.mark.parametrize("tau_syn", [1e-6, 1e-3, 0.0199, 0.02, 0.020001, 0.5, 1e4])
def test_gain_is_the_integral(tau_syn):
    """Quadrature of what a decaying current leaves on the membrane, to the 1e-9 that it promises."""
    dt = 1e-3
    fast = min(dt, 50 * tau_syn)  # the rest of the interval holds less than exp(-50)
    expected, _ = quad(lambda s: math.exp(-(dt - s) / 0.02 - s / tau_syn) / 0.02, 0, fast, epsrel=1e-12, epsabs=0)
    assert current_gain(0.02, tau_syn, dt) == pytest.approx(expected, rel=1e-9)
    tensor = current_gain(0.02, torch.tensor(tau_syn, dtype=torch.float64), dt)
    assert tensor.item() == pytest.approx(expected, rel=1e-9)


def test_gain_never_overflows():
    """A step a million time constants long leaves only what is still flowing: dt / gap of the slower decay."""
    for dtype in (torch.float32, torch.float64):
        gain = current_gain(torch.tensor(1e-6, dtype=dtype), torch.tensor(1.0, dtype=dtype), 1.0)
        assert gain.item() == pytest.approx(math.exp(-1) / (1 - 1e-6), rel=1e-5)
        gain = current_gain(torch.tensor(1.0, dtype=dtype), torch.tensor(1e-6, dtype=dtype), 1.0)
        assert gain.item() == pytest.approx(1e-6 * math.exp(-1), rel=1e-5)


@pytest.mark.parametrize("tau_syn", [0.004, 0.015 - 1e-9, 0.015, 0.015 + 1e-9, 0.0155, 0.2])
def test_gain_has_a_smooth_gradient(tau_syn):
    """Against central differences in both time constants, through their equality; 1e-7 is the error of those."""
    taus = torch.tensor([0.015, tau_syn], dtype=torch.float64, requires_grad=True)
    current_gain(taus[0], taus[1], 2e-3).backward()
    width = 1e-7
    expected = [
        (current_gain(0.015 + width, tau_syn, 2e-3) - current_gain(0.015 - width, tau_syn, 2e-3)) / (2 * width),
        (current_gain(0.015, tau_syn + width, 2e-3) - current_gain(0.015, tau_syn - width, 2e-3)) / (2 * width),
    ]
    assert taus.grad.tolist() == pytest.approx(expected, rel=1e-7)


def test_gain_gradient_survives_a_float_beside_a_tensor():
    """Equal time constants of two kinds are divided with different rounding; the gradient must not see that."""
    tau = torch.tensor([0.015], dtype=torch.float64, requires_grad=True)
    current_gain(0.015, tau, 2e-3).sum().backward()
    a = 2e-3 / 0.015
    assert tau.grad.item() == pytest.approx(a**2 * math.exp(-a) / 2 / 0.015, rel=1e-9)


def test_exprel_and_its_gradient():
    """Against the definition in longer arithmetic, at 0, on both sides of the switch to the series, and far out."""
    z = [-40.0, -1.0, -0.1 - 1e-12, -0.1 + 1e-12, -1e-3, -1e-9, 0.0, 1e-9, 0.05, 0.1, 3.0, 40.0]
    points = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    values = exprel(points)
    values.sum().backward()
    assert values.tolist() == pytest.approx([math.expm1(p) / p if p else 1.0 for p in z], rel=1e-14)
    assert [exprel(p) for p in z] == pytest.approx(values.tolist(), rel=1e-14)
    slopes = [sum(k * p ** (k - 1) / math.factorial(k + 1) for k in range(1, 120)) if p > -30 else 1 / p**2 for p in z]
    assert points.grad.tolist() == pytest.approx(slopes, rel=1e-12)
