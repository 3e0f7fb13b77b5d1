"""The tempotron: groups of neurons that decide by one spike or none."""

from __future__ import annotations

from typing import ClassVar, Self

from spikewright.checks import check_count, check_in_range, check_positive
from spikewright.coding import Encoder, EventFrames, Latency, Samples
from spikewright.data import DataShape
from spikewright.fitting import Card, Labelled, Learner, is_small, rescaling
from spikewright.learners._tempotron_training import TempotronPlan, TempotronTraining
from spikewright.learners._twin import twin_with
from spikewright.spikes import Events

LONGEST = 50.0
"""Longest run in membrane time constants; the reset that keeps a neuron silent grows with its exponential."""


class Tempotron(Learner):
    r"""Neurons that learn to fire once for samples of their class and to be silent for all others, in groups that vote.

    The rule looks at the moment at which the potential is highest. If the neuron fired in error, each input loses
    weight in proportion to its part in that potential; if it was silent in error, it gains as much. Samples enter by
    latency, the brighter the earlier, recordings of events as they are, as far as the run is long.

    Parameters
    ----------
    group : int
        Neurons of a class; the class most of whose neurons fire wins, and the first of those that are level.
    epochs : int
        Passes over the data.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds.
    tau_mem, tau_syn : float
        Time constants of membrane and synaptic current in seconds, ``tau_syn < tau_mem``.
    minimum : float
        Inputs up to this value in [0, 1] never fire.
    learning_rate : float or None
        Largest change of a weight by one spike, where 1 is the weight that lifts the potential to the threshold; it
        falls linearly to a tenth. ``None`` is one over the mean number of spikes of a sample.
    momentum : float
        Part of a change that is made again with the neuron's next one, in [0, 1).
    share : float
        Part of the training samples that a neuron learns from, drawn once for each, in (0, 1].
    seed : int
        Fixes the first weights, each neuron's samples and their order.

    References
    ----------
    Guetig, Sompolinsky, The tempotron: a neuron that learns spike timing-based decisions, Nature Neuroscience 9, 2006.
    """

    card: ClassVar[Card] = Card(
        title="Tempotron",
        family="spike-time rule",
        summary="A neuron learns to fire, or not to, by changing the weights of what contributed to its potential at "
        "the moment of the maximum; groups of such neurons vote for the classes.",
        equation=r"\Delta w_i = \pm\lambda \sum_{t_i < t_{max}} K(t_{max} - t_i), \qquad "
        r"K(t) = V_0\,(e^{-t/\tau_{mem}} - e^{-t/\tau_{syn}})",
        paper="Guetig, Sompolinsky, The tempotron: a neuron that learns spike timing-based decisions, "
        "Nature Neuroscience 9, 420-428",
        year=2006,
        neuron="CUBA",
        code="latency, or events as they are",
        labels=True,
        gradients=False,
        symmetric_weights=False,
        whole_sequence=True,
        local=True,
        differences="The paper has one neuron and two classes. Here each class has a group of neurons, each of which "
        "learns, for itself, its class against all others, from its own share of the samples in its own order, and "
        "their spikes are counted. The moment of the maximum is that of the potential without a spike, after the "
        "first input. Time goes in steps, the learning rate falls, and there is no momentum unless it is asked for "
        "(the paper has 0.99). After its spike a neuron is reset so low that it stays silent, where the paper shunts "
        "what arrives.",
    )

    def __init__(
        self,
        group: int = 10,
        *,
        epochs: int = 5,
        steps: int = 20,
        dt: float = 1e-3,
        tau_mem: float = 0.02,
        tau_syn: float = 0.005,
        minimum: float = 0.1,
        learning_rate: float | None = None,
        momentum: float = 0.0,
        share: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.group = group
        self.epochs = epochs
        self.steps = steps
        self.dt = dt
        self.tau_mem = tau_mem
        self.tau_syn = tau_syn
        self.minimum = minimum
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.share = share
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the length of training by the number of samples, and that of a run by their kind."""
        epochs = 20 if is_small(shape) else 5
        if shape.kind == "events":
            return cls(epochs=epochs, steps=60, dt=5e-3, tau_mem=0.1, tau_syn=0.025, seed=seed)
        return cls(epochs=epochs, seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return the artificial network without hidden units."""
        return twin_with("", shape, seed=self.seed)

    def begin(self, train: Labelled, classes: int) -> TempotronTraining:
        """Draw the first weights and each neuron's share of the samples."""
        self._check()
        plan = TempotronPlan(
            group=self.group,
            epochs=self.epochs,
            dt=self.dt,
            tau_mem=self.tau_mem,
            tau_syn=self.tau_syn,
            rate=self.learning_rate,
            momentum=self.momentum,
            share=self.share,
            seed=self.seed,
        )
        return TempotronTraining(self._encoder(train.x), train, classes, plan)

    def _encoder(self, x: Samples) -> Encoder:
        if isinstance(x[0], Events):
            return EventFrames(steps=self.steps)
        return Latency(steps=self.steps, minimum=self.minimum, before=rescaling(x))

    def _check(self) -> None:
        for name in ("group", "epochs"):
            check_count(f"Tempotron.{name}", getattr(self, name))
        check_count("Tempotron.steps", self.steps, minimum=2)
        for name in ("dt", "tau_mem", "tau_syn"):
            check_positive(f"Tempotron.{name}", getattr(self, name), "seconds")
        if self.tau_syn >= self.tau_mem:
            raise ValueError(
                f"Tempotron.tau_syn: must be below tau_mem, {self.tau_mem:g} seconds; got {self.tau_syn:g}."
            )
        if self.steps * self.dt > LONGEST * self.tau_mem:
            raise ValueError(
                f"Tempotron.tau_mem: must be at least 1/{LONGEST:g} of a run, "
                f"{self.steps} steps of {self.dt:g} seconds; got {self.tau_mem:g}."
            )
        if self.learning_rate is not None:
            check_positive("Tempotron.learning_rate", self.learning_rate)
        check_in_range("Tempotron.momentum", self.momentum, 0.0, 0.999)
        check_in_range("Tempotron.share", self.share, 1e-3, 1.0)
