"""A deep belief network of Siegert units, trained by contrastive divergence and run as spiking neurons."""

from __future__ import annotations

from typing import ClassVar, Self

from spikewright.checks import check_count, check_in_range, check_positive
from spikewright.data import DataShape
from spikewright.fitting import Card, Labelled, Learner, is_small
from spikewright.learners._siegert_dbn_training import HiddenPlan, LabelPlan, SiegertDBNTraining, firing_probabilities
from spikewright.learners._siegert_units import SiegertUnits
from spikewright.learners._twin import twin_with

LABEL_MOMENTUM = 0.9
"""Part of the last update of the layer of labels that the next one repeats."""


class SiegertDBN(Learner):
    """A stack of restricted Boltzmann machines whose units have the firing rate of spiking neurons.

    Each hidden layer learns without labels to reconstruct the layer below, by contrastive divergence on Siegert's
    rates. A layer of labels then learns by the difference of what should be and what is. The weights are used as they
    are by leaky integrate-and-fire neurons, which fire at the rates that training computed.

    Samples enter as Poisson spikes; recordings of events as they are, as far as the run is long.

    Parameters
    ----------
    hidden : tuple of int
        Units of the hidden layers, from the input up.
    epochs : int
        Passes over the data for each hidden layer.
    label_epochs : int
        Passes for the layer of labels.
    batch_size : int
        Samples of an update.
    learning_rate, label_learning_rate : float
        Of the hidden layers and of the layer of labels, in units of 1 over the mean squared length of the layer's input
        (without its mean, for the labels); the second falls to zero.
    momentum : float
        Part of the last update of a hidden layer that the next one repeats, in [0, 1).
    weight_decay : float
        Part of its weights that a hidden layer loses in an update, in units of its learning rate.
    first_charge : float
        Standard deviation of the charge that the first weights bring in a step, in thresholds.
    tau_mem : float
        Membrane time constant in seconds.
    max_rate, target_rate : float
        Rate in Hz of an input of value 1, and the one that a label unit learns for its class; at most one spike a step.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds, and the refractory period of the units.
    seed : int
        Fixes the first weights and the order of samples.

    References
    ----------
    O'Connor, Neil, Liu, Delbruck, Pfeiffer, Real-time classification and sensor fusion with a spiking deep belief
    network, Frontiers in Neuroscience 7, 2013; time constants as in the authors' code.
    """

    card: ClassVar[Card] = Card(
        title="Spiking deep belief network",
        family="deep belief network",
        summary="Layers learn to reconstruct their input by contrastive divergence on units with the firing rate of "
        "leaky integrate-and-fire neurons; the weights then serve the spiking neurons themselves.",
        equation=r"\Delta W = \eta\,(\langle v h \rangle_{data} - \langle v h \rangle_{recon}), \qquad "
        r"r = \Big[ \tau_{ref} + \tau \sqrt{\pi} \int_{-\mu / s}^{(\vartheta - \mu) / s} "
        r"e^{x^2} (1 + \mathrm{erf}\,x)\,dx \Big]^{-1}",
        paper="O'Connor, Neil, Liu, Delbruck, Pfeiffer, Real-time classification and sensor fusion with a spiking deep "
        "belief network, Frontiers in Neuroscience 7:178",
        year=2013,
        neuron="LIF, reset to rest",
        code="Poisson rate, or events as they are",
        labels=True,
        gradients=False,
        symmetric_weights=True,
        whole_sequence=False,
        local=True,
        differences="One step of contrastive divergence from the data, where the paper keeps persistent chains with "
        "fast weights and asks for sparse and selective units. The paper trains the top layer jointly with labels; "
        "here it learns without them, and a layer of labels with biases learns above it by the delta rule. Rates are "
        "deterministic in training, without added noise. The neurons have no refractory period beyond their step: a "
        "step is as long as the paper's refractory period, and a neuron fires once in it at most.",
    )

    def __init__(
        self,
        hidden: tuple[int, ...] = (500, 500),
        *,
        epochs: int = 2,
        label_epochs: int = 20,
        batch_size: int = 100,
        learning_rate: float = 2.0,
        label_learning_rate: float = 5.0,
        momentum: float = 0.5,
        weight_decay: float = 2.5e-5,
        first_charge: float = 0.05,
        tau_mem: float = 5.0,
        max_rate: float = 100.0,
        target_rate: float = 150.0,
        steps: int = 100,
        dt: float = 2e-3,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.label_epochs = label_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.label_learning_rate = label_learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.first_charge = first_charge
        self.tau_mem = tau_mem
        self.max_rate = max_rate
        self.target_rate = target_rate
        self.steps = steps
        self.dt = dt
        self.seed = seed

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the size and the length of training by the number of samples."""
        if is_small(shape):
            return cls(
                (100, 100),
                epochs=4,
                label_epochs=30,
                batch_size=10,
                label_learning_rate=2.0,
                max_rate=250.0,
                steps=200,
                seed=seed,
            )
        return cls(seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return an artificial network with hidden layers of these sizes."""
        twin = twin_with("-".join(str(units) for units in self.hidden), shape, seed=self.seed)
        twin.bias = False
        return twin

    def begin(self, train: Labelled, classes: int) -> SiegertDBNTraining:
        """Draw the first weights."""
        self._check()
        encoder, inputs = firing_probabilities(train.x, steps=self.steps, dt=self.dt, max_rate=self.max_rate)
        hidden = HiddenPlan(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            first_charge=self.first_charge,
        )
        labels = LabelPlan(
            epochs=self.label_epochs,
            batch_size=self.batch_size,
            learning_rate=self.label_learning_rate,
            momentum=LABEL_MOMENTUM,
            target=self.target_rate * self.dt,
        )
        units = SiegertUnits(tau_mem=self.tau_mem, dt=self.dt)
        sizes = (*self.hidden, classes)
        return SiegertDBNTraining(
            train, inputs, encoder, sizes, units=units, hidden=hidden, labels=labels, seed=self.seed
        )

    def _check(self) -> None:
        check_count("SiegertDBN.hidden", len(self.hidden), hint="Give the units of one or more layers.")
        for units in self.hidden:
            check_count("SiegertDBN.hidden", units)
        for name in ("epochs", "label_epochs", "batch_size", "steps"):
            check_count(f"SiegertDBN.{name}", getattr(self, name))
        for name in ("learning_rate", "label_learning_rate", "first_charge"):
            check_positive(f"SiegertDBN.{name}", getattr(self, name))
        for name in ("tau_mem", "dt"):
            check_positive(f"SiegertDBN.{name}", getattr(self, name), "seconds")
        check_in_range("SiegertDBN.momentum", self.momentum, 0.0, 0.999)
        check_in_range("SiegertDBN.weight_decay", self.weight_decay, 0.0, 1.0)
        for name in ("max_rate", "target_rate"):
            hint = "At most one spike fits into a step of dt seconds."
            check_in_range(f"SiegertDBN.{name}", getattr(self, name), 1e-9, 1 / self.dt, hint)
