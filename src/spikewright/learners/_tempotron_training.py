"""A fit of :class:`Tempotron`: every neuron for itself, by a compiled loop over the spikes of its samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log, prod
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.coding import Encoder, PopulationVote
from spikewright.cost import TrainingCost
from spikewright.fitting import Labelled, Training
from spikewright.kernels import Tempo, tempotron_pass
from spikewright.network import Layer, Network
from spikewright.neurons import CUBA

START = 0.01
"""Standard deviation of the first weights, which are normal: far below what one spike needs to reach the threshold."""

END = 0.1
"""Part of the learning rate that is left in the last round."""

FIRST_DRAWS, ORDERS = range(2)
"""What a stream of random numbers is for, so that no two are the same."""

_BATCH = 200


@dataclass(frozen=True)
class TempotronPlan:
    """What a fit needs to know besides its samples; see :class:`Tempotron`."""

    group: int
    epochs: int
    dt: float
    tau_mem: float
    tau_syn: float
    rate: float | None
    momentum: float
    share: float
    seed: int


class SpikeLists(NamedTuple):
    """Spikes of many samples: those of ``s`` in step ``t`` are ``addresses[offsets[s, t]:offsets[s, t + 1]]``."""

    offsets: NDArray[np.int64]
    addresses: NDArray[np.int32]


class TempotronTraining(Training):
    """Shows every neuron its share of the samples in a random order; one round is one pass.

    The rule's weights are those of the network, whose threshold is the highest response to a spike of weight 1, so that
    such a weight is what lifts the potential to the threshold, as in the paper.
    """

    def __init__(self, encoder: Encoder, train: Labelled, classes: int, plan: TempotronPlan) -> None:
        self._encoder, self._train, self._classes, self._plan = encoder, train, classes, plan
        self.rounds = plan.epochs
        self._shape = tuple(train.x[0].shape)
        neurons = classes * plan.group
        self._wanted = np.repeat(np.arange(classes), plan.group)[:, None] == train.y
        draws = np.random.default_rng((plan.seed, FIRST_DRAWS))
        self._weight = START * draws.standard_normal((neurons, prod(self._shape)), dtype=np.float32)
        self._change = np.zeros_like(self._weight)
        shown = max(1, round(plan.share * len(train)))
        self._samples = np.stack([draws.permutation(len(train))[:shown] for _ in range(neurons)]).astype(np.int32)

    def advance(self, round_: int) -> dict[str, float]:
        """Do one pass; report the fraction of wrong decisions of single neurons, each just before it was corrected."""
        draws = np.random.default_rng((self._plan.seed, ORDERS, round_))
        order = draws.permuted(self._samples, axis=1)
        offsets, addresses = self._spikes
        tempo = self._tempo(1 - (1 - END) * round_ / max(self.rounds - 1, 1))
        errors, responses = tempotron_pass(
            self._weight, self._change, offsets, addresses, self._wanted, order, self._response, tempo
        )
        self.samples += len(self._train)
        self.cost += self._cost(order, int(errors.sum()), responses)
        return {"errors": float(errors.sum() / order.size)}

    def _cost(self, order: NDArray[np.int32], errors: int, responses: int) -> TrainingCost:
        """Return what one pass cost: a wrong decision writes all weights of its neuron.

        Kept of a sample are its spikes, because the moment that the rule looks back from is known at the end only.
        """
        offsets, addresses = self._spikes
        inputs, spikes = self._weight.shape[1], offsets[:, -1] - offsets[:, 0]
        kept = int(spikes.max())
        return TrainingCost(
            forward_accumulates=int(spikes[order].sum()),
            gradient_accumulates=responses,
            weight_updates=errors * inputs,
            optimizer_updates=errors * inputs if self._plan.momentum else 0,
            neuron_updates=order.size * self._encoder.steps,
            history_values=offsets.shape[1] + kept,
            history_bytes=offsets.shape[1] * offsets.itemsize + kept * addresses.itemsize,
        )

    def network(self) -> Network:
        """Return the network with the weights of the last round."""
        connection = nn.Linear(prod(self._shape), len(self._weight), bias=False)
        connection.weight = nn.Parameter(torch.from_numpy(self._weight.copy()))
        neuron = CUBA(
            self._plan.tau_mem, self._plan.tau_syn, v_threshold=self._peak, v_reset=torch.from_numpy(self._silence())
        )
        flatten = [Layer(nn.Flatten())] if len(self._shape) > 1 else []
        return Network(
            self._encoder, *flatten, Layer(connection, neuron), PopulationVote(self._classes), dt=self._plan.dt
        )

    def state(self) -> dict[str, Tensor]:
        """Return weights and their last changes."""
        return {"weight": torch.from_numpy(self._weight), "change": torch.from_numpy(self._change)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over weights and their last changes."""
        self._weight = state["weight"].numpy().copy()
        self._change = state["change"].numpy().copy()

    @cached_property
    def _spikes(self) -> SpikeLists:
        """The spikes of all training samples; made in the first round, as part of it."""
        counts, addresses = [], []
        for start in range(0, len(self._train), _BATCH):
            raster = self._encoder(self._train.x[start : start + _BATCH], dt=self._plan.dt, like=torch.zeros(()))
            by_sample = raster.flatten(2).transpose(0, 1).numpy() != 0
            counts.append(np.count_nonzero(by_sample, axis=2))
            addresses.append(np.nonzero(by_sample)[2].astype(np.int32))
        ends = np.cumsum(np.concatenate(counts)).reshape(len(self._train), -1)
        before = np.concatenate([[0], ends[:-1, -1]])
        return SpikeLists(np.column_stack([before, ends]), np.concatenate(addresses))

    @property
    def _peak(self) -> float:
        """Highest response of the potential to one spike of weight 1."""
        mem, syn = self._plan.tau_mem, self._plan.tau_syn
        return float(self._potential(np.array(log(mem / syn) * mem * syn / (mem - syn))))

    @cached_property
    def _response(self) -> NDArray[np.float32]:
        """Response of the potential so many steps after a spike, as a part of the highest."""
        steps = np.arange(self._encoder.steps)
        return (self._potential(steps * self._plan.dt) / self._peak).astype(np.float32)

    def _potential(self, time: NDArray[np.floating]) -> NDArray[np.floating]:
        mem, syn = self._plan.tau_mem, self._plan.tau_syn
        response: NDArray[np.floating] = syn / (mem - syn) * (np.exp(-time / mem) - np.exp(-time / syn))
        return response

    def _tempo(self, left: float) -> Tempo:
        """Return the constants of a round in which a part of the learning rate is left."""
        plan = self._plan
        spikes = len(self._spikes.addresses) / len(self._train)
        rate = 1 / max(spikes, 1.0) if plan.rate is None else plan.rate
        return Tempo(
            decay_mem=exp(-plan.dt / plan.tau_mem),
            decay_syn=exp(-plan.dt / plan.tau_syn),
            gain=float(self._potential(np.array(plan.dt))),
            threshold=self._peak,
            rate=rate * left,
            momentum=plan.momentum,
        )

    def _silence(self) -> NDArray[np.float32]:
        """Return where each neuron is reset after a spike: so low that no input can make it fire again within a run."""
        steps = self._encoder.steps
        highest = steps * np.maximum(self._weight, 0).sum(1, dtype=np.float64)
        back = exp(steps * self._plan.dt / self._plan.tau_mem)
        low: NDArray[np.float32] = (-self._peak * (1 + highest) * back).astype(np.float32)
        return low
