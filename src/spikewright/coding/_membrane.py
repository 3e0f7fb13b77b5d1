"""Membrane: the neuron with the highest potential wins."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import ScoresOverTime, Sequence
from spikewright.coding._readout import Readout


@dataclass(frozen=True)
class Membrane(Readout):
    """One output unit a class; the score is its potential after the step, as an integrator gives it."""

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the potentials themselves, shape (time, batch, class)."""
        return outputs
