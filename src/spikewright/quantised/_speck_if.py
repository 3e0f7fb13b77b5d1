"""The neuron of Speck: an integrator of 16 bits without leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikewright.quantised._bits import IntArray, saturate
from spikewright.quantised._integer_neuron import IntegerNeuron

STATE_BITS = 16


class SpeckState(NamedTuple):
    """Potential ``v``, shape (batch, neuron)."""

    v: IntArray


@dataclass(frozen=True, eq=False)
class SpeckIF(IntegerNeuron):
    r"""Integrate-and-fire neurons of 16 bits.

    Each step: add what arrived and the bias, saturate at 16 bits, raise what is below ``low`` to it, fire. With
    ``subtract`` a neuron fires :math:`\lfloor v / \theta \rfloor` times and keeps the rest; without, it fires once
    where :math:`v \ge \theta` and its potential becomes 0.

    The chip takes the events one by one, without steps. Here those of a step are added up first, so that their order,
    on which a spike of the chip can depend, has no part in it.

    Parameters
    ----------
    threshold : array of int64, shape (neuron,)
        From 1 to 32767.
    bias : array of int64, shape (neuron,)
        Added in every step.
    start_v : array of int64, shape (neuron,)
        Potential before the first step.
    low : int
        Least potential, from -32768 up.
    subtract : bool
        Whether a spike subtracts.

    References
    ----------
    sinabs 3.1.3, ``backend/dynapcnn/discretize.py`` and ``chips/dynapcnn.py``.
    """

    threshold: IntArray
    bias: IntArray
    start_v: IntArray
    low: int = -(2 ** (STATE_BITS - 1))
    subtract: bool = True

    def start(self, batch: int) -> SpeckState:
        """Return the potentials before the first step."""
        return SpeckState(np.tile(self.start_v, (batch, 1)))

    def step(self, x: IntArray, state: SpeckState) -> tuple[IntArray, SpeckState]:
        """Advance by one step."""
        v = np.maximum(saturate(state.v + x + self.bias, STATE_BITS), self.low)
        if self.subtract:
            spikes = np.maximum(v // self.threshold, 0)
            return spikes, SpeckState(v - spikes * self.threshold)
        spikes = (v >= self.threshold).astype(np.int64)
        return spikes, SpeckState(v * (1 - spikes))
