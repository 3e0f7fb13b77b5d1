"""The arithmetic of TrueNorth: four signed values of 9 bits a neuron, and synapses of one bit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from spikewright.neurons import IF, NeuronModel
from spikewright.quantised._arithmetic import Arithmetic, Floats, Whole, check_spikes, refuse
from spikewright.quantised._bits import nearest
from spikewright.quantised._grid import Grid
from spikewright.quantised._truenorth_if import TrueNorthIF

UNIT = 31
"""A neuron's four values are 1, 2, 4 and -8 times this, which all have 9 bits."""

LARGEST_WEIGHT = 7
LARGEST_LEAK = 255


@dataclass(frozen=True)
class TrueNorth(Arithmetic):
    """TrueNorth's arithmetic, with a scale for each neuron.

    A source takes four axons, one of each type, and a neuron's values for the types are 1, 2, 4 and -8 times 31; so the
    four bits of its synapses with the source are a weight from -7 to 7 in two's complement. A bias is the leak.
    """

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of IF neurons in whole numbers."""
        check_spikes("TrueNorth", layer)
        return _converted(layer.neuron, layer, self)

    def grid(self, layer: Floats) -> Grid:
        """Return the numbers of a layer of IF neurons."""
        ones = np.ones_like(layer.bias)
        return Grid(LARGEST_WEIGHT, ones, ones, most_threshold=np.inf, most_bias=LARGEST_LEAK / UNIT, places=UNIT)

    def kept(self, decay: float) -> float:  # noqa: ARG002 - there is one only
        """Return 1: a leak is added, it is no decay."""
        return 1.0


@singledispatch
def _converted(neuron: NeuronModel, layer: Floats, arithmetic: TrueNorth) -> Whole:  # noqa: ARG001
    raise refuse("TrueNorth", layer, "IF")


@_converted.register
def _(neuron: IF, layer: Floats, arithmetic: TrueNorth) -> Whole:
    grid = arithmetic.grid(layer)
    threshold = layer.each(neuron.v_threshold)
    weights, step, error = arithmetic.scaled(layer, grid, grid.least(threshold, layer.bias))
    unit = step / UNIT
    reset = neuron.v_reset
    integer = TrueNorthIF(
        threshold=np.maximum(nearest(threshold / unit), 1),
        leak=nearest(layer.bias / unit),
        reset=None if reset is None else nearest(layer.each(reset) / unit),
        start_v=nearest(layer.each(neuron.v_start) / unit),
    )
    return Whole(tuple(matrix * UNIT for matrix in weights), integer, unit, unit, error)
