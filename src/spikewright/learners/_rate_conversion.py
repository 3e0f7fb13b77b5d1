"""Conversion of an artificial network into one of integrate-and-fire neurons."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor

from spikewright.checks import check_in_range
from spikewright.coding import Direct, Encoder, Samples
from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.fitting import Card, Labelled, Learner, Training, analog_encoder, is_small, schedule, take
from spikewright.learners._conversion import convert
from spikewright.learners._twin import twin_of
from spikewright.network import Network


class RateConversion(Learner):
    """An artificial network is trained, then its rectifiers become integrate-and-fire neurons of the same rates.

    Parameters
    ----------
    architecture : str
        Hidden layers without feedback, see :class:`~spikewright.network.Architecture`.
    code : Encoder
        Input of the spiking network: ``Direct(steps=...)`` for an analog current, ``Poisson(steps=..., max_rate=...)``
        for spikes. Its ``steps`` is the length of a run. Recordings of events enter as the image of their counts.
    percentile : float
        Activations reach the highest rate at this percentile of what the training samples evoke; 100 is the maximum.
    v_start : float
        Potential at the start of a run, in thresholds.
    calibration : int
        Number of training samples whose activations are looked at.
    epochs, batch_size : int
        Of the artificial network's training.
    learning_rate, weight_decay, dropout, shift, batch_norm, bias
        As in :class:`Twin`.
    seed : int
        Fixes the first weights and the order of samples.

    References
    ----------
    Diehl, Neil, Binas, Cook, Liu, Pfeiffer, Fast-classifying, high-accuracy spiking deep networks through weight and
    threshold balancing, IJCNN 2015.
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of continuous-valued deep networks to efficient event-driven
    networks for image classification, Frontiers in Neuroscience 11, 2017.
    """

    card: ClassVar[Card] = Card(
        title="Rate conversion",
        family="conversion",
        summary="A network of rectifiers is trained; its weights are scaled so that spiking neurons fire at the rates "
        "that the rectifiers computed.",
        equation=r"W^l \leftarrow W^l\,\lambda^{l-1} / \lambda^l, \qquad b^l \leftarrow b^l / \lambda^l",
        paper="Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of continuous-valued deep networks to efficient "
        "event-driven networks for image classification, Frontiers in Neuroscience 11:682",
        year=2017,
        neuron="IF, reset by subtraction",
        code="analog current or Poisson rate",
        labels=True,
        gradients=True,
        symmetric_weights=True,
        whole_sequence=False,
        local=False,
        differences="Neurons start at half their threshold, which rounds counts to the nearest; units stand "
        "behind average pooling; maximum pooling compares counts of spikes.",
    )

    def __init__(
        self,
        architecture: str = "1200-1200",
        *,
        code: Encoder = Direct(steps=32),
        percentile: float = 99.9,
        v_start: float = 0.5,
        calibration: int = 500,
        epochs: int = 20,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        dropout: float = 0.0,
        shift: int = 0,
        batch_norm: bool = False,
        bias: bool = True,
        seed: int = 0,
    ) -> None:
        self.architecture = architecture
        self.code = code
        self.percentile = percentile
        self.v_start = v_start
        self.calibration = calibration
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.shift = shift
        self.batch_norm = batch_norm
        self.bias = bias
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the size and the length of training by the number of samples."""
        return cls("200" if is_small(shape) else "1200-1200", **schedule(shape), seed=seed)

    def twin(self, shape: DataShape) -> Learner:  # noqa: ARG002 - it has the schedule of this one
        """Return the artificial network that is converted."""
        return twin_of(self)

    def begin(self, train: Labelled, classes: int) -> Training:
        """Start to train the artificial network."""
        check_in_range("RateConversion.percentile", self.percentile, 0.0, 100.0)
        twin = twin_of(self)
        sample = take(train, torch.arange(min(self.calibration, len(train))))
        code = self.code
        if not isinstance(sample, Tensor):
            code = analog_encoder(sample, code.steps)
        return _ConversionTraining(twin.begin(train, classes), sample, code, self)


class _ConversionTraining(Training):
    """Trains the artificial network round by round; the network at any time is its conversion.

    It costs what the artificial network's training costs; the pass over a few samples by which weights are scaled at
    the end is not counted.
    """

    def __init__(self, artificial: Training, sample: Samples, code: Encoder, learner: RateConversion) -> None:
        self.rounds = artificial.rounds
        self._artificial = artificial
        self._sample = sample
        self._code = code
        self._learner = learner

    def advance(self, round_: int) -> dict[str, float]:
        """Train the artificial network for one epoch."""
        self._artificial.samples, self._artificial.cost = 0, TrainingCost()
        metrics = self._artificial.advance(round_)
        self.samples += self._artificial.samples
        self.cost += self._artificial.cost
        return metrics

    def network(self) -> Network:
        """Convert the artificial network as it is now."""
        return convert(
            self._artificial.network(),
            self._sample,
            code=self._code,
            percentile=self._learner.percentile,
            v_start=self._learner.v_start,
        ).network

    def state(self) -> dict[str, Tensor]:
        """Return the state of the artificial network's training."""
        return self._artificial.state()

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the state of the artificial network's training."""
        self._artificial.restore(state)
