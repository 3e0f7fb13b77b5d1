"""The leaky integrate-and-fire neuron with delta synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, decay, reset
from spikewright.neurons._surrogate import Surrogate


class LIFState(NamedTuple):
    """Membrane potential ``v``, shape (batch, neuron...), in threshold units."""

    v: Step


@dataclass(frozen=True)
class LIF(NeuronModel):
    r"""Leaky integrate-and-fire neurons with delta synapses.

    .. math:: \tau_{mem}\,\dot v = v_{leak} - v + \tau_{mem} \sum_k x_k\,\delta(t - t_k)

    Each step: decay, add the charge ``x`` of the spikes that arrive in it, fire where ``v >= v_threshold``, reset.
    Exact for impulses at the grid times. The reset subtracts ``v_threshold``, or sets ``v_reset`` where that is given.

    Parameters
    ----------
    tau_mem : float or Tensor, shape (neuron,)
        Membrane time constant in seconds, > 0.
    v_threshold, v_leak : float or Tensor, shape (neuron,)
        Firing threshold and resting value, in units of ``v``. A run starts at rest.
    v_reset : float or Tensor, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics, 2014, chapter 1.
    """

    tau_mem: float | Tensor
    v_threshold: float | Tensor = 1.0
    v_leak: float | Tensor = 0.0
    v_reset: float | Tensor | None = None
    surrogate: Surrogate = FastSigmoid(slope=10.0)

    def __post_init__(self) -> None:
        check_positive("LIF.tau_mem", self.tau_mem, "seconds", "For no decay use IF.")
        check_finite("LIF.v_threshold", self.v_threshold)
        check_finite("LIF.v_leak", self.v_leak)
        if self.v_reset is not None:
            check_finite("LIF.v_reset", self.v_reset, "To subtract the threshold use None.")

    def start(self, x: Step) -> LIFState:
        """Return the resting state for inputs like ``x``."""
        return LIFState(torch.zeros_like(x) + self.v_leak)

    def step(self, x: Step, state: LIFState, *, dt: float) -> tuple[Step, LIFState]:
        """Advance by ``dt`` seconds; ``x`` and ``state.v`` have shape (batch, neuron...)."""
        check_same_shape("LIF.step", x=x, v=state.v)
        v = self.v_leak + (state.v - self.v_leak) * decay(self.tau_mem, dt) + x
        spikes = self.surrogate(v - self.v_threshold)
        return spikes, LIFState(reset(v, spikes, self.v_threshold, self.v_reset))
