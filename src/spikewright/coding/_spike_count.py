"""Spike count: the neuron that fired most often wins."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import Scores, ScoresOverTime, Sequence
from spikewright.coding._readout import Readout


@dataclass(frozen=True)
class SpikeCount(Readout):
    """One output neuron a class; the score is the number of its spikes so far (or the sum of its analog outputs)."""

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the running count, shape (time, batch, class)."""
        return outputs.cumsum(0)

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the count, shape (batch, class)."""
        return outputs.sum(0)
