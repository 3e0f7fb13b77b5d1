"""The neuron of Xylo: a current and a potential of 16 bits that decay by shifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from spikewright.quantised._bits import IntArray, limits, saturate, shifted_out
from spikewright.quantised._integer_neuron import IntegerNeuron

STATE_BITS = 16


class XyloState(NamedTuple):
    """Synaptic current ``i_syn`` and potential ``v``, shape (batch, neuron)."""

    i_syn: IntArray
    v: IntArray


@dataclass(frozen=True, eq=False)
class XyloLIF(IntegerNeuron):
    r"""Leaky integrate-and-fire neurons with one synaptic current each, as Xylo computes them.

    .. math::
        i &\leftarrow i + \sum w, \qquad i \leftarrow i - D(i, d_{syn}) \\
        v &\leftarrow v + (-D(v, d_{mem}) + i + b), \qquad
        D(x, d) = \begin{cases} x \gg d & \text{if that is not 0} \\ \mathrm{sign}(x) & \text{if it is} \end{cases}

    so that a decay goes on linearly where the shift gives 0, and all values end at 0. A neuron fires as often as the
    threshold fits into ``v``, up to ``most`` times a step, and each spike subtracts it. Every sum saturates at 16 bits,
    that of the current after each synapse.

    Parameters
    ----------
    dash_syn, dash_mem : array of int64, shape (neuron,)
        Shifts of current and potential, :math:`\log_2(\tau / dt)`, from 0 to 15.
    threshold : array of int64, shape (neuron,)
        From 1 to 32767.
    bias : array of int64, shape (neuron,)
        Added in every step.
    most : int
        Most spikes of a step: 31 of a hidden neuron, 1 of an output.

    References
    ----------
    Bos, Muir, Sub-mW neuromorphic SNN audio processing applications with Rockpool and Xylo, arXiv:2208.12991, 2022.
    xylosim 0.1.3, version 2 of the core, which is bit-exact.
    """

    dash_syn: IntArray
    dash_mem: IntArray
    threshold: IntArray
    bias: IntArray
    most: int = 31

    accumulator: ClassVar[tuple[int, int]] = limits(STATE_BITS)

    def start(self, batch: int) -> XyloState:
        """Return zeros."""
        zeros = np.zeros((batch, len(self.threshold)), np.int64)
        return XyloState(zeros, zeros)

    def held(self, state: XyloState) -> IntArray:
        """Return the current, to which weights are added one by one."""
        return state.i_syn.copy()

    def step(self, x: IntArray, state: XyloState) -> tuple[IntArray, XyloState]:
        """Advance by one step; ``x`` is the current with what arrived."""
        i_syn = x - shifted_out(x, self.dash_syn)
        change = saturate(i_syn - shifted_out(state.v, self.dash_mem), STATE_BITS)
        v = saturate(state.v + saturate(change + self.bias, STATE_BITS), STATE_BITS)
        spikes = np.clip(v // self.threshold, 0, self.most)
        return spikes, XyloState(i_syn, v - spikes * self.threshold)
