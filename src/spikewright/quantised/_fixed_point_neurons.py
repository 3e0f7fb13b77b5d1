"""Neurons in generic fixed-point arithmetic: a potential with so many bits behind the binary point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from spikewright.quantised._bits import IntArray, decayed, saturate
from spikewright.quantised._integer_neuron import IntegerNeuron

DECAY_BITS = 15


class FixedPointState(NamedTuple):
    """Potential ``v``, shape (batch, neuron)."""

    v: IntArray


class FixedPointCUBAState(NamedTuple):
    """Potential ``v`` and synaptic current ``i_syn``, shape (batch, neuron)."""

    v: IntArray
    i_syn: IntArray


@dataclass(frozen=True, eq=False)
class FixedPointLIF(IntegerNeuron):
    r"""Leaky integrate-and-fire neurons with delta synapses in fixed point.

    .. math:: v_t = \mathrm{sat}\bigl(l + \mathrm{rz}((v_{t-1} - l)\,d / 2^{15}) + 2^f x_t + b\bigr)

    with rz rounding towards 0 and sat saturating at ``bits``; the sum is exact before. A neuron fires where ``v``
    reaches the threshold, and subtracts it or takes the reset value. A decay of :math:`2^{15}` is no leak at all.

    Parameters
    ----------
    decay : array of int64, shape (neuron,)
        What is left of a potential after a step, in units of :math:`2^{-15}`.
    threshold, leak, bias, start_v : array of int64, shape (neuron,)
        Threshold, resting value, charge of every step, and potential before the first.
    reset : array of int64, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    fraction, bits : int
        Bits behind the binary point that weights do not have, and bits of a potential in all.
    """

    decay: IntArray
    threshold: IntArray
    leak: IntArray
    bias: IntArray
    start_v: IntArray
    reset: IntArray | None
    fraction: int
    bits: int

    def start(self, batch: int) -> FixedPointState:
        """Return the potentials before the first step."""
        return FixedPointState(np.tile(self.start_v, (batch, 1)))

    def step(self, x: IntArray, state: FixedPointState) -> tuple[IntArray, FixedPointState]:
        """Advance by one step."""
        left = self.leak + decayed(state.v - self.leak, self.decay, DECAY_BITS)
        v = saturate(left + (x << self.fraction) + self.bias, self.bits)
        spikes = (v >= self.threshold).astype(np.int64)
        after = v - self.threshold if self.reset is None else self.reset
        return spikes, FixedPointState(np.where(spikes, after, v))


@dataclass(frozen=True, eq=False)
class FixedPointIntegrator(IntegerNeuron):
    r"""Integrators in fixed point, whose output is the potential.

    .. math:: v_t = \mathrm{sat}\bigl(\mathrm{rz}(v_{t-1}\,d / 2^{15}) + 2^f x_t + b\bigr)

    Parameters
    ----------
    decay, bias : array of int64, shape (neuron,)
        What is left after a step in units of :math:`2^{-15}`, and the charge of every step.
    fraction, bits : int
        As in :class:`FixedPointLIF`.
    """

    decay: IntArray
    bias: IntArray
    fraction: int
    bits: int

    spiking: ClassVar[bool] = False

    def start(self, batch: int) -> FixedPointState:
        """Return zeros."""
        return FixedPointState(np.zeros((batch, len(self.bias)), np.int64))

    def step(self, x: IntArray, state: FixedPointState) -> tuple[IntArray, FixedPointState]:
        """Advance by one step."""
        left = decayed(state.v, self.decay, DECAY_BITS)
        v = saturate(left + (x << self.fraction) + self.bias, self.bits)
        return v, FixedPointState(v)


@dataclass(frozen=True, eq=False)
class FixedPointCUBA(IntegerNeuron):
    r"""Current-based leaky integrate-and-fire neurons in fixed point.

    .. math::
        v_t &= \mathrm{sat}\bigl(l + \mathrm{rz}((v_{t-1} - l)\,d / 2^{15}) + \mathrm{rz}(k\,i_{t-1} / 2^{15})\bigr) \\
        i_t &= \mathrm{sat}\bigl(\mathrm{rz}(i_{t-1}\,d_{syn} / 2^{15}) + 2^f x_t + b\bigr)

    Firing and reset are those of :class:`FixedPointLIF`.

    Parameters
    ----------
    decay, decay_syn, gain : array of int64, shape (neuron,)
        What is left of potential and current after a step, and what a current adds to the potential, in units of
        :math:`2^{-15}`.
    threshold, leak, bias : array of int64, shape (neuron,)
        Threshold, resting value, and charge of every step.
    reset : array of int64, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    fraction, bits : int
        As in :class:`FixedPointLIF`.
    """

    decay: IntArray
    decay_syn: IntArray
    gain: IntArray
    threshold: IntArray
    leak: IntArray
    bias: IntArray
    reset: IntArray | None
    fraction: int
    bits: int

    def start(self, batch: int) -> FixedPointCUBAState:
        """Return potentials at rest, without current."""
        rest = np.tile(self.leak, (batch, 1))
        return FixedPointCUBAState(rest, np.zeros_like(rest))

    def step(self, x: IntArray, state: FixedPointCUBAState) -> tuple[IntArray, FixedPointCUBAState]:
        """Advance by one step."""
        left = self.leak + decayed(state.v - self.leak, self.decay, DECAY_BITS)
        v = saturate(left + decayed(state.i_syn, self.gain, DECAY_BITS), self.bits)
        i_syn = saturate(decayed(state.i_syn, self.decay_syn, DECAY_BITS) + (x << self.fraction) + self.bias, self.bits)
        spikes = (v >= self.threshold).astype(np.int64)
        after = v - self.threshold if self.reset is None else self.reset
        return spikes, FixedPointCUBAState(np.where(spikes, after, v), i_syn)
