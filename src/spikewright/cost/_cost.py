"""What one inference costs, in counts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import reduce
from operator import add


@dataclass(frozen=True)
class LayerCost:
    """Counts of one layer, the mean over the samples of a run, each for one whole inference.

    Parameters
    ----------
    synaptic_operations : float
        Additions of a weight because a spike came.
    multiply_accumulates : float
        Multiplications of a weight with an analog value, zeros included.
    neuron_updates : float
        Steps of units that have a state.
    spikes : float
        Spikes of the layer's neurons.
    parameters : int
        Numbers that the layer keeps: weights, biases, delays, constants per neuron; zeros included.
    weight_bytes : int
        Bytes of these.
    state_bytes : int
        Bytes of the neurons' state for one sample.
    """

    synaptic_operations: float = 0.0
    multiply_accumulates: float = 0.0
    neuron_updates: float = 0.0
    spikes: float = 0.0
    parameters: int = 0
    weight_bytes: int = 0
    state_bytes: int = 0

    def __add__(self, other: LayerCost) -> LayerCost:
        return LayerCost(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(LayerCost)))


@dataclass(frozen=True)
class Cost:
    """Counts of a network, the mean over the samples of a run.

    Parameters
    ----------
    layers : dict of LayerCost
        By the layer's name.
    readout : LayerCost
        What the readout adds.
    input_events : float
        Spikes that the encoder sends; 0 if its values are analog.
    steps : int
        Time steps of a run.
    latency_steps : float
        Steps until the decision is the final one and stays so.
    """

    layers: dict[str, LayerCost]
    readout: LayerCost
    input_events: float
    steps: int
    latency_steps: float

    @property
    def total(self) -> LayerCost:
        """The sum over all layers and the readout."""
        return reduce(add, self.layers.values(), self.readout)
