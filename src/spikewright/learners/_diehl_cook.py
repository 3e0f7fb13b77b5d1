"""Unsupervised spike-timing-dependent plasticity with adaptive thresholds and lateral inhibition."""

from __future__ import annotations

from dataclasses import fields
from math import inf
from typing import ClassVar, Self

from torch import Tensor

from spikewright.checks import check_count, check_in_range, check_positive
from spikewright.data import DataShape
from spikewright.fitting import Card, Labelled, Learner
from spikewright.learners._diehl_cook_training import DiehlCookTraining, Plan
from spikewright.learners._spike_sources import spike_source
from spikewright.learners._twin import twin_with
from spikewright.neurons import ConductanceLIF

SECONDS_A_NEURON = 25.0
"""Time constant of the thresholds a neuron; with 400 neurons it is that of the authors' code, 10^7 ms."""

ONE_FOR_ALL = tuple(field.name for field in fields(ConductanceLIF) if field.name not in {"theta", "surrogate"})
"""Parameters of the neurons that the compiled loop takes as one number."""


class DiehlCook(Learner):
    """Neurons that learn prototypes of their input by spike-timing-dependent plasticity, and compete by inhibition.

    Every input reaches every neuron, and every spike inhibits all other neurons. A neuron that fires often raises its
    own threshold, so that others get their turn. Training does not look at labels: they only name, at the end of a
    round, each neuron after the class for which it fires most. Samples enter as Poisson spikes, recordings of events as
    they are, up to the length of a run.

    Parameters
    ----------
    neurons : int
        Size of the layer.
    epochs : int
        Passes over the data.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds.
    max_rate : float
        Rate in Hz of an input of value 1.
    brighten : float
        Least brightness of a sample, relative to that of an average one: the inputs of a dimmer sample fire at rates
        raised by one factor, so that no class stays unlearned or unseen for being written thinly. 0 shows all samples
        as they are; recordings always are.
    drive : float
        Sum of the conductances, relative to the leak, that the spikes of an average sample open in a second on a neuron
        that has not learned, before any is brightened. The conductance that a weight of 1 opens follows from it; it is
        1 on MNIST at 63.75 Hz.
    inhibition : float
        Inhibitory conductance, relative to the leak, that a spike opens on every other neuron.
    neuron : ConductanceLIF, optional
        The neurons at the start of training; ``theta_plus`` and ``tau_theta`` set how thresholds adapt. By default
        ``tau_theta`` is 25 s for each neuron of the layer, so that mean thresholds do not depend on its size.
    eta_pre, eta_post : float
        Change of a weight at a spike of its input and of its neuron.
    tau_pre, tau_fast, tau_slow : float
        Time constants in seconds of the trace of an input and of the two traces of a neuron.
    mean_weight : float
        Mean weight of a neuron, restored whenever it has learned; the largest weight is 1.
    rest : float
        Seconds between two samples, in which thresholds decay.
    naming : int
        Number of training samples by whose responses neurons are named.
    weighted : bool
        Whether the vote of a neuron is weighted by the share of its mean responses that belongs to the class it is
        named after; the paper's votes are equal.
    round_size : int, optional
        Samples of a round; neurons are named after each. By default a round is one pass over the data.
    seed : int
        Fixes the first weights, the order of samples and all spikes.

    References
    ----------
    Diehl, Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, Frontiers in
    Computational Neuroscience 9, 2015; constants as in the authors' code.
    Pfister, Gerstner, Triplets of spikes in a model of spike timing-dependent plasticity, Journal of Neuroscience 26,
    2006.
    Hazan, Saunders, Khan, Patel, Sanghavi, Siegelmann, Kozma, BindsNET: a machine learning-oriented spiking neural
    networks library in Python, Frontiers in Neuroinformatics 12, 2018; the weighted vote.
    """

    card: ClassVar[Card] = Card(
        title="STDP with adaptive thresholds and inhibition",
        family="plasticity",
        summary="Neurons compete for the input by lateral inhibition and turn their weights towards what made them "
        "fire; labels only name the neurons afterwards.",
        equation=r"\text{input fires: } \Delta w = -\eta_{pre}\,y_1, \qquad \text{neuron fires: } "
        r"\Delta w = \eta_{post}\,x\,y_2, \qquad \theta \leftarrow \theta + \theta_{plus}",
        paper="Diehl, Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, "
        "Frontiers in Computational Neuroscience 9:99",
        year=2015,
        neuron="conductance LIF with adaptive threshold",
        code="Poisson rate, or events as they are",
        labels=False,
        gradients=False,
        symmetric_weights=False,
        whole_sequence=False,
        local=True,
        differences="A spike inhibits all other neurons directly, one step later, where the paper has one inhibitory "
        "neuron for each excitatory one. Inputs have no random delay of 0 to 10 ms. A sample that evokes fewer than "
        "five spikes is not shown again at a higher rate: one that is dimmer than the average is shown at higher rates "
        "at once, in training and in use. The rest between samples resets potentials, conductances and traces and lets "
        "thresholds decay, without being simulated. The conductance of a spike follows from the brightness of the data "
        "(on MNIST it is the paper's within 1 %), the time constant of the thresholds from the number of neurons (with "
        "400 it is the paper's).",
    )

    def __init__(
        self,
        neurons: int = 400,
        *,
        epochs: int = 3,
        steps: int = 700,
        dt: float = 5e-4,
        max_rate: float = 63.75,
        brighten: float = 1.0,
        drive: float = 650.0,
        inhibition: float = 17.0,
        neuron: ConductanceLIF | None = None,
        eta_pre: float = 1e-4,
        eta_post: float = 1e-2,
        tau_pre: float = 0.02,
        tau_fast: float = 0.02,
        tau_slow: float = 0.04,
        mean_weight: float = 0.1,
        rest: float = 0.15,
        naming: int = 10_000,
        weighted: bool = False,
        round_size: int | None = None,
        seed: int = 0,
    ) -> None:
        self.neurons = neurons
        self.epochs = epochs
        self.steps = steps
        self.dt = dt
        self.max_rate = max_rate
        self.brighten = brighten
        self.drive = drive
        self.inhibition = inhibition
        self.neuron = neuron
        self.eta_pre = eta_pre
        self.eta_post = eta_post
        self.tau_pre = tau_pre
        self.tau_fast = tau_fast
        self.tau_slow = tau_slow
        self.mean_weight = mean_weight
        self.rest = rest
        self.naming = naming
        self.weighted = weighted
        self.round_size = round_size
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the size by the number of samples; few of them are shown more often and learned from faster."""
        if shape.count < 10_000:
            return cls(100, epochs=6, eta_post=0.05, seed=seed)
        return cls(400, seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return an artificial network with one hidden layer of this size."""
        return twin_with(str(self.neurons), shape, seed=self.seed)

    def begin(self, train: Labelled, classes: int) -> DiehlCookTraining:
        """Draw the first weights."""
        self._check()
        source = spike_source(train.x, steps=self.steps, dt=self.dt, max_rate=self.max_rate, brighten=self.brighten)
        if not source.rate > 0:
            raise ValueError(
                "DiehlCook.fit: the samples hold no spike in the time of a run; give other samples or more steps."
            )
        plan = Plan(
            neurons=self.neurons,
            neuron=self.neuron or ConductanceLIF(tau_theta=SECONDS_A_NEURON * self.neurons),
            inhibition=self.inhibition,
            gain=self.drive / (self.mean_weight * source.rate),
            etas=(self.eta_pre, self.eta_post),
            taus=(self.tau_pre, self.tau_fast, self.tau_slow),
            mean_weight=self.mean_weight,
            rest=self.rest,
            epochs=self.epochs,
            naming=self.naming,
            weighted=self.weighted,
            round_size=self.round_size,
            seed=self.seed,
            dt=self.dt,
        )
        return DiehlCookTraining(source, train.y, classes, plan)

    def _check(self) -> None:
        if self.round_size is not None:
            check_count("DiehlCook.round_size", self.round_size)
        for name in ("neurons", "epochs", "steps", "naming"):
            check_count(f"DiehlCook.{name}", getattr(self, name))
        for name in ("dt", "tau_pre", "tau_fast", "tau_slow", "rest"):
            check_positive(f"DiehlCook.{name}", getattr(self, name), "seconds")
        for name in ("drive", "inhibition", "eta_pre", "eta_post"):
            check_positive(f"DiehlCook.{name}", getattr(self, name))
        check_positive("DiehlCook.max_rate", self.max_rate, "Hz")
        check_in_range("DiehlCook.brighten", self.brighten, 0, inf)
        check_in_range("DiehlCook.mean_weight", self.mean_weight, 1e-6, 1.0)
        for name in ONE_FOR_ALL:
            value = getattr(self.neuron, name, 0.0)
            if isinstance(value, Tensor) and value.numel() != 1:
                shape = tuple(value.shape)
                raise ValueError(
                    f"DiehlCook.neuron: {name} must be one number for all neurons; got a tensor of {shape}."
                )
