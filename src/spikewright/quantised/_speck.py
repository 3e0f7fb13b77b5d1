"""The arithmetic of Speck: weights of 8 bits, potentials of 16, no leak."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from spikewright.checks import ModelError
from spikewright.neurons import IF, NeuronModel
from spikewright.quantised._arithmetic import Arithmetic, Floats, Whole, check_largest, check_spikes, refuse
from spikewright.quantised._bits import nearest
from spikewright.quantised._grid import Grid
from spikewright.quantised._speck_if import SpeckIF

LARGEST_WEIGHT = 127
LARGEST_STATE = 32767


@dataclass(frozen=True)
class Speck(Arithmetic):
    """Speck's arithmetic, with one scale for a layer, because a core has one threshold.

    Weights and biases have 8 bits, thresholds and potentials 16. A spike subtracts the threshold, and a neuron can fire
    several times in a step, or it sets the potential to 0.
    """

    per_channel: bool = False

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of IF neurons in whole numbers."""
        check_spikes("Speck", layer)
        return _converted(layer.neuron, layer, self)

    def grid(self, layer: Floats) -> Grid:
        """Return the numbers of a layer of IF neurons."""
        ones = np.ones_like(layer.bias)
        return Grid(LARGEST_WEIGHT, ones, ones, most_threshold=LARGEST_STATE, most_bias=LARGEST_WEIGHT)

    def kept(self, decay: float) -> float:  # noqa: ARG002 - there is one only
        """Return 1: nothing leaks."""
        return 1.0


@singledispatch
def _converted(neuron: NeuronModel, layer: Floats, arithmetic: Speck) -> Whole:  # noqa: ARG001
    raise refuse("Speck", layer, "IF")


@_converted.register
def _(neuron: IF, layer: Floats, arithmetic: Speck) -> Whole:
    if neuron.v_reset is not None and np.any(layer.each(neuron.v_reset)):
        raise ModelError(f"Speck: layer {layer.name!r} resets to a value; the chip subtracts, or resets to 0.")
    threshold = layer.each(neuron.v_threshold)
    grid = arithmetic.grid(layer)
    weights, step, error = arithmetic.scaled(layer, grid, grid.least(threshold, layer.bias))
    start = nearest(layer.each(neuron.v_start) / step)
    check_largest("Speck", layer, "first potential", start, LARGEST_STATE)
    integer = SpeckIF(
        threshold=np.maximum(nearest(threshold / step), 1),
        bias=nearest(layer.bias / step),
        start_v=start,
        subtract=neuron.v_reset is None,
    )
    return Whole(weights, integer, step, step, error)
