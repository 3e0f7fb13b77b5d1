"""The leaky integrate-and-fire neuron with an exponential synaptic current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._exprel import exprel
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, decay, reset
from spikewright.neurons._surrogate import Surrogate


class CUBAState(NamedTuple):
    """Membrane potential ``v`` and synaptic current ``i_syn``, shape (batch, neuron...), in threshold units."""

    v: Step
    i_syn: Step


@dataclass(frozen=True)
class CUBA(NeuronModel):
    r"""Current-based leaky integrate-and-fire neurons: a spike opens a current that decays exponentially.

    .. math::
        \tau_{mem}\,\dot v = v_{leak} - v + i, \qquad
        \tau_{syn}\,\dot i = -i + \tau_{syn} \sum_k x_k\,\delta(t - t_k)

    Each step integrates both equations exactly from one grid time to the next, then adds the charge ``x``, fires where
    ``v >= v_threshold`` and resets:

    .. math::
        v_t = v_{leak} + (v_{t-1} - v_{leak})\,e^{-dt/\tau_{mem}} + k\,i_{t-1}, \qquad
        i_t = i_{t-1}\,e^{-dt/\tau_{syn}} + x_t,

    with ``k`` of :func:`current_gain`. A charge moves ``i`` at once and ``v`` from the next step on. The response of
    ``v`` to one charge is the double exponential

    .. math:: \frac{\tau_{syn}}{\tau_{syn} - \tau_{mem}} (e^{-t/\tau_{syn}} - e^{-t/\tau_{mem}}).

    With equal time constants it is the alpha kernel :math:`\frac{t}{\tau} e^{-t/\tau}`, and the neuron is the spike
    response model SRM0 with a reset of the membrane only: the current outlives a spike.

    Parameters
    ----------
    tau_mem, tau_syn : float or Tensor, shape (neuron,)
        Time constants of membrane and synaptic current in seconds, > 0; they may be equal.
    v_threshold, v_leak : float or Tensor, shape (neuron,)
        Firing threshold and resting value, in units of ``v``. A run starts at rest, without current.
    v_reset : float or Tensor, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics, 2014, sections 1.3 and 6.4.
    Rotter, Diesmann, Exact digital simulation of time-invariant linear systems, Biological Cybernetics 81, 1999.
    """

    tau_mem: float | Tensor
    tau_syn: float | Tensor
    v_threshold: float | Tensor = 1.0
    v_leak: float | Tensor = 0.0
    v_reset: float | Tensor | None = None
    surrogate: Surrogate = FastSigmoid(slope=10.0)

    def __post_init__(self) -> None:
        check_positive("CUBA.tau_mem", self.tau_mem, "seconds", "For no leak use CurrentIF.")
        check_positive("CUBA.tau_syn", self.tau_syn, "seconds", "For delta synapses use LIF.")
        check_finite("CUBA.v_threshold", self.v_threshold)
        check_finite("CUBA.v_leak", self.v_leak)
        if self.v_reset is not None:
            check_finite("CUBA.v_reset", self.v_reset, "To subtract the threshold use None.")

    def start(self, x: Step) -> CUBAState:
        """Return the resting state for inputs like ``x``."""
        rest = torch.zeros_like(x)
        return CUBAState(rest + self.v_leak, rest)

    def step(self, x: Step, state: CUBAState, *, dt: float) -> tuple[Step, CUBAState]:
        """Advance by ``dt`` seconds; ``x``, ``state.v`` and ``state.i_syn`` have shape (batch, neuron...)."""
        check_same_shape("CUBA.step", x=x, v=state.v)
        gain = current_gain(self.tau_mem, self.tau_syn, dt)
        v = self.v_leak + (state.v - self.v_leak) * decay(self.tau_mem, dt) + gain * state.i_syn
        i_syn = state.i_syn * decay(self.tau_syn, dt) + x
        spikes = self.surrogate(v - self.v_threshold)
        return spikes, CUBAState(reset(v, spikes, self.v_threshold, self.v_reset), i_syn)


def current_gain(tau_mem: float | Tensor, tau_syn: float | Tensor, dt: float) -> float | Tensor:
    r"""Return what a current of 1, decaying with ``tau_syn``, adds to a membrane with ``tau_mem`` in ``dt`` seconds.

    .. math::
        k = \int_0^{dt} e^{-(dt - s)/\tau_{mem}}\, e^{-s/\tau_{syn}}\, \frac{ds}{\tau_{mem}}
          = \frac{\tau_{syn}}{\tau_{syn} - \tau_{mem}} \bigl(e^{-dt/\tau_{syn}} - e^{-dt/\tau_{mem}}\bigr)

    Written so that it passes smoothly, gradient included, through its limit :math:`\frac{dt}{\tau} e^{-dt/\tau}` where
    the time constants are equal, and never overflows: the slower decay is taken out of the bracket.
    """
    difference = tau_mem - tau_syn
    # One distance for both terms below: two that round differently would make the gradient wrong where it is 0. (The
    # built-in abs would do for both kinds, but type checkers take its result for an object.)
    distance = difference.abs() if isinstance(difference, Tensor) else abs(difference)
    slower = (tau_mem + tau_syn + distance) / 2
    return dt / tau_mem * decay(slower, dt) * exprel(-dt * distance / (tau_mem * tau_syn))
