"""Class vote: neurons that were named after classes vote by their spikes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Scores, ScoresOverTime, Sequence, check_count
from spikewright.coding._readout import Readout


@dataclass(frozen=True, eq=False)
class ClassVote(Readout):
    """Neurons labelled with classes; the score of a class is the mean number of spikes of its neurons so far.

    Parameters
    ----------
    labels : Tensor of int64, shape (neuron,)
        Class that each neuron stands for; -1 for none, and its spikes do not count.
    classes : int
        Number of classes; one without neurons scores 0.

    References
    ----------
    Diehl, Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, Frontiers in
    Computational Neuroscience 9, 2015.
    """

    labels: Tensor
    classes: int

    def __post_init__(self) -> None:
        check_count("ClassVote.classes", self.classes)
        if self.labels.dtype != torch.int64 or self.labels.ndim != 1 or not len(self.labels):
            raise ValueError(
                "ClassVote.labels: must be int64, one a neuron, shape (neuron,); "
                f"got {self.labels.dtype}, shape {tuple(self.labels.shape)}."
            )
        low, high = torch.aminmax(self.labels)
        if low < -1 or high >= self.classes:
            raise ValueError(
                f"ClassVote.labels: must lie in [-1, {self.classes - 1}], -1 for no class; got {low} to {high}."
            )

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the running mean count of each class, shape (time, batch, class)."""
        members = self._members(outputs)
        # Classes first: they are fewer than neurons.
        return (outputs @ members).cumsum(0) / members.sum(0).clamp(min=1)

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the mean count of each class, shape (batch, class)."""
        members = self._members(outputs)
        return outputs.sum(0) @ members / members.sum(0).clamp(min=1)

    def _members(self, outputs: Tensor) -> Tensor:
        """Return 1 where a neuron stands for a class, shape (neuron, class)."""
        if outputs.shape[-1] != len(self.labels):
            raise ValueError(f"ClassVote: has labels for {len(self.labels)} neurons; got {outputs.shape[-1]}.")
        return (self.labels.unsqueeze(1) == torch.arange(self.classes, device=self.labels.device)).to(outputs)
