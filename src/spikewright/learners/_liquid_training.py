"""Training of a liquid state machine: the liquid runs, and a linear readout learns from what it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from spikewright.checks import check_count, check_positive
from spikewright.coding import WindowedReadout
from spikewright.cost import TrainingCost
from spikewright.engines import Batch
from spikewright.fitting import Labelled, Training, take
from spikewright.learners._liquid_quality import kernel_rank, liquid_states, separation
from spikewright.learners._ridge import Moments, choose_penalty, products_of_choice
from spikewright.network import Network

_BATCH = 100
_HELD_OUT = 4
"""Every fourth sample does not train, but chooses the penalty."""

_QUALITY = 500
"""Samples on which separation and kernel rank are measured."""

_GAIN_EXPONENT = 10.0
_HALVINGS = 12
"""The gain of the inputs is sought between 2 to minus and to plus this power, by halving the interval so often."""


@dataclass(frozen=True)
class LiquidPlan:
    """How a liquid state machine is trained; see :class:`LiquidState` for the parameters."""

    rate: float
    calibration: int
    part: int
    penalties: tuple[float, ...]
    seed: int

    def __post_init__(self) -> None:
        check_positive("LiquidState.rate", self.rate, "Hz")
        check_count("LiquidState.calibration", self.calibration)
        check_count("LiquidState.part", self.part)
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(f"LiquidState.penalties: must be one or more numbers > 0; got {self.penalties}.")


class LiquidTraining(Training):
    """Runs the liquid on one part of the samples a round, then fits the readout to all parts so far.

    The first round also sets the gain of the inputs and measures the quality of the liquid.

    Parameters
    ----------
    net : Network
        Its last two layers are the inputs and the liquid; its readout is a
        :class:`~spikewright.coding.WindowedReadout`, whose weights are written in place.
    train : Labelled
        Training samples.
    plan : LiquidPlan
        How to train.
    """

    def __init__(self, net: Network, train: Labelled, plan: LiquidPlan) -> None:
        self._net = net.eval()
        self._train = train
        self._labels = torch.from_numpy(train.y)
        self._plan = plan
        self._input_name, self._liquid_name = list(net.layers)[-2:]
        order = np.random.default_rng((plan.seed, 1)).permutation(len(train))
        self._parts = torch.split(torch.from_numpy(order), plan.part)
        self.rounds = len(self._parts)
        classes, windows, neurons = self._readout.weight.shape
        self._moments = [Moments.empty(windows * neurons, classes) for _ in range(2)]

    def advance(self, round_: int) -> dict[str, float]:
        """Run the liquid on the samples of one part, and fit the readout to all so far."""
        part = self._parts[round_]
        metrics: dict[str, float] = {}
        if round_ == 0:
            self._set_gain(part[: self._plan.calibration])
            states = liquid_states(self._net, take(self._train, part[:_QUALITY]))
            metrics["kernel_rank"] = kernel_rank(states)
            metrics["separation"] = separation(states) if len(states) > 1 else 0.0
        metrics["rate"] = self._collect(part, first=round_ * self._plan.part)
        metrics["penalty"] = self._fit()
        if round_ == self.rounds - 1:
            self._moments.clear()  # nothing is learnt any more, and they are large
        return metrics

    def network(self) -> Network:
        """Return the liquid with the readout as it is now."""
        return self._net

    def state(self) -> dict[str, Tensor]:
        """Return the network's tensors and the sums to which the readout is fitted."""
        tensors = {f"network.{name}": tensor for name, tensor in self._net.state_dict().items()}
        for number, moments in enumerate(self._moments):
            tensors |= {f"gram.{number}": moments.gram, f"cross.{number}": moments.cross}
        return tensors

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the network's tensors and the sums."""
        prefix = "network."
        tensors = {name.removeprefix(prefix): state[name] for name in state if name.startswith(prefix)}
        self._net.load_state_dict(tensors)
        known = [number for number in range(len(self._moments)) if f"gram.{number}" in state]
        self._moments = [Moments(state[f"gram.{number}"], state[f"cross.{number}"]) for number in known]

    @property
    def _readout(self) -> WindowedReadout:
        readout = self._net.readout
        assert isinstance(readout, WindowedReadout)  # the network was built so
        return readout

    def _weight(self, kind: str) -> Tensor:
        """Return the weights of the liquid's ``connection`` or ``recurrent`` connection."""
        connection = getattr(self._net.layers[self._liquid_name], kind)
        assert isinstance(connection, nn.Linear)  # the network was built so
        return connection.weight

    def _set_gain(self, index: Tensor) -> None:
        """Scale the weights of the inputs so that the liquid fires at the rate that was asked for."""
        weight = self._weight("connection")
        drawn = weight.clone()
        wanted = self._plan.rate * self._exposure(len(index))
        low, high = -_GAIN_EXPONENT, _GAIN_EXPONENT
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            weight.copy_(drawn * 2.0**middle)
            self.cost += TrainingCost(weight_updates=int(torch.count_nonzero(drawn)))
            spikes = sum(float(self._run(few).sum()) for few in torch.split(index, _BATCH))
            low, high = (middle, high) if spikes < wanted else (low, middle)

    def _collect(self, index: Tensor, *, first: int) -> float:
        """Add what the liquid does with the samples at ``index`` to the sums, and return its mean rate in Hz.

        ``first`` is how many samples came before these.
        """
        held_out = (torch.arange(len(index)) + first) % _HELD_OUT == _HELD_OUT - 1
        exact = self._readout.width**2 * _BATCH < 2**24
        spikes = 0.0
        for few, held in zip(torch.split(index, _BATCH), torch.split(held_out, _BATCH), strict=True):
            counts = self._readout.counts(self._run(few)).flatten(1)
            spikes += float(counts.sum())
            # Single precision holds all whole numbers that can occur, so the sums are exact in any order.
            counts = counts if exact else counts.double()
            for moments, chosen in zip(self._moments, (~held, held), strict=True):
                moments.add(counts[chosen], self._labels[few[chosen]])
        counted = self._readout.weight[0].numel()
        self.cost += TrainingCost(
            gradient_multiply_accumulates=self._moments[0].products(len(index)),
            history_values=counted,
            history_bytes=counted * self._readout.weight.element_size(),
        )
        return spikes / self._exposure(len(index))

    def _fit(self) -> float:
        """Fit the readout to all samples so far, and return the penalty that did best on those held out."""
        fitted, held_out = self._moments
        penalty = choose_penalty(fitted, held_out, self._plan.penalties)
        weights = (fitted + held_out).solve(penalty).T
        readout = self._readout
        readout.weight.copy_(weights[:, :-1].reshape(readout.weight.shape))
        readout.bias.copy_(weights[:, -1])
        self.cost += TrainingCost(
            gradient_multiply_accumulates=products_of_choice(
                weights.shape[1], len(weights), penalties=len(self._plan.penalties)
            ),
            weight_updates=weights.numel(),
        )
        return penalty

    def _run(self, index: Tensor) -> Tensor:
        """Run the network on the samples at ``index``, count, and return the liquid's spikes."""
        outputs = Batch().propagate(self._net, self._net.encode(take(self._train, index)))
        spikes = outputs[self._liquid_name]
        self.samples += len(index)
        arriving = outputs[self._input_name]
        stateful = spikes.numel() + (0 if self._net.layers[self._input_name].neuron is None else arriving.numel())
        self.cost += TrainingCost(
            forward_accumulates=_deliveries(arriving, self._weight("connection"))
            + _deliveries(spikes, self._weight("recurrent")),
            neuron_updates=stateful,
        )
        return spikes

    def _exposure(self, samples: int) -> float:
        """Return the time that all neurons together are watched while ``samples`` samples are run, in seconds."""
        return samples * self._readout.weight.shape[-1] * self._net.encoder.steps * self._net.dt


def _deliveries(spikes: Tensor, weight: Tensor) -> int:
    """Return how often a spike arrives through a synapse; a weight of 0 is no synapse."""
    per_source = spikes.sum((0, 1), dtype=torch.float64)
    return int(per_source @ (weight != 0).sum(0).double())
