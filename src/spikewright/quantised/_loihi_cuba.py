"""The neuron of Loihi: a current and a potential of 24 bits with decays of 12 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikewright.checks import ModelError
from spikewright.quantised._bits import IntArray, decayed
from spikewright.quantised._integer_neuron import IntegerNeuron

DECAY_BITS = 12
SHIFT = 6
LARGEST = 2**23 - 1
LARGEST_INPUT = 2**15 - 1


class LoihiState(NamedTuple):
    """Current ``u`` and potential ``v``, shape (batch, neuron)."""

    u: IntArray
    v: IntArray


@dataclass(frozen=True, eq=False)
class LoihiCUBA(IntegerNeuron):
    r"""Current-based leaky integrate-and-fire neurons as Loihi computes them.

    .. math::
        u_t &= \mathrm{rz}\bigl(u_{t-1}\,(2^{12} - 1 - d_u) / 2^{12}\bigr) + 2^6 x_t \\
        v_t &= \mathrm{clip}\bigl(\mathrm{rz}(v_{t-1}\,(2^{12} - d_v) / 2^{12}) + u_t + b\bigr)

    with rz rounding towards 0. A neuron fires where :math:`v_t > 2^6 \theta`; then ``v`` becomes 0. With ``subtract``,
    a program of Loihi 2, it becomes :math:`v - 2^6 (\theta + 1)` instead. The potential saturates at
    :math:`\pm(2^{23} - 1)`. A sum of weights of more than 16 bits, or a current of more than 24, would wrap around on
    the chip; here it is an error.

    Parameters
    ----------
    decay_u, decay_v : array of int64, shape (neuron,)
        Decay constants, from 0 to 4095. 4095 lets a current act for one step.
    threshold : array of int64, shape (neuron,)
        Mantissa :math:`\theta`, from 0 to 131071.
    bias : array of int64, shape (neuron,)
        Added to ``v`` in every step.
    subtract : bool
        Whether a spike subtracts.

    References
    ----------
    Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE Micro 38, 2018.
    Lava 0.10.0, ``PyLifModelBitAcc``, which is bit-accurate with the chip.
    """

    decay_u: IntArray
    decay_v: IntArray
    threshold: IntArray
    bias: IntArray
    subtract: bool = False

    def start(self, batch: int) -> LoihiState:
        """Return zeros."""
        zeros = np.zeros((batch, len(self.threshold)), np.int64)
        return LoihiState(zeros, zeros)

    def step(self, x: IntArray, state: LoihiState) -> tuple[IntArray, LoihiState]:
        """Advance by one step.

        Raises
        ------
        ModelError
            If a sum of weights or a current leaves its bits.
        """
        _check("the sum of weights of a step", x, LARGEST_INPUT)
        u = decayed(state.u, 2**DECAY_BITS - 1 - self.decay_u, DECAY_BITS) + (x << SHIFT)
        _check("the current", u, LARGEST)
        left = decayed(state.v, 2**DECAY_BITS - self.decay_v, DECAY_BITS)
        v = np.clip(left + u + self.bias, -LARGEST, LARGEST)
        spikes = (v > self.threshold << SHIFT).astype(np.int64)
        after = v - ((self.threshold + 1) << SHIFT) if self.subtract else 0
        return spikes, LoihiState(u, np.where(spikes, after, v))


def _check(what: str, x: IntArray, largest: int) -> None:
    if np.abs(x).max(initial=0) > largest:
        raise ModelError(
            f"LoihiCUBA: {what} reaches {np.abs(x).max()}, more than {largest}, and would wrap around on the chip. "
            "Let fewer sources fire at once, or weights be smaller beside the threshold."
        )
