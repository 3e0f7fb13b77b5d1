"""What happened in a run: scores over time and spikes per layer, sample and neuron."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class LayerActivity:
    """The events of one layer, or of the encoder: its spikes, or the analog values that are not 0.

    A count of spikes, as a sum pool gives, is so many events.

    Parameters
    ----------
    per_sample : Tensor of float64, shape (sample,)
        Events of each sample, over time and neurons.
    per_neuron : Tensor of float64, shape (neuron...)
        Events of each neuron, over time and samples.
    counts : Tensor of float64, shape (sample, neuron...), or None
        Events of each neuron in each sample, over time, if they were asked for.
    """

    per_sample: Tensor
    per_neuron: Tensor
    counts: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the layer for one sample."""
        return tuple(self.per_neuron.shape)


@dataclass(frozen=True, eq=False)
class Activity:
    """The result of a run.

    Parameters
    ----------
    scores : Tensor, shape (time, sample, class)
        Scores after each step; the last row is the result.
    layers : dict of LayerActivity
        By the layer's name; ``"input"`` is what the encoder gave.
    sums : dict of LayerActivity
        By the name of a layer that adds the outputs of several others, not all of them spikes: the values of that sum
        that are not 0. A sum of spikes has as many events as what is added.
    rasters : dict of Tensor, shape (time, sample, neuron...)
        Output of every layer, if it was asked for.
    """

    scores: Tensor
    layers: dict[str, LayerActivity]
    sums: dict[str, LayerActivity] = field(default_factory=dict)
    rasters: dict[str, Tensor] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return self.scores.shape[0]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.scores.shape[1]

    @property
    def decisions(self) -> Tensor:
        """Index of the best class after each step, shape (time, sample)."""
        return self.scores.argmax(-1)

    @property
    def latencies(self) -> Tensor:
        """Steps until the decision is the final one and stays so, shape (sample,), from 1 to ``steps``."""
        differs = self.decisions != self.decisions[-1]
        step = torch.arange(1, self.steps + 1).unsqueeze(1)
        return (differs * step).amax(0).clamp(max=self.steps - 1) + 1

    def accuracy(self, labels: Tensor) -> float:
        """Return the fraction of samples whose final decision is their label, shape (sample,)."""
        return float((self.decisions[-1] == labels).double().mean())

    def accuracy_over_time(self, labels: Tensor) -> Tensor:
        """Return the accuracy that a run of each length would have, shape (time,)."""
        return (self.decisions == labels).double().mean(1)
