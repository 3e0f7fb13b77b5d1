"""The integrate-and-fire neuron without leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_same_shape
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, reset
from spikewright.neurons._surrogate import Surrogate


class IFState(NamedTuple):
    """Membrane potential ``v``, shape (batch, neuron...), in threshold units."""

    v: Step


@dataclass(frozen=True)
class IF(NeuronModel):
    r"""Integrate-and-fire neurons with delta synapses and no leak.

    .. math:: \dot v = \sum_k x_k\,\delta(t - t_k)

    Each step: add the charge ``x`` of the spikes that arrive in it, fire where ``v >= v_threshold``, reset. Exact at
    any ``dt``. The reset subtracts ``v_threshold``, or sets ``v_reset`` where that is given. With the subtraction and a
    constant charge between 0 and the threshold, ``T`` steps give ``floor((v_start + T x) / v_threshold)`` spikes: a
    rectifier whose output is the firing rate, which is what conversion of artificial networks rests on.

    Parameters
    ----------
    v_threshold : float or Tensor, shape (neuron,)
        Firing threshold, in units of ``v``.
    v_reset : float or Tensor, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    v_start : float or Tensor, shape (neuron,)
        Value before the first step. Half the threshold makes the count round instead of floor.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of continuous-valued deep networks to efficient event-driven
    networks, Frontiers in Neuroscience 11, 2017.
    """

    v_threshold: float | Tensor = 1.0
    v_reset: float | Tensor | None = None
    v_start: float | Tensor = 0.0
    surrogate: Surrogate = FastSigmoid(slope=10.0)

    def __post_init__(self) -> None:
        check_finite("IF.v_threshold", self.v_threshold)
        check_finite("IF.v_start", self.v_start)
        if self.v_reset is not None:
            check_finite("IF.v_reset", self.v_reset, "To subtract the threshold use None.")

    def start(self, x: Step) -> IFState:
        """Return ``v_start`` for inputs like ``x``."""
        return IFState(torch.zeros_like(x) + self.v_start)

    def step(self, x: Step, state: IFState, *, dt: float) -> tuple[Step, IFState]:  # noqa: ARG002 - there is no decay
        """Advance by one step, of any length; ``x`` and ``state.v`` have shape (batch, neuron...)."""
        check_same_shape("IF.step", x=x, v=state.v)
        v = state.v + x
        spikes = self.surrogate(v - self.v_threshold)
        return spikes, IFState(reset(v, spikes, self.v_threshold, self.v_reset))
