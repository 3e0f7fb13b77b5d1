"""Population vote: the group of neurons that fired most often wins."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.checks import Scores, ScoresOverTime, Sequence, check_count
from spikewright.coding._readout import Readout


@dataclass(frozen=True)
class PopulationVote(Readout):
    """Output neurons in equal groups, one after another, one group a class; the score is the spike count of a group.

    Parameters
    ----------
    classes : int
        Number of groups; the number of neurons must be a multiple of it.
    """

    classes: int

    def __post_init__(self) -> None:
        check_count("PopulationVote.classes", self.classes)

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the running count of each group, shape (time, batch, class)."""
        return self._groups(outputs).cumsum(0)

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the count of each group, shape (batch, class)."""
        return self._groups(outputs.sum(0))

    def _groups(self, counts: Tensor) -> Tensor:
        neurons = counts.shape[-1]
        if neurons % self.classes:
            raise ValueError(
                f"PopulationVote: takes a multiple of {self.classes} neurons, one group a class; got {neurons}."
            )
        return counts.reshape(*counts.shape[:-1], self.classes, -1).sum(-1)
