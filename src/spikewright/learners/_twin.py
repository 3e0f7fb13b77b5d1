"""The artificial network of the same shape."""

from __future__ import annotations

from typing import ClassVar, Self

from spikewright.coding import SpikeCount
from spikewright.data import DataShape
from spikewright.fitting import (
    Card,
    Descent,
    GradientTraining,
    Labelled,
    Learner,
    analog_encoder,
    is_small,
    schedule,
    seeded,
    stack,
)
from spikewright.network import Network
from spikewright.neurons import ReLU


class Twin(Learner):
    """The artificial network of a spiking network's shape: rectified linear units, backpropagation, cross-entropy.

    Its result is a :class:`~spikewright.network.Network` of one step, so it is run and counted by the same code.

    Parameters
    ----------
    architecture : str
        Hidden layers without feedback, see :class:`~spikewright.network.Architecture`.
    epochs, batch_size : int
        Passes over the data, and samples a step.
    learning_rate, weight_decay : float
        Of Adam with decoupled weight decay.
    dropout : float
        Fraction of the hidden dense units that is silenced in training.
    shift : int
        Images are moved by up to this many pixels in training.
    batch_norm : bool
        Whether hidden units are normalised over the batch; folded into the weights afterwards.
    bias : bool
        Whether units have a bias.
    seed : int
        Fixes the first weights and the order of samples.

    References
    ----------
    Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, Nature 323, 1986.
    """

    card: ClassVar[Card] = Card(
        title="Artificial network",
        family="artificial network",
        summary="Rectified linear units trained by backpropagation: the network beside which every spiking one is put.",
        equation=r"\Delta w = -\eta\,\partial E / \partial w, \qquad y = \max(0, W x + b)",
        paper="Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, Nature 323, 533-536",
        year=1986,
        neuron="ReLU",
        code="analog",
        labels=True,
        gradients=True,
        symmetric_weights=True,
        whole_sequence=False,
        local=False,
    )

    def __init__(
        self,
        architecture: str = "800",
        *,
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
        return cls("200" if is_small(shape) else "800", **schedule(shape), seed=seed)

    def twin(self, shape: DataShape) -> Learner:  # noqa: ARG002 - it has the schedule of this one
        """Return this learner: it is its own twin."""
        return self

    def begin(self, train: Labelled, classes: int) -> GradientTraining:
        """Build the network and start to descend."""
        descent = Descent(
            self.epochs, self.batch_size, self.learning_rate, weight_decay=self.weight_decay, shift=self.shift
        )
        with seeded(self.seed):
            encoder = analog_encoder(train.x, steps=1)
            layers = stack(
                self.architecture,
                tuple(train.x[0].shape),
                classes,
                hidden=ReLU(),
                output=None,
                dropout=self.dropout,
                batch_norm=self.batch_norm,
                bias=self.bias,
            )
            net = Network(encoder, *layers, SpikeCount(), dt=1e-3)
        return GradientTraining(net, train, descent, seed=self.seed)


def twin_with(architecture: str, shape: DataShape, *, seed: int) -> Twin:
    """Return a twin with its defaults, or with what suits so few samples."""
    twin = Twin(architecture, seed=seed)
    if is_small(shape):
        twin.set_params(**schedule(shape))
    return twin


def twin_of(learner: Learner) -> Twin:
    """Return the twin with a learner's own parameters, as far as both have them."""
    shared = Twin().get_params()
    return Twin(**{name: value for name, value in learner.get_params(deep=False).items() if name in shared})
