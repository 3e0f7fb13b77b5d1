"""A fit of :class:`DiehlCook`: presentations one after another, each by a compiled loop; then neurons are named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, expm1, prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.coding import ClassVote, LinearReadout, Readout
from spikewright.cost import TrainingCost
from spikewright.fitting import Training
from spikewright.kernels import Membrane, Plasticity, present
from spikewright.learners._spike_sources import SpikeSource
from spikewright.network import AllButSelf, Layer, Network
from spikewright.neurons import ConductanceLIF

W_MAX = 1.0
FIRST_DRAWS, ORDERS, SPIKES, NAMING = range(4)
"""What a stream of random numbers is for, so that no two are the same."""


@dataclass(frozen=True)
class Plan:
    """What a fit needs to know besides its samples; see :class:`DiehlCook`. ``gain`` is what a weight of 1 opens."""

    neurons: int
    neuron: ConductanceLIF
    inhibition: float
    gain: float
    etas: tuple[float, float]
    taus: tuple[float, float, float]
    mean_weight: float
    rest: float
    epochs: int
    naming: int
    weighted: bool
    round_size: int | None
    seed: int
    dt: float


class DiehlCookTraining(Training):
    """Presents samples in random order; a round is a part of a pass or several, at whose end neurons are named.

    The randomness of a round is seeded by the fit's seed and the round's number.
    """

    def __init__(self, source: SpikeSource, labels: NDArray[np.int64], classes: int, plan: Plan) -> None:
        self._source, self._labels, self._classes, self._plan = source, labels, classes, plan
        self._round_size = plan.round_size or len(labels)
        self.rounds = ceil(plan.epochs * len(labels) / self._round_size)
        inputs = prod(source.shape)
        self._membrane, self._plasticity = membrane(plan), plasticity(plan, inputs)
        draws = np.random.default_rng((plan.seed, FIRST_DRAWS))
        self._weight = draws.random((inputs, plan.neurons), dtype=np.float32)
        self._weight *= np.float32(self._plasticity.w_sum) / self._weight.sum(0)
        self._theta = np.full(plan.neurons, np.asarray(plan.neuron.theta), np.float32)
        self._names = np.full(plan.neurons, -1)
        self._shares = np.zeros(plan.neurons, np.float32)

    def advance(self, round_: int) -> dict[str, float]:
        """Show the samples of one round and name the neurons; report spikes a sample and the mean threshold shift."""
        shown = self._shown(round_)
        steps = self._source.encoder.steps
        kept = exp(-(steps * self._plan.dt + self._plan.rest) / float(self._plan.neuron.tau_theta))
        spikes = 0
        for sample, seed in zip(shown, self._seeds(SPIKES, round_, len(shown)), strict=True):
            spikes += len(self._present(sample, seed, learn=True))
            self._theta *= np.float32(kept)
        self._name(round_)
        return {"spikes": spikes / len(shown), "theta": float(self._theta.mean())}

    def network(self) -> Network:
        """Return the network with the weights, thresholds and names of the last round."""
        inputs, neurons = self._weight.shape
        connection = nn.Linear(inputs, neurons, bias=False)
        connection.weight = nn.Parameter(torch.from_numpy(self._weight.T * np.float32(self._plan.gain)))
        neuron = replace(self._plan.neuron, theta=torch.from_numpy(self._theta.copy()), theta_plus=0.0)
        flatten = [Layer(nn.Flatten())] if len(self._source.shape) > 1 else []
        return Network(
            self._source.encoder,
            *flatten,
            Layer(connection, neuron, recurrent=AllButSelf(-self._plan.inhibition)),
            self._vote(),
            dt=self._plan.dt,
        )

    def state(self) -> dict[str, Tensor]:
        """Return weights, threshold shifts, and names with their shares."""
        return {
            "weight": torch.from_numpy(self._weight),
            "theta": torch.from_numpy(self._theta),
            "names": torch.from_numpy(self._names),
            "shares": torch.from_numpy(self._shares),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over weights, threshold shifts, and names with their shares."""
        self._weight = state["weight"].numpy().copy()
        self._theta = state["theta"].numpy().copy()
        self._names = state["names"].numpy().copy()
        self._shares = state["shares"].numpy().copy()

    def _shown(self, round_: int) -> NDArray[np.int64]:
        """Return the samples of a round, in order; each pass over the data has an order of its own."""
        count = len(self._labels)
        first = round_ * self._round_size
        last = min(first + self._round_size, self._plan.epochs * count)
        passes = range(first // count, ceil(last / count))
        orders = [np.random.default_rng((self._plan.seed, ORDERS, epoch)).permutation(count) for epoch in passes]
        start = first - passes[0] * count
        return np.concatenate(orders)[start : start + last - first]

    def _present(self, sample: int, seed: int, *, learn: bool) -> NDArray[np.int64]:
        """Show one sample and return the neurons that fired, once for each spike."""
        offsets, addresses = self._source.spikes(sample, seed)
        _, fired, updates = present(
            self._weight, self._theta, offsets, addresses, self._membrane, self._plasticity, learn
        )
        inputs, neurons = self._weight.shape
        self.samples += 1
        self.cost += TrainingCost(
            forward_accumulates=len(addresses) * neurons + len(fired) * (neurons - 1),
            neuron_updates=self._source.encoder.steps * neurons,
        )
        if learn:
            # A spike writes its step, from which its traces follow; one of a neuron raises its threshold too, and all
            # thresholds decay at the end.
            self.cost += TrainingCost(
                weight_updates=updates,
                trace_updates=len(addresses) + 2 * len(fired) + neurons,
                history_values=inputs + neurons,
                history_bytes=np.dtype(np.int64).itemsize * (inputs + neurons),
            )
        return fired

    def _name(self, round_: int) -> None:
        """Name each neuron after the class with the highest mean response, learning off; -1 if it stays silent.

        Its share is that of this class in its mean responses to all.
        """
        count = min(self._plan.naming, len(self._labels))
        chosen = np.random.default_rng((self._plan.seed, NAMING)).permutation(len(self._labels))[:count]
        responses = np.zeros((self._classes, self._plan.neurons))
        for sample, seed in zip(chosen, self._seeds(NAMING, round_, count), strict=True):
            fired = self._present(sample, seed, learn=False)
            responses[self._labels[sample]] += np.bincount(fired, minlength=self._plan.neurons)
        responses /= np.maximum(np.bincount(self._labels[chosen], minlength=self._classes), 1)[:, None]
        answered = responses.any(0)
        self._names = np.where(answered, responses.argmax(0), -1)
        self._shares = (responses.max(0) / np.where(answered, responses.sum(0), 1)).astype(np.float32)

    def _vote(self) -> Readout:
        """Return what turns spikes into scores; weighted votes are a linear readout."""
        if not self._plan.weighted:
            return ClassVote(labels=torch.from_numpy(self._names.copy()), classes=self._classes)
        members = self._names == np.arange(self._classes)[:, None]
        weight = members * self._shares / np.maximum(members.sum(1, keepdims=True), 1)
        return LinearReadout(weight=torch.from_numpy(weight.astype(np.float32)), bias=torch.zeros(self._classes))

    def _seeds(self, purpose: int, round_: int, count: int) -> list[int]:
        draws = np.random.default_rng((self._plan.seed, purpose, round_)).integers(2**63 - 1, size=count)
        return [int(seed) for seed in draws]


def membrane(plan: Plan) -> Membrane:
    """Return the constants of the neurons for the compiled loop."""
    neuron, dt = plan.neuron, plan.dt
    tau_mem, tau_ge, tau_gi = float(neuron.tau_mem), float(neuron.tau_ge), float(neuron.tau_gi)
    return Membrane(
        leak=-dt / tau_mem,
        v_leak=float(neuron.v_leak),
        v_reset=float(neuron.v_reset),
        v_threshold=float(neuron.v_threshold),
        offset=float(neuron.offset),
        e_exc=float(neuron.e_exc),
        e_inh=float(neuron.e_inh),
        mean_exc=-expm1(-dt / tau_ge) * tau_ge / dt,
        mean_inh=-expm1(-dt / tau_gi) * tau_gi / dt,
        decay_exc=exp(-dt / tau_ge),
        decay_inh=exp(-dt / tau_gi),
        wait=round(float(neuron.tau_ref) / dt),
        gain=plan.gain,
        inhibition=plan.inhibition,
    )


def plasticity(plan: Plan, inputs: int) -> Plasticity:
    """Return the constants of learning for the compiled loop."""
    eta_pre, eta_post = plan.etas
    decay_pre, decay_fast, decay_slow = (exp(-plan.dt / tau) for tau in plan.taus)
    return Plasticity(
        eta_pre=eta_pre,
        eta_post=eta_post,
        decay_pre=decay_pre,
        decay_fast=decay_fast,
        decay_slow=decay_slow,
        theta_plus=float(plan.neuron.theta_plus),
        w_max=W_MAX,
        w_sum=plan.mean_weight * inputs,
    )
