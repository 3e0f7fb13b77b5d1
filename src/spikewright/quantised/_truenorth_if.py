"""The neuron of TrueNorth: an integrator with a leak that is added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikewright.quantised._bits import IntArray
from spikewright.quantised._integer_neuron import IntegerNeuron


class TrueNorthState(NamedTuple):
    """Potential ``v``, shape (batch, neuron)."""

    v: IntArray


@dataclass(frozen=True, eq=False)
class TrueNorthIF(IntegerNeuron):
    r"""The deterministic part of TrueNorth's neuron.

    .. math:: v_t = v_{t-1} + \sum_i s_i + \lambda

    Each step: add the synaptic values that arrived, then the leak; fire where ``v >= threshold``; subtract the
    threshold or set the reset value. Weights and leaks are signed values of 9 bits. A synapse is a single bit that lets
    one of the neuron's four values pass, so :class:`~spikewright.quantised.TrueNorth` puts weights of four bits
    together from axons of all four types. The chip's stochastic modes, its leak towards 0 and its negative threshold
    are not used.

    Parameters
    ----------
    threshold : array of int64, shape (neuron,)
        At least 1.
    leak : array of int64, shape (neuron,)
        Added in every step, from -255 to 255.
    reset : array of int64, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    start_v : array of int64, shape (neuron,)
        Potential before the first step.

    References
    ----------
    Cassidy et al., Cognitive computing building block: a versatile and efficient digital neuron model for neurosynaptic
    cores, IJCNN 2013.
    """

    threshold: IntArray
    leak: IntArray
    reset: IntArray | None
    start_v: IntArray

    def start(self, batch: int) -> TrueNorthState:
        """Return the potentials before the first step."""
        return TrueNorthState(np.tile(self.start_v, (batch, 1)))

    def step(self, x: IntArray, state: TrueNorthState) -> tuple[IntArray, TrueNorthState]:
        """Advance by one step."""
        v = state.v + x + self.leak
        spikes = (v >= self.threshold).astype(np.int64)
        after = v - self.threshold if self.reset is None else self.reset
        return spikes, TrueNorthState(np.where(spikes, after, v))
