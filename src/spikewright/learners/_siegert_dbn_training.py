"""A fit of :class:`SiegertDBN`: one hidden layer after another, then the layer of labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.coding import Encoder, EventFrames, Poisson, Samples, SpikeCount
from spikewright.cost import TrainingCost
from spikewright.engines import run
from spikewright.fitting import Labelled, Training, rescaling, take
from spikewright.learners._siegert_units import Rates, SiegertUnits, Weights, delta, divergence
from spikewright.network import Layer, Network
from spikewright.neurons import LIF
from spikewright.spikes import Events

COMPARED = 1000
"""Training samples on which rates and spikes are compared at the end."""
AT_ONCE = 500
"""Samples whose rates are computed at once."""
FIRST_WEIGHTS, ORDERS = range(2)
"""What a stream of random numbers is for, so that no two are the same."""
PROPAGATED = 2
"""Uses of a synapse when rates are propagated: for their mean and for their variance."""
PROPAGATIONS = 3
"""In a step of contrastive divergence: up, down to the reconstruction, and up again."""
PHASES = 2
"""Correlations of visible and hidden rates in such a step: of the data and of the reconstruction."""


@dataclass(frozen=True)
class HiddenPlan:
    """How a hidden layer learns; see :class:`SiegertDBN`."""

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float
    first_charge: float


@dataclass(frozen=True)
class LabelPlan:
    """How the layer of labels learns; ``target`` is how probable a spike of the right class is in a step."""

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    target: float


class SiegertDBNTraining(Training):
    """Each round but the last is one pass for one hidden layer; the last trains the layer of labels.

    The randomness of a round is seeded by the fit's seed and the round's number.
    """

    def __init__(
        self,
        train: Labelled,
        inputs: Rates,
        encoder: Encoder,
        sizes: tuple[int, ...],
        *,
        units: SiegertUnits,
        hidden: HiddenPlan,
        labels: LabelPlan,
        seed: int,
    ) -> None:
        self.rounds = (len(sizes) - 1) * hidden.epochs + 1
        self._train, self._encoder, self._units = train, encoder, units
        self._hidden, self._labels, self._seed = hidden, labels, seed
        self._weights = [np.zeros(pair, np.float32) for pair in pairwise((inputs.shape[1], *sizes))]
        self._updates = [np.zeros_like(weight) for weight in self._weights[:-1]]
        self._bias = np.zeros(sizes[-1], np.float32)
        self._below = 0
        self._rates = inputs

    def advance(self, round_: int) -> dict[str, float]:
        """Train one layer; report its error of reconstruction, or at the end how well rates and spikes decide."""
        layer, epoch = divmod(round_, self._hidden.epochs)
        self._rise_to(layer)
        if layer and epoch == 0:
            # Counted here, because a fit that goes on rises through all layers again.
            self.cost += TrainingCost(
                forward_multiply_accumulates=len(self._train) * self._weights[layer - 1].size * PROPAGATED
            )
        if layer == len(self._weights) - 1:
            return self._learn_labels(round_)
        if epoch == 0:
            self._weights[layer] = self._first_weights(layer)
        return {"reconstruction_error": self._learn_hidden(layer, round_)}

    def network(self) -> Network:
        """Return the network with the weights of the last round; layers that have not learned yet are silent."""
        neuron = LIF(tau_mem=self._units.tau_mem, v_reset=0.0)
        flatten = [Layer(nn.Flatten())] if len(self._train.x[0].shape) > 1 else []
        hidden = [Layer(_linear(weight), neuron) for weight in self._weights[:-1]]
        labels = Layer(_linear(self._weights[-1], self._bias), neuron)
        return Network(self._encoder, *flatten, *hidden, labels, SpikeCount(), dt=self._units.dt)

    def state(self) -> dict[str, Tensor]:
        """Return all weights, the last updates of the hidden layers and the bias of the labels."""
        weights = {f"weight.{number}": torch.from_numpy(weight) for number, weight in enumerate(self._weights)}
        updates = {f"update.{number}": torch.from_numpy(update) for number, update in enumerate(self._updates)}
        return weights | updates | {"bias": torch.from_numpy(self._bias)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over weights, updates and bias."""
        self._weights = [state[f"weight.{number}"].numpy().copy() for number in range(len(self._weights))]
        self._updates = [state[f"update.{number}"].numpy().copy() for number in range(len(self._updates))]
        self._bias = state["bias"].numpy().copy()

    def _rise_to(self, layer: int) -> None:
        """Compute the rates of the training samples below a layer, from those that are known."""
        while self._below < layer:
            weight = self._weights[self._below]
            self._rates = self._propagated(self._rates, weight)
            self._below += 1

    def _propagated(self, rates: Rates, weight: Weights, bias: Rates | float = 0.0) -> Rates:
        squared = weight * weight
        starts = range(0, len(rates), AT_ONCE)
        return np.concatenate([self._units.rates(rates[i : i + AT_ONCE], weight, squared, bias) for i in starts])

    def _first_weights(self, layer: int) -> Weights:
        draws = np.random.default_rng((self._seed, FIRST_WEIGHTS, layer))
        spikes = float(self._rates.sum(1, dtype=np.float64).mean()) or 1.0
        scale = np.float32(self._hidden.first_charge / math.sqrt(spikes))
        normal = np.asarray(draws.standard_normal(self._weights[layer].shape, dtype=np.float32))
        return scale * normal

    def _learn_hidden(self, layer: int, round_: int) -> float:
        """Do one pass of contrastive divergence and return the relative squared error of reconstruction."""
        plan = self._hidden
        power = _mean_power(self._rates)
        weight, update = self._weights[layer], self._updates[layer]
        error = 0.0
        for batch in self._batches(plan.batch_size, round_, 0):
            visible = self._rates[batch]
            change, reconstruction = divergence(self._units, visible, weight)
            towards = change / np.float32(power) - np.float32(plan.weight_decay) * weight
            update = np.float32(plan.momentum) * update + np.float32(plan.learning_rate) * towards
            weight = weight + update
            error += float(np.square(visible - reconstruction).sum(dtype=np.float64))
        self._weights[layer], self._updates[layer] = weight, update
        self.samples += len(self._train)
        self.cost += TrainingCost(
            forward_multiply_accumulates=len(self._train) * weight.size * PROPAGATED * PROPAGATIONS,
            gradient_multiply_accumulates=len(self._train) * weight.size * PHASES,
        )
        self.cost += self._steps(plan.batch_size, learned=weight.size, kept=PHASES * sum(weight.shape))
        return error / (len(self._train) * power)

    def _learn_labels(self, round_: int) -> dict[str, float]:
        """Train the layer of labels and compare rates and spikes on the first training samples."""
        plan = self._labels
        weight, offset = self._weights[-1], np.full_like(self._bias, plan.target / len(self._bias))
        last = np.zeros_like(weight), np.zeros_like(offset)
        target = np.float32(plan.target) * np.eye(len(offset), dtype=np.float32)
        mean = self._rates.mean(0, dtype=np.float64).astype(np.float32)
        power = _mean_power(self._rates - mean)
        for epoch in range(plan.epochs):
            rate = plan.learning_rate * (1 - epoch / plan.epochs)
            for batch in self._batches(plan.batch_size, round_, epoch):
                wanted = target[self._train.y[batch]]
                changes = delta(self._units, self._rates[batch], wanted, weight, mean=mean, offset=offset)
                last = (
                    np.float32(plan.momentum) * last[0] + np.float32(rate / power) * changes[0],
                    np.float32(plan.momentum) * last[1] + np.float32(rate) * changes[1],
                )
                weight, offset = weight + last[0], offset + last[1]
        self._weights[-1], self._bias = weight, offset - mean @ weight
        self.samples += len(self._train) * plan.epochs
        self.cost += TrainingCost(
            forward_multiply_accumulates=len(self._train) * plan.epochs * weight.size * PROPAGATED,
            gradient_multiply_accumulates=len(self._train) * plan.epochs * weight.size,
        )
        for _ in range(plan.epochs):
            self.cost += self._steps(plan.batch_size, learned=weight.size + offset.size, kept=sum(weight.shape))
        return self._compared()

    def _steps(self, batch_size: int, *, learned: int, kept: int) -> TrainingCost:
        """Return what the steps of one pass write, momentum included, and the rates that they keep of a sample."""
        written = math.ceil(len(self._train) / batch_size) * learned
        return TrainingCost(
            weight_updates=written,
            optimizer_updates=written,
            history_values=kept,
            history_bytes=kept * self._rates.itemsize,
        )

    def _compared(self) -> dict[str, float]:
        """Return the accuracy of rates and of spikes on the same training samples."""
        count = min(COMPARED, len(self._train))
        labels = self._train.y[:count]
        decided = self._propagated(self._rates[:count], self._weights[-1], self._bias).argmax(1)
        fired = run(self.network(), take(self._train, torch.arange(count))).accuracy(torch.from_numpy(labels))
        return {"rate_accuracy": float(np.mean(decided == labels)), "spike_accuracy": fired}

    def _batches(self, size: int, round_: int, epoch: int) -> list[NDArray[np.int64]]:
        order = np.random.default_rng((self._seed, ORDERS, round_, epoch)).permutation(len(self._train))
        return np.split(order, range(size, len(order), size))


def firing_probabilities(x: Samples, *, steps: int, dt: float, max_rate: float) -> tuple[Encoder, Rates]:
    """Return the encoder for samples of either kind, and how probable a spike of each input is in a step.

    Parameters
    ----------
    x : array, shape (sample, ...), or sequence of Events
        Training samples; numbers are brought into [0, 1] by the range of all of them.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds.
    max_rate : float
        Rate in Hz of an input of value 1.
    """
    if isinstance(x[0], Events):
        frames = EventFrames(steps=steps)
        means = [frames(x[i : i + 1], dt=dt, like=torch.zeros(())).mean(0) for i in range(len(x))]
        return frames, torch.cat(means).flatten(1).numpy()
    before = rescaling(x)
    values = torch.as_tensor(x, dtype=torch.float32)
    for transform in before:
        values = transform(values)
    return Poisson(steps=steps, max_rate=max_rate, before=before), (values.flatten(1) * (max_rate * dt)).numpy()


def _mean_power(rates: Rates) -> float:
    """Return the mean squared length of rows, or 1 where all are 0 and nothing can be learned."""
    return float(np.square(rates).sum(1, dtype=np.float64).mean()) or 1.0


def _linear(weight: Weights, bias: Rates | None = None) -> nn.Linear:
    inputs, units = weight.shape
    connection = nn.Linear(inputs, units, bias=bias is not None)
    connection.weight = nn.Parameter(torch.from_numpy(np.ascontiguousarray(weight.T)))
    if bias is not None:
        connection.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    return connection
