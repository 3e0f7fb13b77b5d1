"""The arithmetic of Xylo: weights of 8 bits, states of 16, decay by shifts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from spikewright.checks import ModelError
from spikewright.neurons import CUBA, NeuronModel, current_gain
from spikewright.quantised._arithmetic import Arithmetic, FloatArray, Floats, Whole, check_spikes, refuse
from spikewright.quantised._bits import IntArray, nearest
from spikewright.quantised._xylo_lif import XyloLIF

LARGEST_WEIGHT = 127
LARGEST_STATE = 32767
MOST_SPIKES = 31


@dataclass(frozen=True)
class Xylo(Arithmetic):
    r"""Xylo's arithmetic; it has CUBA neurons whose spikes subtract the threshold.

    A decay :math:`e^{-dt/\tau}` becomes one by a shift of :math:`d = \mathrm{round}(\log_2(\tau/dt))`, from 1 to 15 for
    a current and from 0 for a potential. Weights carry the factor :math:`\frac{k}{1 - e^{-dt/\tau_{syn}}} \cdot
    \frac{2^{-d_{syn}}}{1 - 2^{-d_{syn}}}`, with the gain :math:`k` of the current, so that all that a spike adds to a
    potential over time stays the same. A potential follows its current one step earlier than that of
    :class:`~spikewright.neurons.CUBA`. A bias of the chip enters the potential, as what the current of a constant
    charge comes to.
    """

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of CUBA neurons in whole numbers."""
        check_spikes("Xylo", layer)
        return _converted(layer.neuron, layer, self)


@singledispatch
def _converted(neuron: NeuronModel, layer: Floats, arithmetic: Xylo) -> Whole:  # noqa: ARG001
    raise refuse("Xylo", layer, "CUBA")


@_converted.register
def _(neuron: CUBA, layer: Floats, arithmetic: Xylo) -> Whole:
    if neuron.v_reset is not None or np.any(layer.each(neuron.v_leak)):
        raise ModelError(
            f"Xylo: layer {layer.name!r} must subtract its threshold and rest at 0. Use v_reset=None, v_leak=0."
        )
    dash_syn = np.maximum(shift_of(layer.each(neuron.tau_syn), layer.dt), 1)
    k = layer.each(current_gain(neuron.tau_mem, neuron.tau_syn, layer.dt))
    moved = k / (1 - layer.decay(neuron.tau_syn))
    bias = layer.bias * moved
    threshold = layer.each(neuron.v_threshold)
    least = np.maximum(threshold, np.abs(bias)) / LARGEST_STATE
    weights, step, error = arithmetic.scaled(layer, moved / (2.0**dash_syn - 1), LARGEST_WEIGHT, least)
    integer = XyloLIF(
        dash_syn=dash_syn,
        dash_mem=shift_of(layer.each(neuron.tau_mem), layer.dt),
        threshold=np.maximum(nearest(threshold / step), 1),
        bias=nearest(bias / step),
        most=1 if layer.last else MOST_SPIKES,
    )
    return Whole(weights, integer, step, step, error)


def shift_of(tau: FloatArray, dt: float) -> IntArray:
    r"""Return the shift :math:`\mathrm{round}(\log_2(\tau / dt))` of a time constant, from 0 to 15."""
    return np.clip(nearest(np.log2(tau / dt)), 0, 15)
