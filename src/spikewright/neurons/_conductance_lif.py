"""The leaky integrate-and-fire neuron with synaptic conductances and an adaptive threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_in_range, check_positive, check_same_shape
from spikewright.neurons._exprel import exprel
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, decay, reset
from spikewright.neurons._surrogate import Surrogate


class ConductanceLIFState(NamedTuple):
    """State of shape (batch, neuron...).

    Potential ``v`` in mV, conductances ``g_exc`` and ``g_inh`` relative to the leak, threshold shift ``theta`` in mV,
    and ``wait``, an int64, the steps left of the refractory period.
    """

    v: Step
    g_exc: Step
    g_inh: Step
    theta: Step
    wait: Tensor


@dataclass(frozen=True)
class ConductanceLIF(NeuronModel):
    r"""Leaky integrate-and-fire neurons with conductances and an adaptive threshold: those of Diehl and Cook.

    .. math::
        \tau_{mem}\,\dot v &= (v_{leak} - v) + g_e\,(E_{exc} - v) + g_i\,(E_{inh} - v) \\
        \tau_{ge}\,\dot g_e &= -g_e, \qquad \tau_{gi}\,\dot g_i = -g_i, \qquad \tau_\theta\,\dot\theta = -\theta

    A charge on a receptor adds to its conductance. A neuron fires where ``v >= v_threshold + theta - offset``; then
    ``v`` is set to ``v_reset`` and held there for ``tau_ref``, and ``theta`` grows by ``theta_plus``. Conductances and
    ``theta`` go on during the refractory period.

    Each step: ``v`` relaxes exactly under the mean of each decaying conductance over the step (so the charge that a
    spike delivers does not depend on ``dt``); conductances and ``theta`` decay exactly; the charges ``x`` are added to
    the conductances, so they move ``v`` from the next step on; fire; reset. Stable at any ``dt``, second order in
    ``dt``.

    Unlike other models this one has two receptors: :meth:`receive` turns signed charges into an ``x`` of shape
    (batch, neuron..., 2), excitatory and inhibitory, both >= 0. Positive charges open ``g_exc`` and negative ones, by
    their magnitude, ``g_inh``; the charges of one connection are summed before their sign is looked at.

    Potentials are in mV, times in seconds, conductances relative to the leak. Inhibitory neurons of the paper:
    ``ConductanceLIF(tau_mem=0.01, v_leak=-60, v_reset=-45, v_threshold=-40, e_inh=-85, tau_ref=2e-3, theta=0,
    theta_plus=0, offset=0)``.

    Parameters
    ----------
    tau_mem : float or Tensor, shape (neuron,)
        Membrane time constant in seconds, > 0.
    v_leak, v_reset, v_threshold : float or Tensor, shape (neuron,)
        Resting value, value after a spike, and threshold, in mV. A run starts at rest.
    e_exc, e_inh : float or Tensor, shape (neuron,)
        Reversal potentials in mV.
    tau_ge, tau_gi : float or Tensor, shape (neuron,)
        Time constants of the conductances in seconds, > 0.
    tau_ref : float or Tensor, shape (neuron,)
        Refractory period in seconds, >= 0, rounded to whole steps.
    theta : float or Tensor, shape (neuron,)
        Threshold shift in mV at the start of a run.
    theta_plus : float or Tensor, shape (neuron,)
        What a spike adds to the threshold shift, in mV, >= 0. Where it is 0 the shift is frozen: it does not decay
        either.
    tau_theta : float or Tensor, shape (neuron,)
        Time constant of the threshold shift in seconds, > 0. At the default a step of float32 is too coarse for the
        decay: what trains ``theta`` over hours carries it in float64.
    offset : float or Tensor, shape (neuron,)
        Subtracted from the threshold, in mV.
    surrogate : Surrogate
        Derivative used in place of that of the threshold; its argument is in mV.

    References
    ----------
    Diehl, Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, Frontiers in
    Computational Neuroscience 9, 2015; constants of excitatory neurons as in the authors' code, which fires at ``v >``.
    """

    tau_mem: float | Tensor = 0.1
    v_leak: float | Tensor = -65.0
    v_reset: float | Tensor = -65.0
    v_threshold: float | Tensor = -52.0
    e_exc: float | Tensor = 0.0
    e_inh: float | Tensor = -100.0
    tau_ge: float | Tensor = 1e-3
    tau_gi: float | Tensor = 2e-3
    tau_ref: float | Tensor = 5e-3
    theta: float | Tensor = 20.0
    theta_plus: float | Tensor = 0.05
    tau_theta: float | Tensor = 1e4
    offset: float | Tensor = 20.0
    surrogate: Surrogate = FastSigmoid(slope=1.0)

    def __post_init__(self) -> None:
        for name in ("tau_mem", "tau_ge", "tau_gi", "tau_theta"):
            check_positive(f"ConductanceLIF.{name}", getattr(self, name), "seconds")
        for name in ("v_leak", "v_reset", "v_threshold", "e_exc", "e_inh", "theta", "offset"):
            check_finite(f"ConductanceLIF.{name}", getattr(self, name))
        check_in_range("ConductanceLIF.tau_ref", self.tau_ref, 0, math.inf)
        check_in_range("ConductanceLIF.theta_plus", self.theta_plus, 0, math.inf)

    def receive(self, feedforward: Tensor, recurrent: Tensor | None) -> Tensor:
        """Sort charges of shape (..., neuron...) by sign into an ``x`` of shape (..., neuron..., 2)."""
        excitatory, inhibitory = feedforward.relu(), (-feedforward).relu()
        if recurrent is not None:
            excitatory, inhibitory = excitatory + recurrent.relu(), inhibitory + (-recurrent).relu()
        return torch.stack((excitatory, inhibitory), -1)

    def start(self, x: Tensor) -> ConductanceLIFState:
        """Return the resting state for inputs like ``x``, shape (batch, neuron..., 2)."""
        zero = torch.zeros_like(_receptors("ConductanceLIF.start", x)[0])
        return ConductanceLIFState(
            zero + self.v_leak, zero, zero, zero + self.theta, torch.zeros_like(zero, dtype=torch.int64)
        )

    def step(self, x: Tensor, state: ConductanceLIFState, *, dt: float) -> tuple[Step, ConductanceLIFState]:
        """Advance by ``dt`` seconds; ``x`` has shape (batch, neuron..., 2), spikes and ``state`` (batch, neuron...)."""
        excitation, inhibition = _receptors("ConductanceLIF.step", x)
        check_same_shape("ConductanceLIF.step", x=excitation, v=state.v)
        ready = (state.wait == 0).to(state.v.dtype)
        v = torch.where(state.wait == 0, self._relax(state, dt), state.v)
        spikes = self.surrogate(v - (self.v_threshold + state.theta - self.offset)) * ready
        theta = state.theta - self._forgotten(dt) * state.theta + self.theta_plus * spikes
        wait = (state.wait - 1).clamp(min=0) + (spikes.detach() * _whole_steps(self.tau_ref, dt)).long()
        g_exc = state.g_exc * decay(self.tau_ge, dt) + excitation
        g_inh = state.g_inh * decay(self.tau_gi, dt) + inhibition
        v = reset(v, spikes, self.v_threshold, self.v_reset)
        return spikes, ConductanceLIFState(v, g_exc, g_inh, theta, wait)

    def _relax(self, state: ConductanceLIFState, dt: float) -> Step:
        """Return ``v`` after ``dt`` seconds under the mean conductances of the step."""
        g_exc = state.g_exc * exprel(-dt / self.tau_ge)
        g_inh = state.g_inh * exprel(-dt / self.tau_gi)
        total = 1 + g_exc + g_inh
        limit = (self.v_leak + g_exc * self.e_exc + g_inh * self.e_inh) / total
        return limit + (state.v - limit) * torch.exp(-dt / self.tau_mem * total)

    def _forgotten(self, dt: float) -> float | Tensor:
        """Return the fraction of ``theta`` that is lost in a step, 0 where adaptation is frozen."""
        return dt / self.tau_theta * exprel(-dt / self.tau_theta) * (self.theta_plus != 0)


def _receptors(where: str, x: Tensor) -> tuple[Tensor, Tensor]:
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(
            f"{where}: x must have shape (batch, neuron..., 2), excitatory and inhibitory; got {tuple(x.shape)}. "
            "Pass signed charges through receive first."
        )
    excitatory, inhibitory = x.unbind(-1)
    return excitatory, inhibitory


def _whole_steps(duration: float | Tensor, dt: float) -> float | Tensor:
    steps = duration / dt
    return steps.round() if isinstance(steps, Tensor) else float(round(steps))
