"""The arithmetic of Xylo: weights of 8 bits, states of 16, decay by shifts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from spikewright.checks import ModelError
from spikewright.neurons import CUBA, NeuronModel, PromptCUBA
from spikewright.quantised._arithmetic import Arithmetic, FloatArray, Floats, Whole, check_spikes, refuse
from spikewright.quantised._bits import IntArray, nearest
from spikewright.quantised._gain_of import gain_of
from spikewright.quantised._grid import Grid
from spikewright.quantised._xylo_lif import XyloLIF

LARGEST_WEIGHT = 127
LARGEST_STATE = 32767
MOST_SPIKES = 31


@dataclass(frozen=True)
class Xylo(Arithmetic):
    r"""Xylo's arithmetic; it has CUBA and PromptCUBA neurons whose spikes subtract the threshold.

    A decay :math:`e^{-dt/\tau}` becomes one by a shift of :math:`d = \mathrm{round}(\log_2(\tau/dt))`, from 1 to 15 for
    a current and from 0 for a potential. Weights carry the factor :math:`\frac{k}{1 - e^{-dt/\tau_{syn}}} \cdot
    \frac{2^{-d_{syn}}}{1 - 2^{-d_{syn}}}`, with the gain :math:`k` of the current, so that all that a spike adds to a
    potential over time stays the same. A potential follows its current one step earlier than that of
    :class:`~spikewright.neurons.CUBA`, as that of :class:`~spikewright.neurons.PromptCUBA` does. A bias of the
    chip enters the potential, as what the current of a constant charge comes to.
    """

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of CUBA or PromptCUBA neurons in whole numbers."""
        check_spikes("Xylo", layer)
        return _converted(layer.neuron, layer, self)

    def grid(self, layer: Floats) -> Grid:
        """Return the numbers of a layer of CUBA or PromptCUBA neurons."""
        return _grid(layer.neuron, layer)

    def kept(self, decay: float) -> float:
        r"""Return the nearest of :math:`1 - 2^{-d}` with a shift ``d`` from 1 to 15, by its time constant."""
        shift = shift_of(np.array(-1 / np.log(decay)), 1.0)
        return float(1 - 2.0 ** -np.maximum(shift, 1))


@singledispatch
def _converted(neuron: NeuronModel, layer: Floats, arithmetic: Xylo) -> Whole:  # noqa: ARG001
    raise refuse("Xylo", layer, "CUBA and PromptCUBA")


@_converted.register
def _(neuron: CUBA | PromptCUBA, layer: Floats, arithmetic: Xylo) -> Whole:
    if neuron.v_reset is not None or np.any(layer.each(neuron.v_leak)):
        raise ModelError(
            f"Xylo: layer {layer.name!r} must subtract its threshold and rest at 0. Use v_reset=None, v_leak=0."
        )
    grid = arithmetic.grid(layer)
    threshold = layer.each(neuron.v_threshold)
    weights, step, error = arithmetic.scaled(layer, grid, grid.least(threshold, layer.bias))
    integer = XyloLIF(
        dash_syn=_dash_syn(neuron, layer),
        dash_mem=shift_of(layer.each(neuron.tau_mem), layer.dt),
        threshold=np.maximum(nearest(threshold / step), 1),
        bias=nearest(layer.bias * grid.bias_gain / step),
        most=1 if layer.last else MOST_SPIKES,
    )
    return Whole(weights, integer, step, step, error)


@singledispatch
def _grid(neuron: NeuronModel, layer: Floats) -> Grid:  # noqa: ARG001
    raise refuse("Xylo", layer, "CUBA and PromptCUBA")


@_grid.register
def _(neuron: CUBA | PromptCUBA, layer: Floats) -> Grid:
    k = layer.each(gain_of(neuron, layer.dt))
    moved = k / (1 - layer.decay(neuron.tau_syn))
    gain = moved / (2.0 ** _dash_syn(neuron, layer) - 1)
    return Grid(LARGEST_WEIGHT, gain, moved, most_threshold=LARGEST_STATE, most_bias=LARGEST_STATE)


def _dash_syn(neuron: CUBA | PromptCUBA, layer: Floats) -> IntArray:
    return np.maximum(shift_of(layer.each(neuron.tau_syn), layer.dt), 1)


def shift_of(tau: FloatArray, dt: float) -> IntArray:
    r"""Return the shift :math:`\mathrm{round}(\log_2(\tau / dt))` of a time constant, from 0 to 15."""
    return np.clip(nearest(np.log2(tau / dt)), 0, 15)
