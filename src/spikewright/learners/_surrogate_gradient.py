"""Backpropagation through time with a surrogate gradient."""

from __future__ import annotations

from typing import ClassVar, Self

from spikewright.chips import Chip
from spikewright.coding import Encoder, EventFrames, Samples, SpikeCount
from spikewright.data import DataShape
from spikewright.fitting import (
    Card,
    Descent,
    GradientTraining,
    Labelled,
    Learner,
    analog_encoder,
    for_chip,
    is_small,
    schedule,
    seeded,
    stack,
)
from spikewright.learners._twin import twin_of
from spikewright.network import Architecture, Network
from spikewright.neurons import LIF, ArcTan, Integrator, Surrogate
from spikewright.spikes import Events


class SurrogateGradient(Learner):
    """Leaky integrate-and-fire neurons trained by backpropagation through time.

    The derivative of the threshold, which is zero or infinite, is replaced by that of a smooth function. Samples enter
    as analog currents, recordings of events as they are; the output neurons integrate and do not fire, and the class
    with the largest mean potential wins.

    With ``chip`` the network is trained as that chip has it, and fits: samples enter as regular spikes where the chip
    takes spikes only, because these are the same for the same sample and tell its values even to neurons without a
    leak; hidden and output neurons are of a kind and with a reset of the chip, the class with most output spikes wins,
    and the softmax of the loss is that of their numbers; decays, weights, biases and thresholds are numbers of the
    chip's arithmetic, which rounds in every forward pass and not on the way back; synapses keep its fan-in and fan-out.
    Pools of either kind add up the spikes of their window, as Speck's do, and as synapses do on any chip: behind them a
    weight is one synapse for each neuron of the window.
    :func:`~spikewright.fitting.for_chip` says how. A network that cannot fit is refused before it is trained.

    Parameters
    ----------
    architecture : str
        Hidden layers, see :class:`~spikewright.network.Architecture`; ``100R`` is a recurrent one.
    steps : int
        Time steps of a run.
    tau_mem : float
        Membrane time constant in seconds.
    dt : float
        Length of a step in seconds; for recordings of events it is the longest recording's duration over ``steps``.
    surrogate : Surrogate
        What stands for the derivative of the threshold.
    epochs, batch_size : int
        Passes over the data, and samples a step.
    learning_rate, weight_decay : float
        Of Adam with decoupled weight decay.
    dropout : float
        Fraction of the hidden dense neurons that is silenced in training, the same in all steps of a sample.
    shift : int
        Images are moved by up to this many pixels in training.
    batch_norm : bool
        Whether hidden charges are normalised over batch and time; folded into the weights afterwards.
    recompute_every : int or None
        Steps of a piece of time whose inner values are computed a second time instead of being kept: more time, and
        memory that hardly grows with the steps. Not together with ``dropout``, ``batch_norm`` or recurrent layers.
    mixed_precision : bool
        Whether products and spikes are in bfloat16, see :class:`~spikewright.fitting.Descent`.
    chip : Chip, str or None
        Chip that the network is for, or its name, one of ``spikewright.chips.NAMES``; together with ``batch_norm`` it
        must have biases, and layers must not be recurrent.
    seed : int
        Fixes the first weights, the order of samples, and with ``chip`` which synapses there are.

    References
    ----------
    Wu, Deng, Li, Zhu, Shi, Spatio-temporal backpropagation, Frontiers in Neuroscience 12, 2018.
    Zenke, Ganguli, SuperSpike, Neural Computation 30, 2018.
    Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only inference, CVPR
    2018 (rounding in training).
    """

    card: ClassVar[Card] = Card(
        title="Surrogate gradient (STBP)",
        family="surrogate gradient",
        summary="Backpropagation through time in which a smooth function stands for the threshold on the way back.",
        equation=r"\frac{\partial E}{\partial w_{ij}} = \sum_t \delta_i[t]\, s_j[t], \qquad "
        r"\frac{\partial s}{\partial v} \approx \sigma'(v - v_{threshold})",
        paper="Wu, Deng, Li, Zhu, Shi, Spatio-temporal backpropagation for training high-performance spiking neural "
        "networks, Frontiers in Neuroscience 12:331",
        year=2018,
        neuron="LIF; with a chip, one that it has",
        code="analog current, or events as they are; with a chip, regular spikes",
        labels=True,
        gradients=True,
        symmetric_weights=True,
        whole_sequence=True,
        local=False,
        differences="The derivative is an arctangent's where the paper has a box; the reset subtracts the threshold; "
        "output neurons integrate and do not fire; Adam and cross-entropy take the place of SGD and squared error.",
    )

    def __init__(
        self,
        architecture: str = "800",
        *,
        steps: int = 10,
        tau_mem: float = 5e-3,
        dt: float = 1e-3,
        surrogate: Surrogate = ArcTan(slope=2.0),
        epochs: int = 20,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        dropout: float = 0.0,
        shift: int = 0,
        batch_norm: bool = False,
        recompute_every: int | None = None,
        mixed_precision: bool = False,
        chip: Chip | str | None = None,
        seed: int = 0,
    ) -> None:
        self.architecture = architecture
        self.steps = steps
        self.tau_mem = tau_mem
        self.dt = dt
        self.surrogate = surrogate
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.shift = shift
        self.batch_norm = batch_norm
        self.recompute_every = recompute_every
        self.mixed_precision = mixed_precision
        self.chip = chip
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the size and the length of training by the number of samples."""
        return cls("200" if is_small(shape) else "800", steps=8, **schedule(shape), seed=seed)

    def twin(self, shape: DataShape) -> Learner:  # noqa: ARG002 - it has the schedule of this one
        """Return the artificial network of the same shape, without feedback: it has one step."""
        twin = twin_of(self)
        twin.set_params(architecture=Architecture(self.architecture).feedforward.text)
        return twin

    def begin(self, train: Labelled, classes: int) -> GradientTraining:
        """Build the network and start to descend."""
        descent = Descent(
            self.epochs,
            self.batch_size,
            self.learning_rate,
            weight_decay=self.weight_decay,
            shift=self.shift,
            recompute_every=self.recompute_every,
            mixed_precision=self.mixed_precision,
            by_count=self.chip is not None,
        )
        with seeded(self.seed):
            encoder, dt = self._encoder(train.x)
            hidden, sample = LIF(self.tau_mem * dt / self.dt, surrogate=self.surrogate), tuple(train.x[0].shape)
            layers = stack(
                self.architecture,
                sample,
                classes,
                hidden=hidden,
                output=Integrator(),
                dropout=self.dropout,
                batch_norm=self.batch_norm,
                feedback=True,
                sums=self.chip is not None,
            )
            net = for_chip(Network(encoder, *layers, SpikeCount(), dt=dt), self.chip, sample, hidden)
        return GradientTraining(net, train, descent, seed=self.seed)

    def _encoder(self, x: Samples) -> tuple[Encoder, float]:
        """Return the encoder and the length of a step."""
        if isinstance(x[0], Events):
            return EventFrames(steps=self.steps), max(recording.duration for recording in x) / self.steps
        return analog_encoder(x, self.steps), self.dt
