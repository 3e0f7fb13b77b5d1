"""Membrane maximum: the neuron whose potential has been highest wins."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import Scores, ScoresOverTime, Sequence
from spikewright.coding._readout import Readout


@dataclass(frozen=True)
class MembraneMaximum(Readout):
    """One output unit a class; the score is the highest potential that it has had, as an integrator gives it.

    The gradient goes to the step of the maximum.

    References
    ----------
    Cramer, Stradmann, Schemmel, Zenke, The Heidelberg spiking data sets, IEEE TNNLS 33, 2022.
    """

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the running maximum, shape (time, batch, class)."""
        return outputs.cummax(0).values

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the maximum, shape (batch, class)."""
        return outputs.max(0).values
