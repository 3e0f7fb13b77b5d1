"""The Hodgkin-Huxley neuron."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._exprel import exprel
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel
from spikewright.neurons._surrogate import Surrogate

_LONGEST = 2e-3  # seconds


class HodgkinHuxleyState(NamedTuple):
    """Membrane potential ``v`` in mV and gates ``m``, ``h``, ``n`` from 0 to 1, shape (batch, neuron...)."""

    v: Step
    m: Step
    h: Step
    n: Step


@dataclass(frozen=True)
class HodgkinHuxley(NeuronModel):
    r"""Hodgkin and Huxley's model of the squid giant axon, with the rest at -65 mV.

    .. math::
        C\,\dot v &= -g_{Na}\,m^3 h\,(v - E_{Na}) - g_K\,n^4\,(v - E_K) - g_L\,(v - E_L) + x \\
        \dot p &= \alpha_p(v)\,(1 - p) - \beta_p(v)\,p \qquad\text{for } p \text{ in } m, h, n

    with the rates, in 1 / ms,

    .. math::
        \alpha_m &= \frac{0.1\,(v + 40)}{1 - e^{-(v + 40)/10}}, & \beta_m &= 4\,e^{-(v + 65)/18} \\
        \alpha_h &= 0.07\,e^{-(v + 65)/20}, & \beta_h &= \frac{1}{1 + e^{-(v + 35)/10}} \\
        \alpha_n &= \frac{0.01\,(v + 55)}{1 - e^{-(v + 55)/10}}, & \beta_n &= 0.125\,e^{-(v + 65)/80}

    Time is in ms inside; ``dt`` is in seconds as everywhere. The input ``x`` is a current held over the step, in uA /
    cm2.

    Each step is cut into equal parts of at most ``dt_max``, in each of which the gates relax exactly at the old ``v``,
    then ``v`` relaxes exactly at the new gates (exponential Euler, stable). The gates so belong to the middle between
    the old time and the new one, which makes it second order; an action potential is right to 0.3 mV at the default. A
    spike is an upward crossing of ``v_threshold`` within the step: the peak reaches it, and ``v`` was below it when the
    step began. Nothing is reset: the channels do that.

    Parameters
    ----------
    g_na, g_k, g_leak : float or Tensor, shape (neuron,)
        Conductances in mS / cm2, > 0.
    e_na, e_k, e_leak : float or Tensor, shape (neuron,)
        Reversal potentials in mV.
    capacitance : float or Tensor, shape (neuron,)
        Of the membrane, in uF / cm2, > 0.
    v_threshold : float or Tensor, shape (neuron,)
        Potential whose upward crossing is a spike, in mV.
    v_start : float or Tensor, shape (neuron,)
        Potential before the first step in mV; the gates start at their steady state for it.
    dt_max : float
        Longest part of a step in seconds, > 0.
    surrogate : Surrogate
        Derivative used in place of that of the threshold; its argument is in mV.

    Raises
    ------
    ValueError
        In ``step``, if ``dt`` is longer than 2 ms: a step could hide a spike.

    References
    ----------
    Hines, Efficient computation of branched nerve equations, International Journal of Bio-Medical Computing 15, 1984
    (the staggered gates).
    Hodgkin, Huxley, A quantitative description of membrane current, Journal of Physiology 117, 1952.
    Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics, 2014, section 2.2.
    """

    g_na: float | Tensor = 120.0
    g_k: float | Tensor = 36.0
    g_leak: float | Tensor = 0.3
    e_na: float | Tensor = 50.0
    e_k: float | Tensor = -77.0
    e_leak: float | Tensor = -54.387
    capacitance: float | Tensor = 1.0
    v_threshold: float | Tensor = 0.0
    v_start: float | Tensor = -65.0
    dt_max: float = 2e-5
    surrogate: Surrogate = FastSigmoid(slope=0.1)

    def __post_init__(self) -> None:
        for name in ("g_na", "g_k", "g_leak", "capacitance"):
            check_positive(f"HodgkinHuxley.{name}", getattr(self, name))
        for name in ("e_na", "e_k", "e_leak", "v_threshold", "v_start"):
            check_finite(f"HodgkinHuxley.{name}", getattr(self, name))
        check_positive("HodgkinHuxley.dt_max", self.dt_max, "seconds")

    def start(self, x: Step) -> HodgkinHuxleyState:
        """Return ``v_start`` and the gates that belong to it, for inputs like ``x``."""
        v = torch.zeros_like(x) + self.v_start
        return HodgkinHuxleyState(v, *(opening / (opening + closing) for opening, closing in _rates(v)))

    def step(self, x: Step, state: HodgkinHuxleyState, *, dt: float) -> tuple[Step, HodgkinHuxleyState]:
        """Advance by ``dt`` seconds, at most 2 ms; ``x`` and the entries of ``state`` have shape (batch, neuron...)."""
        check_same_shape("HodgkinHuxley.step", x=x, v=state.v)
        if dt > _LONGEST:
            raise ValueError(
                f"HodgkinHuxley.step: dt must be <= {_LONGEST:g} seconds; got {dt:g}. Use a shorter dt for the network."
            )
        parts = math.ceil(dt / self.dt_max - 1e-9)
        new = self._relax(x, state, dt * 1e3 / parts)
        peak = new.v
        for _ in range(parts - 1):
            new = self._relax(x, new, dt * 1e3 / parts)
            peak = torch.maximum(peak, new.v)
        below = (state.v < self.v_threshold).to(peak.dtype)
        return self.surrogate(peak - self.v_threshold) * below, new

    def _relax(self, x: Step, state: HodgkinHuxleyState, ms: float) -> HodgkinHuxleyState:
        """Advance by a short time in ms: the gates at the old potential, then the potential at the new gates."""
        gates = zip(state[1:], _rates(state.v), strict=True)
        m, h, n = (
            _toward(opening / (opening + closing), gate, ms * (opening + closing)) for gate, (opening, closing) in gates
        )
        sodium, potassium = self.g_na * m**3 * h, self.g_k * n**4
        total = sodium + potassium + self.g_leak
        limit = (sodium * self.e_na + potassium * self.e_k + self.g_leak * self.e_leak + x) / total
        return HodgkinHuxleyState(_toward(limit, state.v, ms * total / self.capacitance), m, h, n)


def _rates(v: Step) -> Iterator[tuple[Step, Step]]:
    """Yield the opening and closing rates of ``m``, ``h`` and ``n`` in 1 / ms.

    ``z / (1 - exp(-z))`` is ``1 / exprel(-z)``, which has no 0 / 0 at -40 and -55 mV.
    """
    yield 1 / exprel(-(v + 40) / 10), 4 * torch.exp(-(v + 65) / 18)
    yield 0.07 * torch.exp(-(v + 65) / 20), torch.sigmoid((v + 35) / 10)
    yield 0.1 / exprel(-(v + 55) / 10), 0.125 * torch.exp(-(v + 65) / 80)


def _toward(limit: Step, value: Step, time: Step) -> Step:
    """Return ``value`` after it has relaxed toward ``limit`` for ``time`` in units of its time constant."""
    return limit + (value - limit) * torch.exp(-time)
