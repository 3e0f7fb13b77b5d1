"""The liquid state machine: a random recurrent network of spiking neurons, and a linear readout."""

from __future__ import annotations

from math import ceil, prod
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spikewright.checks import check_count
from spikewright.coding import Direct, Encoder, EventFrames, Samples, Sweep, WindowedReadout
from spikewright.data import DataShape
from spikewright.fitting import Card, Labelled, Learner, rescaling, take
from spikewright.learners._liquid import draw_inputs, draw_liquid
from spikewright.learners._liquid_training import LiquidPlan, LiquidTraining
from spikewright.learners._twin import twin_with
from spikewright.network import Layer, Network
from spikewright.neurons import IF, LIF, NeuronModel
from spikewright.spikes import Events


class LiquidState(Learner):
    """A liquid: spiking neurons on a grid, joined at random and never trained. A linear readout of its spikes learns.

    The rows of a sample are steps in time and enter one after another, each for a few steps; a sample without rows,
    shape (feature,), is one row. Neurons without a leak turn the levels of a row into regular spikes. Recordings of
    events enter as they are. The readout classifies the liquid's spike counts in successive windows, by ridge
    regression.

    Parameters
    ----------
    grid : tuple of int
        Neurons along the three axes of the liquid.
    neuron : NeuronModel
        Of the liquid.
    reach : float
        Distance, in units of the grid, over which neurons are joined.
    strength : float
        Mean charge of an excitatory synapse of the liquid; an inhibitory one has twice that.
    fan_in : int
        Inputs that a neuron of the liquid receives.
    rate : float
        Mean firing rate of the liquid in Hz, for which the weights of the inputs are scaled.
    steps : int
        Time steps of a run, at least; each row lasts equally many.
    dt : float
        Length of a step in seconds; for recordings of events it is the longest recording's duration over ``steps``.
    windows : int
        Windows in which spikes are counted, at most.
    penalties : tuple of float
        Of the squared weights of the readout, in squared spikes; a quarter of the samples chooses among them.
    calibration : int
        Training samples by which the inputs are scaled.
    part : int
        Training samples of a round.
    seed : int
        Fixes the liquid, its inputs and the order of samples.

    References
    ----------
    Maass, Natschlaeger, Markram, Real-time computing without stable states: a new framework for neural computation
    based on perturbations, Neural Computation 14, 2002.
    """

    card: ClassVar[Card] = Card(
        title="Liquid state machine",
        family="reservoir",
        summary="A random recurrent network of spiking neurons turns a stream of input into a rich trajectory; only a "
        "linear readout of its spikes is trained, by ridge regression.",
        equation=r"P(a \to b) = C_{ab}\, e^{-D(a, b)^2 / \lambda^2}, \qquad "
        r"W = (X^\top X + p I)^{-1} X^\top Y",
        paper="Maass, Natschlaeger, Markram, Real-time computing without stable states: a new framework for neural "
        "computation based on perturbations, Neural Computation 14:2531-2560",
        year=2002,
        neuron="LIF",
        code="regular spikes row by row, or events as they are",
        labels=True,
        gradients=False,
        symmetric_weights=False,
        whole_sequence=False,
        local=False,
        differences="Synapses are static and act at once, where the paper has dynamic synapses with currents and "
        "delays; inputs excite and inhibit, where the paper's excite; the weights of inputs are scaled to reach a "
        "firing rate; the readout counts spikes in windows where the paper filters them, and is found by ridge "
        "regression.",
    )

    def __init__(
        self,
        grid: tuple[int, int, int] = (5, 5, 16),
        *,
        neuron: NeuronModel = LIF(tau_mem=0.03, v_reset=0.0),  # noqa: B008 - frozen
        reach: float = 2.0,
        strength: float = 0.15,
        fan_in: int = 8,
        rate: float = 15.0,
        steps: int = 320,
        dt: float = 3.2e-3,
        windows: int = 10,
        penalties: tuple[float, ...] = (10.0, 100.0, 1e3, 1e4, 1e5),
        calibration: int = 50,
        part: int = 5000,
        seed: int = 0,
    ) -> None:
        self.grid = grid
        self.neuron = neuron
        self.reach = reach
        self.strength = strength
        self.fan_in = fan_in
        self.rate = rate
        self.steps = steps
        self.dt = dt
        self.windows = windows
        self.penalties = penalties
        self.calibration = calibration
        self.part = part
        self.seed = seed

    @property
    def separation_(self) -> float:
        """Mean distance of the states that two training samples leave, see :func:`separation`."""
        return self.history_[0].metrics["separation"]

    @property
    def kernel_rank_(self) -> int:
        """Rank of the states that training samples leave, see :func:`kernel_rank`."""
        return int(self.history_[0].metrics["kernel_rank"])

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:
        """Choose the length of a run by the rows, and the size of the liquid by the number of samples."""
        if shape.kind == "events":
            return cls(steps=100, fan_in=32, windows=10, seed=seed)
        rows = shape.sample[-2] if len(shape.sample) > 1 else 1
        if rows < 16:
            return cls((5, 5, 8), rate=30.0, steps=80, windows=8, seed=seed)
        if rows <= 32:
            return cls(rate=30.0, steps=5 * rows, windows=7, seed=seed)
        return cls(steps=5 * rows, seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return the artificial network with as many hidden units as the liquid has neurons."""
        return twin_with(f"{int(np.prod(self.grid))}", shape, seed=self.seed)

    def begin(self, train: Labelled, classes: int) -> LiquidTraining:
        """Draw the liquid and start to run it."""
        plan = LiquidPlan(self.rate, self.calibration, self.part, tuple(self.penalties), self.seed)
        encoder, dt = self._encoder(train.x)
        raster = encoder(take(train, torch.arange(1)), dt=dt, like=torch.zeros(()))
        rng = np.random.default_rng((self.seed, 0))
        recurrent = draw_liquid(self.grid, reach=self.reach, strength=self.strength, rng=rng)
        arriving = draw_inputs(len(recurrent), prod(raster.shape[2:]), fan_in=self.fan_in, rng=rng)
        # Recordings are spikes already; levels charge one neuron each.
        inputs = Layer(nn.Flatten(), name="inputs") if encoder.spiking else Layer(None, IF(), name="inputs")
        liquid = Layer(_fixed(arriving), self.neuron, recurrent=_fixed(recurrent), name="liquid")
        width = ceil(encoder.steps / check_count("LiquidState.windows", self.windows))
        weight = torch.zeros(classes, ceil(encoder.steps / width), len(recurrent))
        readout = WindowedReadout(weight=weight, bias=torch.zeros(classes), width=width)
        return LiquidTraining(Network(encoder, inputs, liquid, readout, dt=dt), train, plan)

    def _encoder(self, x: Samples) -> tuple[Encoder, float]:
        """Return the encoder and the length of a step."""
        steps = check_count("LiquidState.steps", self.steps)
        if isinstance(x[0], Events):
            return EventFrames(steps=steps), max(recording.duration for recording in x) / steps
        if x[0].ndim == 1:
            return Direct(steps=steps, before=rescaling(x)), self.dt
        rows = x[0].shape[-2]
        hold = ceil(steps / rows)
        return Sweep(steps=rows * hold, encoder=Direct(steps=hold), before=rescaling(x)), self.dt


def _fixed(weight: NDArray[np.float32]) -> nn.Linear:
    """Return a dense connection without a bias whose weights are not trained."""
    connection = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    connection.weight = nn.Parameter(torch.from_numpy(weight), requires_grad=False)
    return connection
