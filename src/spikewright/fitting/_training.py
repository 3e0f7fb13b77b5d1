"""A fit that is going on: what a method must be able to do, and the loop that drives it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from spikewright.checks import DataError
from spikewright.cost import TrainingCost
from spikewright.engines import run
from spikewright.fitting._checkpoint import Checkpoint
from spikewright.fitting._freed_memory import keep_freed_memory, return_freed_memory
from spikewright.fitting._samples import Labelled
from spikewright.network import Network


@dataclass(frozen=True)
class Progress:
    """How far a fit has come; passed to the callback after every round.

    Parameters
    ----------
    round, rounds : int
        Rounds done, and in all.
    metrics : dict
        What the method reports of the round, such as its loss; with ``"validation_accuracy"`` where there is such a
        part.
    seconds : float
        Training time so far, without validation.
    """

    round: int
    rounds: int
    metrics: dict[str, float]
    seconds: float


Callback: TypeAlias = Callable[[Progress], None]


class Training(ABC):
    """The state of one fit. A method defines what a round does, what its network is, and what must be kept to go on.

    Attributes
    ----------
    rounds : int
        Rounds in all; a checkpoint can be taken between any two.
    lean : bool
        Whether memory matters more than time.
    samples : int
        Presentations of a training sample so far.
    cost : TrainingCost
        What these have cost: a method adds to it as it goes.
    """

    rounds: int
    lean: bool = False
    samples: int = 0
    cost: TrainingCost = TrainingCost()

    @abstractmethod
    def advance(self, round_: int) -> dict[str, float]:
        """Do round ``round_``, from 0, and return what to report of it."""

    @abstractmethod
    def network(self) -> Network:
        """Return the network as it is now; later rounds may change it in place."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Return all that changes from round to round, generators included, as named tensors."""

    @abstractmethod
    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over what :meth:`state` returned; the fit then goes on with the same bits."""


@dataclass
class Outcome:
    """What a fit ended with.

    Parameters
    ----------
    network : Network
        The best of the rounds on the validation part, or the last if there was none.
    validation_accuracy : float
        Of that network; NaN if there was no validation part.
    history : list of Progress
        Every round.
    """

    network: Network
    validation_accuracy: float
    history: list[Progress] = field(default_factory=list)


def drive(
    training: Training,
    *,
    validation: Labelled | None,
    callback: Callback | None,
    checkpoint: Checkpoint | None,
    budget: float | None,
) -> Outcome:
    """Run the rounds of a fit, keep the network that is best on the validation part, and leave a checkpoint after each.

    Sets for the whole process what becomes of freed memory: :func:`keep_freed_memory`, or :func:`return_freed_memory`
    for a lean fit.

    Parameters
    ----------
    training : Training
        A fit at its beginning.
    validation : Labelled, optional
        The part by which the network is chosen; without it the last network is kept.
    callback : callable, optional
        Called with a :class:`Progress` after every round.
    checkpoint : Checkpoint, optional
        Where to go on from, and where to write.
    budget : float, optional
        Seconds of training after which no further round starts; at least one round is done.

    Returns
    -------
    Outcome
    """
    if training.lean:
        return_freed_memory()
    else:
        keep_freed_memory()
    log = _Log() if checkpoint is None else _resumed(training, checkpoint)
    for round_ in range(len(log.history), training.rounds):
        if log.history and budget is not None and log.seconds >= budget:
            break
        started = time.perf_counter()
        metrics = training.advance(round_)
        log.seconds += time.perf_counter() - started
        if validation is not None:
            metrics["validation_accuracy"] = accuracy(training.network(), validation)
        log.record(Progress(round_ + 1, training.rounds, metrics, log.seconds), training)
        if checkpoint is not None:
            _save(training, log, checkpoint)
        if callback is not None:
            callback(log.history[-1])
    network = training.network()
    if log.best:
        network.load_state_dict(log.best)
    return Outcome(network, log.best_accuracy, log.history)


def accuracy(net: Network, part: Labelled) -> float:
    """Return the fraction of the samples of a part that a network classifies as labelled."""
    return run(net, part.x).accuracy(torch.from_numpy(part.y))


@dataclass
class _Log:
    """What the loop remembers: every round, and the tensors of the best network so far."""

    history: list[Progress] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_accuracy: float = float("nan")
    seconds: float = 0.0

    def record(self, progress: Progress, training: Training) -> None:
        self.history.append(progress)
        reached = progress.metrics.get("validation_accuracy")
        # "Not at most" instead of "greater", so that the first round replaces NaN.
        if reached is not None and not reached <= self.best_accuracy:
            self.best_accuracy = reached
            self.best = {name: tensor.clone() for name, tensor in training.network().state_dict().items()}


def _save(training: Training, log: _Log, checkpoint: Checkpoint) -> None:
    tensors = {f"training.{name}": tensor for name, tensor in training.state().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in log.best.items()}
    notes = {
        "history": [vars(progress) for progress in log.history],
        "best_accuracy": log.best_accuracy,
        "seconds": log.seconds,
        "samples": training.samples,
        "cost": vars(training.cost),
    }
    checkpoint.save(tensors, notes)


def _resumed(training: Training, checkpoint: Checkpoint) -> _Log:
    saved = checkpoint.load()
    if saved is None:
        return _Log()
    tensors, notes = saved
    if "cost" not in notes:
        raise DataError(
            f"{checkpoint.path}: a checkpoint of an earlier version, which counted training in another way. "
            "Name another file or delete it."
        )
    training.restore(_under("training.", tensors))
    training.samples = notes["samples"]
    training.cost = TrainingCost(**notes["cost"])
    return _Log(
        history=[Progress(**entry) for entry in notes["history"]],
        best=_under("best.", tensors),
        best_accuracy=notes["best_accuracy"],
        seconds=notes["seconds"],
    )


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
