"""Generic fixed-point arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from spikewright.checks import ModelError, check_count, check_in_range
from spikewright.neurons import CUBA, IF, LIF, Integrator, NeuronModel, current_gain
from spikewright.quantised._arithmetic import Arithmetic, FloatArray, Floats, Whole, refuse
from spikewright.quantised._bits import IntArray, limits, nearest
from spikewright.quantised._fixed_point_neurons import (
    DECAY_BITS,
    FixedPointCUBA,
    FixedPointIntegrator,
    FixedPointLIF,
)
from spikewright.quantised._grid import Grid
from spikewright.quantised._integer_neuron import IntegerNeuron


@dataclass(frozen=True)
class FixedPointArithmetic(Arithmetic):
    """Weights of so many bits, potentials of more, with binary places that the weights do not have.

    In units of a weight's step a potential is a number Qm.n, with ``fraction`` for n and ``state_bits`` in all.

    Parameters
    ----------
    weight_bits : int
        Bits of a weight with its sign, from 2 to 16.
    state_bits, fraction : int
        Bits of a potential in all, up to 32, and behind its binary point.
    input_bits : int
        Bits behind the binary point of analog inputs; their products with weights are summed exactly, and the sum is
        rounded to a whole number of steps.
    """

    weight_bits: int = 8
    state_bits: int = 32
    fraction: int = 8
    input_bits: int = 8

    def __post_init__(self) -> None:
        for name, low, high in (
            ("weight_bits", 2, 16),
            ("state_bits", 8, 32),
            ("fraction", 0, 16),
            ("input_bits", 0, 8),
        ):
            where = f"FixedPointArithmetic.{name}"
            check_in_range(where, check_count(where, getattr(self, name), minimum=0), low, high)

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of IF, LIF, CUBA or Integrator neurons in whole numbers."""
        grid = self.grid(layer)
        weights, step, error = self.scaled(layer, grid, grid.least(_largest_number(layer.neuron, layer), layer.bias))
        scale = step / 2**self.fraction
        return Whole(weights, _neuron(layer.neuron, layer, scale, self), step, scale, error)

    def grid(self, layer: Floats) -> Grid:
        """Return the numbers of a layer."""
        ones, biggest = np.ones_like(layer.bias), limits(self.state_bits)[1] >> self.fraction
        places = 2**self.fraction
        return Grid(limits(self.weight_bits)[1], ones, ones, most_threshold=biggest, most_bias=biggest, places=places)

    def kept(self, decay: float) -> float:
        """Return the nearest that the bits of a factor hold, but for 0 and 1."""
        return float(np.clip(_factor(np.array(decay)), 1, 2**DECAY_BITS - 1) / 2**DECAY_BITS)


def _largest_number(neuron: NeuronModel, layer: Floats) -> FloatArray:
    """Return the largest of a neuron's numbers that is held like a potential, shape (neuron,)."""
    names = ("v_threshold", "v_leak", "v_reset", "v_start")
    held = [getattr(neuron, name, None) for name in names]
    numbers = [np.zeros_like(layer.bias), *(np.abs(layer.each(value)) for value in held if value is not None)]
    largest: FloatArray = np.max(numbers, axis=0)
    return largest


@singledispatch
def _neuron(neuron: NeuronModel, layer: Floats, scale: FloatArray, arithmetic: FixedPointArithmetic) -> IntegerNeuron:  # noqa: ARG001
    raise refuse("FixedPointArithmetic", layer, "IF, LIF, CUBA and Integrator")


@_neuron.register
def _(neuron: IF, layer: Floats, scale: FloatArray, arithmetic: FixedPointArithmetic) -> IntegerNeuron:
    return FixedPointLIF(
        decay=np.full(len(scale), 2**DECAY_BITS),
        threshold=nearest(layer.each(neuron.v_threshold) / scale),
        leak=np.zeros(len(scale), np.int64),
        bias=nearest(layer.bias / scale),
        start_v=nearest(layer.each(neuron.v_start) / scale),
        reset=_reset(neuron, layer, scale),
        fraction=arithmetic.fraction,
        bits=arithmetic.state_bits,
    )


@_neuron.register
def _(neuron: LIF, layer: Floats, scale: FloatArray, arithmetic: FixedPointArithmetic) -> IntegerNeuron:
    leak = nearest(layer.each(neuron.v_leak) / scale)
    return FixedPointLIF(
        decay=_factor(layer.decay(neuron.tau_mem)),
        threshold=nearest(layer.each(neuron.v_threshold) / scale),
        leak=leak,
        bias=nearest(layer.bias / scale),
        start_v=leak,
        reset=_reset(neuron, layer, scale),
        fraction=arithmetic.fraction,
        bits=arithmetic.state_bits,
    )


@_neuron.register
def _(neuron: CUBA, layer: Floats, scale: FloatArray, arithmetic: FixedPointArithmetic) -> IntegerNeuron:
    gain = layer.each(current_gain(neuron.tau_mem, neuron.tau_syn, layer.dt))
    return FixedPointCUBA(
        decay=_factor(layer.decay(neuron.tau_mem)),
        decay_syn=_factor(layer.decay(neuron.tau_syn)),
        gain=_factor(gain),
        threshold=nearest(layer.each(neuron.v_threshold) / scale),
        leak=nearest(layer.each(neuron.v_leak) / scale),
        bias=nearest(layer.bias / scale),
        reset=_reset(neuron, layer, scale),
        fraction=arithmetic.fraction,
        bits=arithmetic.state_bits,
    )


@_neuron.register
def _(neuron: Integrator, layer: Floats, scale: FloatArray, arithmetic: FixedPointArithmetic) -> IntegerNeuron:
    if not layer.last:
        raise ModelError(f"FixedPointArithmetic: only the last layer can integrate; {layer.name!r} is not the last.")
    kept = np.ones_like(scale) if neuron.tau_mem is None else layer.decay(neuron.tau_mem)
    bias = nearest(layer.bias / scale)
    return FixedPointIntegrator(_factor(kept), bias, arithmetic.fraction, arithmetic.state_bits)


def _reset(neuron: IF | LIF | CUBA, layer: Floats, scale: FloatArray) -> IntArray | None:
    return None if neuron.v_reset is None else nearest(layer.each(neuron.v_reset) / scale)


def _factor(kept: FloatArray) -> IntArray:
    """Return factors from 0 to 1 in units of the last place of a decay."""
    return nearest(kept * 2**DECAY_BITS)
