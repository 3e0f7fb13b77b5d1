"""Gradient descent on a network: what the artificial twin and backpropagation through time have in common."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, pi

import torch
from torch import Tensor, nn

from spikewright.checks import check_count, check_in_range, check_positive
from spikewright.cost import TrainingCost
from spikewright.fitting._gradient_cost import GradientCost
from spikewright.fitting._masks import trained_under_masks
from spikewright.fitting._optimizer_state import restore_tensors, tensors_of, written
from spikewright.fitting._samples import Labelled, seeded, shifted, shuffled, take
from spikewright.fitting._training import Training
from spikewright.network import Network, deploy


@dataclass(frozen=True)
class Descent:
    """How to descend: Adam with a learning rate that rises for one epoch and falls to zero as a cosine.

    Parameters
    ----------
    epochs, batch_size : int
        Passes over the data, and samples a step.
    learning_rate : float
        The highest.
    weight_decay : float
        Decoupled from the gradient.
    label_smoothing : float
        Probability spread over all classes in the target.
    shift : int
        Each image is moved by up to this many pixels in each direction, anew in every epoch; 0 for none.
    recompute_every : int or None
        Steps of a piece of time whose inner values are computed a second time instead of being kept; see
        :meth:`Network.score <spikewright.network.Network.score>`.
    by_count : bool
        Whether the softmax is of the scores themselves, as suits numbers of spikes; if not, of their mean a step.
    mixed_precision : bool
        Whether products, and the sequences between layers, are in bfloat16; potentials, weights and moments stay in
        float32. Spikes are exact in it. Faster where the processor has matrix units, slower where it must emulate them.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    shift: int = 0
    recompute_every: int | None = None
    mixed_precision: bool = False
    by_count: bool = False

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs)
        check_count("batch_size", self.batch_size)
        check_positive("learning_rate", self.learning_rate)
        check_in_range("weight_decay", self.weight_decay, 0.0, 1.0)
        check_in_range("label_smoothing", self.label_smoothing, 0.0, 1.0)
        check_count("shift", self.shift, minimum=0)
        if self.recompute_every is not None:
            check_count("recompute_every", self.recompute_every)

    def rate(self, progress: float) -> float:
        """Return the learning rate at ``progress``, from 0 at the start to 1 at the end."""
        warm = 1 / self.epochs if self.epochs > 1 else 0.1
        if progress < warm:
            return self.learning_rate * progress / warm
        return self.learning_rate * 0.5 * (1 + cos(pi * (progress - warm) / (1 - warm)))


class GradientTraining(Training):
    """Minimises the cross-entropy of a network's scores, by default of their mean a step; one round is one epoch.

    The randomness of a round, whatever it is for, is seeded by the fit's seed and the round's number, so that a fit
    that is resumed needs no memory of it.
    """

    def __init__(self, net: Network, train: Labelled, descent: Descent, *, seed: int) -> None:
        self.rounds = descent.epochs
        self.lean = descent.recompute_every is not None
        self._net = net
        self._train = train
        self._labels = torch.from_numpy(train.y)
        self._descent = descent
        self._seed = seed
        self._loss = nn.CrossEntropyLoss(label_smoothing=descent.label_smoothing)
        self._optimizer = torch.optim.AdamW(
            net.parameters(), lr=descent.learning_rate, weight_decay=descent.weight_decay, fused=True
        )
        self._cost = GradientCost(
            net,
            take(train, torch.arange(min(2, len(train)))),
            recompute_every=descent.recompute_every,
            mixed_precision=descent.mixed_precision,
        )

    def advance(self, round_: int) -> dict[str, float]:
        """Do one epoch; report its mean loss."""
        total = 0.0
        self._net.train()
        batches = ceil(len(self._train) / self._descent.batch_size)
        with seeded(self._seed, round_) as generator:
            parts = shuffled(len(self._train), self._descent.batch_size, generator)
            for number, index in enumerate(parts):
                rate = self._descent.rate((round_ + (number + 0.5) / batches) / self.rounds)
                total += self._descend(index, rate, generator) * len(index)
        self._net.eval()
        self.samples += len(self._train)
        self.cost += self._cost.of(len(self._train)) + self._written(batches)
        return {"loss": total / len(self._train)}

    def _descend(self, index: Tensor, rate: float, generator: torch.Generator) -> float:
        """Take one step on the samples at ``index`` and return their mean loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        x = take(self._train, index)
        if self._descent.shift and isinstance(x, Tensor):
            x = shifted(x, self._descent.shift, generator)
        with torch.autocast(self._net.like.device.type, torch.bfloat16, enabled=self._descent.mixed_precision):
            raster = self._net.encode(x, generator=generator)
            scores = self._net.score(raster, recompute_every=self._descent.recompute_every, watch=self._cost.watch)
        if not self._descent.by_count:
            scores = scores / self._net.encoder.steps
        loss = self._loss(scores, self._labels[index])
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())

    def _written(self, steps: int) -> TrainingCost:
        return written(self._optimizer, steps=steps, masked=trained_under_masks(self._net))

    def network(self) -> Network:
        """Return the network as it is now, without what only training needs."""
        return deploy(self._net)

    def state(self) -> dict[str, Tensor]:
        """Return the network's tensors and the optimiser's moments."""
        return tensors_of(self._net, self._optimizer)

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the network's tensors and the optimiser's moments."""
        restore_tensors(self._net, self._optimizer, state)
