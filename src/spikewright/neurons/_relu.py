"""The rectifier: the analog unit of the artificial network beside every spiking one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from spikewright.checks import Sequence, Step
from spikewright.neurons._model import NeuronModel


class NoState(NamedTuple):
    """A unit without memory has no state."""


@dataclass(frozen=True)
class ReLU(NeuronModel):
    r"""Rectified linear units, :math:`y = \max(0, x)`: no time, no state, analog output.

    With these an artificial network is a :class:`~spikewright.network.Network` of one step, so it is run, counted and
    saved by the same code as the spiking networks it is compared with.

    References
    ----------
    Nair, Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
    """

    spiking: ClassVar[bool] = False

    def start(self, x: Step) -> NoState:  # noqa: ARG002 - a unit without memory starts from nothing
        """Return the empty state."""
        return NoState()

    def step(self, x: Step, state: NoState, *, dt: float) -> tuple[Step, NoState]:  # noqa: ARG002
        """Rectify ``x``, shape (batch, neuron...)."""
        return x.relu(), state

    def scan(self, x: Sequence, state: NoState | None = None, *, dt: float) -> tuple[Sequence, NoState]:  # noqa: ARG002
        """Rectify all steps at once."""
        return x.relu(), NoState()
