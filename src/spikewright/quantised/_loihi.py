"""The arithmetic of Loihi: weights of 8 bits with an exponent, decays of 12, states of 24."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from torch import Tensor

from spikewright.checks import ModelError
from spikewright.neurons import CUBA, IF, LIF, NeuronModel, PromptCUBA
from spikewright.quantised._arithmetic import Arithmetic, FloatArray, Floats, Whole, check_spikes, refuse
from spikewright.quantised._bits import IntArray, nearest
from spikewright.quantised._gain_of import gain_of
from spikewright.quantised._grid import Grid
from spikewright.quantised._loihi_cuba import LARGEST_INPUT, SHIFT, LoihiCUBA

LARGEST_WEIGHT = 127
LARGEST_THRESHOLD = 131071
LARGEST_BIAS = 4095
LARGEST_EXPONENT = 7
HEADROOM = 2**14
"""Thresholds up to which an exponent is raised, so that a potential has room for eight of them."""


@dataclass(frozen=True)
class Loihi(Arithmetic):
    """Loihi's arithmetic, with one scale and one exponent for all weights of a layer.

    A weight of mixed sign is an even number of 8 bits and a sign, so a whole weight of this class is worth 2 on the
    chip, times 2 to the exponent. The exponent of a layer is the largest, from 0 to 7, at which its thresholds, biases
    and the sum of all its weights fit.

    A LIF neuron is one whose current lasts for one step. A CUBA neuron's potential follows its current one step earlier
    than that of :class:`~spikewright.neurons.CUBA` does, so its spikes come a step earlier, as those of
    :class:`~spikewright.neurons.PromptCUBA`; its gain is part of the weights.

    Parameters
    ----------
    subtract : bool
        Whether neurons can subtract their threshold, as programs of Loihi 2 can.
    """

    per_channel: bool = False
    subtract: bool = False

    def convert(self, layer: Floats) -> Whole:
        """Return a layer of IF, LIF, CUBA or PromptCUBA neurons in whole numbers."""
        check_spikes("Loihi", layer)
        decays = _decays(layer.neuron, layer)
        threshold = layer.each(decays.threshold)
        if decays.reset is not None and np.any(layer.each(decays.reset)):
            raise ModelError(f"Loihi: layer {layer.name!r} resets to a value; the chip resets to 0. Use v_reset=0.")
        if decays.reset is None and not self.subtract:
            raise ModelError(
                f"Loihi: layer {layer.name!r} subtracts its threshold at a spike; the chip resets to 0. Use v_reset=0."
            )
        if decays.rest:
            raise ModelError(f"Loihi: layer {layer.name!r} rests or starts at another value than 0.")
        bias = layer.bias * decays.bias_gain
        grid = self.grid(layer)
        weights, step, error = self.scaled(layer, grid, grid.least(threshold, layer.bias))
        most = np.sum([abs(matrix).sum(axis=1) for matrix in weights], axis=0).max(initial=0)
        exponent = _exponent(threshold / step, bias / step, int(most))
        worth = 2 << exponent
        neuron = LoihiCUBA(
            decay_u=decays.u,
            decay_v=decays.v,
            threshold=np.ceil(threshold / step * worth).astype(np.int64) - 1,
            bias=_with_exponent(bias / step * worth * 2**SHIFT),
            subtract=decays.reset is None,
        )
        return Whole(tuple(matrix * worth for matrix in weights), neuron, step / worth, step / worth / 2**SHIFT, error)

    def grid(self, layer: Floats) -> Grid:
        """Return the numbers of a layer of neurons; a bias of a whole step fits at any exponent."""
        decays = _decays(layer.neuron, layer)
        most_bias = LARGEST_BIAS * 2**7 / (2 * 2**SHIFT)
        return Grid(
            LARGEST_WEIGHT,
            decays.gain,
            decays.bias_gain,
            most_threshold=LARGEST_THRESHOLD / 2,
            most_bias=most_bias,
        )

    def kept(self, decay: float) -> float:
        """Return the nearest that 12 bits hold."""
        return 1 - max(int(_constant(np.array(decay))), 1) / 4096


class _Decays(NamedTuple):
    """What is different between neuron models; ``rest`` says whether they start or rest elsewhere than at 0."""

    u: IntArray
    v: IntArray
    gain: FloatArray
    bias_gain: FloatArray
    threshold: float | Tensor
    reset: float | Tensor | None
    rest: bool


@singledispatch
def _decays(neuron: NeuronModel, layer: Floats) -> _Decays:  # noqa: ARG001
    raise refuse("Loihi", layer, "IF, LIF, CUBA and PromptCUBA")


@_decays.register
def _(neuron: IF, layer: Floats) -> _Decays:
    ones = np.ones(len(layer.bias))
    rest = bool(np.any(layer.each(neuron.v_start)))
    no_decay = np.zeros(len(ones), np.int64)
    return _Decays(_short(ones), no_decay, ones, ones, neuron.v_threshold, neuron.v_reset, rest)


@_decays.register
def _(neuron: LIF, layer: Floats) -> _Decays:
    ones = np.ones(len(layer.bias))
    rest = bool(np.any(layer.each(neuron.v_leak)))
    decay = _constant(layer.decay(neuron.tau_mem))
    return _Decays(_short(ones), decay, ones, ones, neuron.v_threshold, neuron.v_reset, rest)


@_decays.register
def _(neuron: CUBA | PromptCUBA, layer: Floats) -> _Decays:
    gain = layer.each(gain_of(neuron, layer.dt))
    kept = layer.decay(neuron.tau_syn)
    u = np.maximum(_constant(kept) - 1, 0)
    rest = bool(np.any(layer.each(neuron.v_leak)))
    # A bias of the chip enters the potential: as what the current of a constant charge comes to.
    decay = _constant(layer.decay(neuron.tau_mem))
    return _Decays(u, decay, gain, gain / (1 - kept), neuron.v_threshold, neuron.v_reset, rest)


def _short(like: FloatArray) -> IntArray:
    """Return the decay of a current that lasts for one step."""
    return np.full(len(like), 4095)


def _constant(kept: FloatArray) -> IntArray:
    return np.clip(nearest((1 - kept) * 4096), 0, 4095)


def _exponent(threshold: FloatArray, bias: FloatArray, most: int) -> int:
    """Return the largest exponent at which everything fits, 0 if none does."""
    for exponent in range(LARGEST_EXPONENT, 0, -1):
        worth = 2 << exponent
        fits = threshold.max(initial=0) * worth <= HEADROOM and most * worth <= LARGEST_INPUT
        if fits and np.abs(bias).max(initial=0) * worth * 2**SHIFT <= LARGEST_BIAS * 2**7:
            return exponent
    return 0


def _with_exponent(bias: FloatArray) -> IntArray:
    """Round to a mantissa of 12 bits and a sign, times a power of 2 up to 7."""
    exponent = np.ceil(np.log2(np.maximum(np.abs(bias) / LARGEST_BIAS, 1))).astype(np.int64)
    mantissa = np.clip(nearest(bias / 2.0**exponent), -LARGEST_BIAS, LARGEST_BIAS)
    return mantissa << exponent
