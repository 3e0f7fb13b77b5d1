"""The non-leaky integrate-and-fire neuron with an exponential synaptic current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, decay, reset
from spikewright.neurons._surrogate import Surrogate


class CurrentIFState(NamedTuple):
    """Potential ``v``, charge still to come ``i_syn``, spikes so far ``fired``, shape (batch, neuron...)."""

    v: Step
    i_syn: Step
    fired: Step


@dataclass(frozen=True)
class CurrentIF(NeuronModel):
    r"""Non-leaky integrate-and-fire neurons with exponential synaptic currents, which fire once: Mostafa's.

    .. math::
        \dot v = \frac{i}{\tau_{syn}}, \qquad
        \tau_{syn}\,\dot i = -i + \tau_{syn} \sum_k x_k\,\delta(t - t_k)

    A charge ``x`` at time 0 moves the potential by :math:`x\,(1 - e^{-t/\tau_{syn}})`, in the end by ``x``. So a neuron
    with inputs of weight :math:`w_i` at times :math:`t_i` reaches the threshold 1 at the time ``t`` given by

    .. math:: e^{t/\tau_{syn}} = \frac{\sum_i w_i\,e^{t_i/\tau_{syn}}}{\sum_i w_i - 1},

    the sums over the inputs before ``t``: a linear equation in transformed time, whose gradient is exact.

    Each step integrates both equations exactly from one grid time to the next, then adds the charge ``x``, fires where
    ``v >= v_threshold``, and resets. A charge moves ``v`` from the next step on, and a spike is reported at the first
    grid time at or after the crossing.

    Parameters
    ----------
    tau_syn : float or Tensor, shape (neuron,)
        Time constant of the synaptic current in seconds, > 0.
    v_threshold : float or Tensor, shape (neuron,)
        Firing threshold, in units of ``v``. A run starts at ``v = 0``, without current.
    v_reset : float or Tensor, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    once : bool
        Whether a neuron fires at most once in a run, as in the paper.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE TNNLS 29, 2018
    (arXiv:1606.08165).
    """

    tau_syn: float | Tensor
    v_threshold: float | Tensor = 1.0
    v_reset: float | Tensor | None = None
    once: bool = True
    surrogate: Surrogate = FastSigmoid(slope=10.0)

    def __post_init__(self) -> None:
        check_positive("CurrentIF.tau_syn", self.tau_syn, "seconds", "For delta synapses use IF.")
        check_finite("CurrentIF.v_threshold", self.v_threshold)
        if self.v_reset is not None:
            check_finite("CurrentIF.v_reset", self.v_reset, "To subtract the threshold use None.")

    def start(self, x: Step) -> CurrentIFState:
        """Return the silent state for inputs like ``x``."""
        silent = torch.zeros_like(x)
        return CurrentIFState(silent, silent, silent)

    def step(self, x: Step, state: CurrentIFState, *, dt: float) -> tuple[Step, CurrentIFState]:
        """Advance by ``dt`` seconds; ``x`` and the entries of ``state`` have shape (batch, neuron...)."""
        check_same_shape("CurrentIF.step", x=x, v=state.v)
        kept = decay(self.tau_syn, dt)
        v = state.v + (1 - kept) * state.i_syn
        i_syn = kept * state.i_syn + x
        spikes = self.surrogate(v - self.v_threshold)
        if self.once:
            spikes = spikes * (1 - state.fired)
        v = reset(v, spikes, self.v_threshold, self.v_reset)
        return spikes, CurrentIFState(v, i_syn, state.fired + spikes)
