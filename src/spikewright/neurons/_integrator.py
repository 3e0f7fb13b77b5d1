"""The leaky integrator: a membrane that never fires, for readouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_positive, check_same_shape
from spikewright.neurons._model import NeuronModel, decay


class IntegratorState(NamedTuple):
    """Membrane potential ``v``, shape (batch, neuron...)."""

    v: Step


@dataclass(frozen=True)
class Integrator(NeuronModel):
    r"""Leaky integrators whose output is the membrane potential itself.

    .. math:: \tau_{mem}\,\dot v = -v + \tau_{mem} \sum_k x_k\,\delta(t - t_k)

    Each step: decay, add the charge ``x``. There is no threshold and no reset.

    Parameters
    ----------
    tau_mem : float or Tensor, shape (neuron,), or None
        Membrane time constant in seconds, > 0; ``None`` for no leak.

    References
    ----------
    Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics, 2014, section 1.3.
    """

    tau_mem: float | Tensor | None = None

    spiking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.tau_mem is not None:
            check_positive("Integrator.tau_mem", self.tau_mem, "seconds", "For no leak use None.")

    def start(self, x: Step) -> IntegratorState:
        """Return ``v = 0`` for inputs like ``x``."""
        return IntegratorState(torch.zeros_like(x))

    def step(self, x: Step, state: IntegratorState, *, dt: float) -> tuple[Step, IntegratorState]:
        """Advance by ``dt`` seconds; ``x`` and ``state.v`` have shape (batch, neuron...)."""
        check_same_shape("Integrator.step", x=x, v=state.v)
        v = (state.v if self.tau_mem is None else state.v * decay(self.tau_mem, dt)) + x
        return v, IntegratorState(v)
