"""Gradient descent on the times of first spikes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spikewright.checks import check_in_range, check_positive
from spikewright.coding import LevelLatency
from spikewright.cost import TrainingCost
from spikewright.fitting import (
    Descent,
    Labelled,
    Training,
    restore_tensors,
    seeded,
    shifted,
    shuffled,
    take,
    tensors_of,
    written,
)
from spikewright.learners._first_spike_cost import causal_cost, causal_inputs, causal_inputs_of_levels
from spikewright.learners._first_spike_times import spike_times, spike_times_of_levels
from spikewright.network import Network

Z_END = 20.0
"""What would fire after this time, three time constants, is silent in training."""


@dataclass(frozen=True)
class Objective:
    """What is minimised, and how large a gradient may be.

    Parameters
    ----------
    sharpness : float
        Factor of the distances between spikes in the softmax: the larger, the closer to the first the others may be.
    weight_sum_cost : float
        Cost of each unit by which the sum of a neuron's weights falls short of 1, below which it can never fire.
    largest_gradient : float
        A neuron's gradient, the vector over its weights, is scaled down to this norm: as the sum of its causal weights
        comes near 1, its spike time and the gradient grow without bound.
    dropout : float
        Fraction of the hidden spikes that are left out in training.
    """

    sharpness: float
    weight_sum_cost: float
    largest_gradient: float
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_positive("sharpness", self.sharpness)
        check_in_range("weight_sum_cost", self.weight_sum_cost, 0.0, inf)
        check_positive("largest_gradient", self.largest_gradient)
        check_in_range("dropout", self.dropout, 0.0, 0.99)


class TimedLayer(NamedTuple):
    """When the neurons of a layer fire first, and how many inputs of each came before; both of shape (batch, out)."""

    causal: Tensor
    z_out: Tensor
    first: bool


class FirstSpikeTraining(Training):
    """Minimises the cross-entropy of ``-sharpness * z`` of the output neurons; one round is one epoch.

    Times are exact, not on the network's grid, but for the inputs'.

    Parameters
    ----------
    net : Network
        A :class:`LevelLatency` encoder, dense layers of CurrentIF neurons, which share ``tau_syn``, and a readout.
    train : Labelled
        Training samples.
    descent, objective
        How to descend, and on what.
    tau_syn : float
        Time constant of the neurons in seconds.
    seed : int
        Fixes the order of samples, shifts and dropout.
    """

    def __init__(
        self, net: Network, train: Labelled, descent: Descent, objective: Objective, *, tau_syn: float, seed: int
    ) -> None:
        encoder = net.encoder
        assert isinstance(encoder, LevelLatency)  # the learner builds no other
        self.rounds = descent.epochs
        self._net = net
        self._encoder = encoder
        self._train = train
        self._labels = torch.from_numpy(train.y)
        self._descent = descent
        self._objective = objective
        self._seed = seed
        self._weights = list(net.parameters())
        self._z_inputs = torch.exp(encoder.step_of_level(net.dt).double() * net.dt / tau_syn).to(net.like)
        # The fused step takes a seventh of the time of the default one, which is most of what a small network costs.
        self._optimizer = torch.optim.AdamW(
            self._weights, lr=descent.learning_rate, weight_decay=descent.weight_decay, fused=True
        )

    def advance(self, round_: int) -> dict[str, float]:
        """Do one epoch; report its mean loss."""
        total = 0.0
        batches = ceil(len(self._train) / self._descent.batch_size)
        with seeded(self._seed, round_) as generator:
            parts = shuffled(len(self._train), self._descent.batch_size, generator)
            for number, index in enumerate(parts):
                for group in self._optimizer.param_groups:
                    group["lr"] = self._descent.rate((round_ + (number + 0.5) / batches) / self.rounds)
                total += self._descend(index, generator) * len(index)
        self.samples += len(self._train)
        return {"loss": total / len(self._train)}

    def _descend(self, index: Tensor, generator: torch.Generator) -> float:
        """Take one step on the samples at ``index`` and return their mean cross-entropy."""
        layers = self._layers(self._levels(index, generator))
        scores = -self._objective.sharpness * layers[-1].z_out.clamp(max=Z_END)
        loss = nn.functional.cross_entropy(scores, self._labels[index])
        short = torch.stack([(1 - weight.sum(1)).relu().sum() for weight in self._weights]).sum()
        self._optimizer.zero_grad(set_to_none=True)
        (loss + self._objective.weight_sum_cost * short).backward()  # type: ignore[no-untyped-call]
        for weight in self._weights:
            _shorten(weight, self._objective.largest_gradient)
        self._optimizer.step()
        self.cost += sum(
            (causal_cost(layer.causal, layer.z_out, first=layer.first) for layer in layers),
            written(self._optimizer) + self._history,
        )
        return float(loss.detach())

    def _levels(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Return the level of every input of the samples at ``index``, shape (batch, in)."""
        x = self._encoder.gather(take(self._train, index), dt=self._net.dt, like=self._net.like)
        for transform in self._encoder.before:
            x = transform(x)
        if self._descent.shift:
            x = shifted(x, self._descent.shift, generator)
        return self._encoder.level(x).flatten(1)

    def _layers(self, levels: Tensor) -> list[TimedLayer]:
        """Return the first spikes' times of all neurons, layer by layer; their gradients will be kept."""
        z = spike_times_of_levels(levels, self._z_inputs, self._weights[0], Z_END)
        causal = causal_inputs_of_levels(levels, self._z_inputs, z.detach())
        layers = [TimedLayer(causal, z, first=True)]
        for weight in self._weights[1:]:
            if self._objective.dropout:
                z = z.masked_fill(torch.rand_like(z) < self._objective.dropout, inf)
            fired = spike_times(z, weight, Z_END)
            layers.append(TimedLayer(causal_inputs(z.detach(), fired.detach(), Z_END), fired, first=False))
            z = fired
        for layer in layers:
            layer.z_out.retain_grad()
        return layers

    @property
    def _history(self) -> TrainingCost:
        """What is kept of a sample: the level of each input, the time and the slope of each neuron's spike."""
        inputs, neurons = self._weights[0].shape[1], sum(len(weight) for weight in self._weights)
        size = self._weights[0].element_size()
        return TrainingCost(
            history_values=inputs + 2 * neurons,
            history_bytes=torch.int64.itemsize * inputs + 2 * size * neurons,
        )

    def network(self) -> Network:
        """Return the network that is being trained."""
        return self._net

    def state(self) -> dict[str, Tensor]:
        """Return the network's tensors and the optimiser's moments."""
        return tensors_of(self._net, self._optimizer)

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the network's tensors and the optimiser's moments."""
        restore_tensors(self._net, self._optimizer, state)


def _shorten(weight: Tensor, longest: float) -> None:
    """Scale each neuron's gradient, a row, down to a norm of at most ``longest``."""
    gradient = weight.grad
    if gradient is not None:
        norm = gradient.norm(dim=1, keepdim=True)
        gradient.mul_(longest / norm.clamp(min=longest))
