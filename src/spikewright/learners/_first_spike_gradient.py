"""The exact gradient of first-spike times."""

from __future__ import annotations

from math import log, sqrt
from typing import ClassVar, Self

from torch import nn

from spikewright.checks import ModelError, check_count, check_in_range, check_positive
from spikewright.coding import FirstSpike, LevelLatency, Samples
from spikewright.data import DataShape
from spikewright.fitting import (
    EVENTS_OF_A_BRIGHT_PIXEL,
    Card,
    Descent,
    Labelled,
    Learner,
    is_small,
    rescaling,
    schedule,
    seeded,
    stack,
)
from spikewright.learners._first_spike_training import FirstSpikeTraining, Objective
from spikewright.learners._twin import twin_with
from spikewright.network import Layer, Network
from spikewright.neurons import CurrentIF
from spikewright.spikes import Events

LATEST = log(6.0)
"""When dark inputs fire, in time constants; the paper's."""

FIRST_SUM = 6.0
"""Mean sum of a neuron's first weights: large enough that all neurons fire, near the time of the dark inputs."""

FIRST_SPREAD = 0.5
"""Standard deviation of a neuron's first weights, times the root of their number."""


class FirstSpikeGradient(Learner):
    r"""Non-leaky neurons that fire once, trained by the exact gradient of the time at which they fire.

    In :math:`z = e^{t / \tau}` the time of a neuron's first spike is a fraction of two sums over the inputs that came
    before it, so its gradient needs no surrogate and no time steps. Bright inputs fire at the start, dark ones
    :math:`\ln 6` time constants later, and the class whose neuron fires first wins. The network that results runs on a
    grid of ``steps``, on which spikes are up to one step late.

    Parameters
    ----------
    architecture : str
        Hidden layers, all dense, such as ``"800"`` or ``"400-400"``.
    steps : int
        Time steps of a run.
    duration : float
        Length of a run in time constants, above ln 6 = 1.79. Training looks beyond it, so that neurons that are late
        at first learn to be early.
    tau_syn : float
        Time constant of the synaptic current in seconds.
    levels : int
        Levels of brightness, each with a time of its own; 2 for the paper's binary inputs.
    epochs, batch_size : int
        Passes over the data, and samples a step.
    learning_rate, weight_decay : float
        Of Adam with decoupled weight decay.
    sharpness : float
        Factor of the distances between output spikes in the softmax; 1 in the paper. A larger one asks for less
        distance.
    weight_sum_cost : float
        Cost of each unit by which the sum of a neuron's weights falls short of the threshold.
    largest_gradient : float
        A neuron's gradient is scaled down to this norm.
    dropout : float
        Fraction of the hidden spikes that are left out in training.
    shift : int
        Images are moved by up to this many pixels in training.
    seed : int
        Fixes the first weights and the order of samples.

    References
    ----------
    Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE TNNLS 29, 2018
    (arXiv:1606.08165).
    """

    card: ClassVar[Card] = Card(
        title="First-spike-time gradient",
        family="spike-time gradient",
        summary="The time of a neuron's first spike is a smooth function of weights and input times, and its exact "
        "gradient is followed; every neuron fires once at most.",
        equation=r"z_{out} = \frac{\sum_{i \in C} w_i z_i}{\sum_{i \in C} w_i - 1}, \qquad "
        r"\frac{\partial z_{out}}{\partial w_i} = \frac{z_i - z_{out}}{\sum_{C} w - 1}, \qquad "
        r"\frac{\partial z_{out}}{\partial z_i} = \frac{w_i}{\sum_{C} w - 1}, \qquad z = e^{t / \tau}",
        paper="Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE Transactions on "
        "Neural Networks and Learning Systems 29, 3227-3235",
        year=2017,
        neuron="CurrentIF",
        code="latency, binary",
        labels=True,
        gradients=True,
        symmetric_weights=True,
        whole_sequence=False,
        local=False,
        differences="Adam with a learning rate that falls to zero takes the place of plain descent; distances between "
        "output spikes count more in the softmax; the run ends after a time, and what has not fired by then is silent.",
    )

    def __init__(
        self,
        architecture: str = "800",
        *,
        steps: int = 50,
        duration: float = 2.0,
        tau_syn: float = 0.02,
        levels: int = 2,
        epochs: int = 20,
        batch_size: int = 100,
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        sharpness: float = 5.0,
        weight_sum_cost: float = 1.0,
        largest_gradient: float = 10.0,
        dropout: float = 0.0,
        shift: int = 0,
        seed: int = 0,
    ) -> None:
        self.architecture = architecture
        self.steps = steps
        self.duration = duration
        self.tau_syn = tau_syn
        self.levels = levels
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.sharpness = sharpness
        self.weight_sum_cost = weight_sum_cost
        self.largest_gradient = largest_gradient
        self.dropout = dropout
        self.shift = shift
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the size and the length of training by the number of samples; small images need more levels."""
        small = is_small(shape)
        shift = schedule(shape)["shift"]
        if small:
            return cls("200", levels=5, epochs=15, shift=shift, seed=seed)
        return cls("800", epochs=30, shift=shift, seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return the artificial network of the same shape."""
        twin = twin_with(self.architecture, shape, seed=self.seed)
        twin.set_params(epochs=self.epochs, dropout=self.dropout, shift=self.shift, bias=False)
        return twin

    def begin(self, train: Labelled, classes: int) -> FirstSpikeTraining:
        """Build the network and start to descend."""
        self._check(train)
        descent = Descent(
            self.epochs, self.batch_size, self.learning_rate, weight_decay=self.weight_decay, shift=self.shift
        )
        objective = Objective(self.sharpness, self.weight_sum_cost, self.largest_gradient, self.dropout)
        neuron = CurrentIF(tau_syn=self.tau_syn)
        with seeded(self.seed):
            shape = tuple(train.x[0].shape)
            layers = stack(self.architecture, shape, classes, hidden=neuron, output=neuron, bias=False)
            _start(layers)
        dt = self.duration * self.tau_syn / self.steps
        net = Network(self._encoder(train.x), *layers, FirstSpike(), dt=dt)
        return FirstSpikeTraining(net, train, descent, objective, tau_syn=self.tau_syn, seed=self.seed)

    def _check(self, train: Labelled) -> None:
        check_count("FirstSpikeGradient.steps", self.steps, minimum=2)
        check_positive("FirstSpikeGradient.tau_syn", self.tau_syn, "seconds")
        check_in_range("FirstSpikeGradient.duration", self.duration, LATEST, 20.0)
        if self.shift and len(train.x[0].shape) != 3:
            raise ValueError(
                "FirstSpikeGradient.shift: needs images of shape (channel, row, column); "
                f"got samples of {tuple(train.x[0].shape)}. Use shift=0."
            )

    def _encoder(self, x: Samples) -> LevelLatency:
        latest = LATEST * self.tau_syn
        if isinstance(x[0], Events):
            return LevelLatency(steps=self.steps, latest=latest, levels=self.levels, scale=EVENTS_OF_A_BRIGHT_PIXEL)
        return LevelLatency(steps=self.steps, latest=latest, levels=self.levels, before=rescaling(x))


def _start(layers: list[Layer]) -> None:
    """Draw the first weights."""
    for layer in layers:
        connection = layer.connection
        if isinstance(connection, nn.Linear):
            inputs = connection.in_features
            nn.init.normal_(connection.weight, FIRST_SUM / inputs, FIRST_SPREAD / sqrt(inputs))
        elif not isinstance(connection, nn.Flatten):
            raise ModelError(
                f"FirstSpikeGradient.architecture: takes dense layers only, such as '800' or '400-400'; "
                f"got {connection}."
            )
