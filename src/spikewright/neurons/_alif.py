"""The leaky integrate-and-fire neuron with an adaptive threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_in_range, check_positive, check_same_shape
from spikewright.neurons._model import NeuronModel, decay
from spikewright.neurons._surrogate import Surrogate
from spikewright.neurons._triangle import Triangle


class ALIFState(NamedTuple):
    """Membrane potential ``v`` in threshold units and adaptation ``a``, shape (batch, neuron...)."""

    v: Step
    a: Step


@dataclass(frozen=True)
class ALIF(NeuronModel):
    r"""Leaky integrate-and-fire neurons whose threshold rises with each spike: the adaptive neurons of LSNNs.

    .. math::
        \tau_{mem}\,\dot v = -v + \tau_{mem} \sum_k x_k\,\delta(t - t_k), \qquad
        \tau_{adapt}\,\dot a = -a + \mathrm{spikes}, \qquad
        B = v_{threshold} + \mathrm{scale} \cdot a

    Each step: decay ``v``, add the charge ``x`` of the spikes that arrive in it, fire where ``v >= B``, subtract ``B``
    from ``v`` of the neurons that fired; then :math:`a \leftarrow \rho a + (1 - \rho)\,\mathrm{spikes}` with
    :math:`\rho = e^{-dt/\tau_{adapt}}`, so that a spike raises the threshold from the next step on and ``a`` is the
    running mean of the spikes, between 0 and 1. The paper takes ``B`` off one step later, after the decay; here it goes
    at once, as in every neuron of this package. There is no refractory period. As in the authors' program, the
    surrogate sees the relative distance ``(v - B) / B``.

    Parameters
    ----------
    tau_mem, tau_adapt : float or Tensor, shape (neuron,)
        Time constants of membrane and adaptation in seconds, > 0.
    v_threshold : float or Tensor, shape (neuron,)
        Threshold of a neuron that has not fired, in units of ``v``, > 0.
    scale : float or Tensor, shape (neuron,)
        What full adaptation (``a = 1``, a spike in every step) adds to the threshold, >= 0. The paper calls it beta.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Bellec, Salaj, Subramoney, Legenstein, Maass, Long short-term memory and learning-to-learn in networks of spiking
    neurons, NeurIPS 2018, equations 1 to 3.
    """

    tau_mem: float | Tensor
    tau_adapt: float | Tensor
    v_threshold: float | Tensor = 1.0
    scale: float | Tensor = 1.8
    surrogate: Surrogate = Triangle(width=1.0, height=0.3)

    def __post_init__(self) -> None:
        check_positive("ALIF.tau_mem", self.tau_mem, "seconds")
        check_positive("ALIF.tau_adapt", self.tau_adapt, "seconds", "For a fixed threshold use LIF.")
        check_positive("ALIF.v_threshold", self.v_threshold)
        check_in_range("ALIF.scale", self.scale, 0, math.inf)

    def start(self, x: Step) -> ALIFState:
        """Return ``v = a = 0`` for inputs like ``x``."""
        return ALIFState(torch.zeros_like(x), torch.zeros_like(x))

    def step(self, x: Step, state: ALIFState, *, dt: float) -> tuple[Step, ALIFState]:
        """Advance by ``dt`` seconds; ``x``, ``state.v`` and ``state.a`` have shape (batch, neuron...)."""
        check_same_shape("ALIF.step", x=x, v=state.v)
        v = state.v * decay(self.tau_mem, dt) + x
        threshold = self.v_threshold + self.scale * state.a
        spikes = self.surrogate((v - threshold) / threshold)
        kept = decay(self.tau_adapt, dt)
        return spikes, ALIFState(v - spikes * threshold, kept * state.a + (1 - kept) * spikes)
