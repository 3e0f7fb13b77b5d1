"""A network in whole numbers, which knows what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
import scipy

from spikewright import kernels
from spikewright.chips import Chip
from spikewright.network import INPUT, Network, signals
from spikewright.quantised._arithmetic import Arithmetic, FloatArray, Floats
from spikewright.quantised._arithmetic_of import arithmetic_of
from spikewright.quantised._bits import IntArray
from spikewright.quantised._integer_neuron import WIDE, IntegerNeuron
from spikewright.quantised._populations import Population, Term, populations


class IntegerSynapses(NamedTuple):
    """Whole weights from one source, all with one delay, ordered by source neuron; see :class:`Synapses`."""

    source: str
    delay: int
    starts: IntArray
    targets: IntArray
    weights: IntArray


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """The neurons of a layer in whole numbers.

    Parameters
    ----------
    name : str
        Name in the network it was made from.
    shape : tuple of int
        Shape of one sample.
    neuron : IntegerNeuron
        Its numbers, in C order.
    synapses : tuple of IntegerSynapses
        All that reach it, in the order in which they are delivered; those from itself last.
    step, scale : array, shape (neuron,)
        What a weight of 1 is worth, and what 1 of the output where it is a potential.
    error : float
        See :class:`Whole`.
    """

    name: str
    shape: tuple[int, ...]
    neuron: IntegerNeuron
    synapses: tuple[IntegerSynapses, ...]
    step: FloatArray
    scale: FloatArray
    error: float

    def run(self, outputs: dict[str, IntArray], input_bits: int) -> IntArray:
        """Return the output of all steps, shape (time, batch, neuron).

        Parameters
        ----------
        outputs : dict of array of int64, shape (time, batch, neuron)
            Those of the sources, by name.
        input_bits : int
            Bits behind the binary point of the input; 0 for spikes.
        """
        first = outputs[INPUT]
        fired = np.zeros((*first.shape[:2], prod(self.shape)), np.int64)
        outputs = {**outputs, self.name: fired}
        state = self.neuron.start(first.shape[1])
        for now in range(len(fired)):
            sums = self.neuron.held(state)
            for synapses in self.synapses:
                if now >= synapses.delay:
                    sent = outputs[synapses.source][now - synapses.delay]
                    self._deliver(synapses, sent, sums, input_bits)
            fired[now], state = self.neuron.step(sums, state)
        return fired

    def _deliver(self, synapses: IntegerSynapses, sent: IntArray, sums: IntArray, input_bits: int) -> None:
        sent = np.ascontiguousarray(sent)
        wires = synapses.starts, synapses.targets, synapses.weights
        if synapses.source != INPUT or not input_bits:
            kernels.deliver_integers(sent, *wires, *self.neuron.accumulator, sums)
            return
        products = np.zeros_like(sums)
        kernels.deliver_integers(sent, *wires, -WIDE, WIDE, products)
        sums += (products + 2 ** (input_bits - 1)) >> input_bits


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A network in whole numbers, made by :func:`quantise`.

    Parameters
    ----------
    arithmetic : Arithmetic
        How it was made.
    shape : tuple of int
        Shape of its input for one sample and step.
    layers : tuple of IntegerLayer
        In order.
    input_bits : int
        Bits behind the binary point of the input; 0 for spikes.
    """

    arithmetic: Arithmetic
    shape: tuple[int, ...]
    layers: tuple[IntegerLayer, ...]
    input_bits: int

    def run(self, sent: IntArray) -> dict[str, IntArray]:
        """Return the output of every layer by name, shape (time, batch, neuron).

        Parameters
        ----------
        sent : array of int64, shape (time, batch, neuron)
            The input: numbers of spikes, or analog values times ``2**input_bits``.
        """
        outputs = {INPUT: sent}
        for layer in self.layers:
            outputs[layer.name] = layer.run(outputs, self.input_bits)
        return outputs


def quantise(net: Network, shape: tuple[int, ...], chip: Chip | Arithmetic | str) -> IntegerNetwork:
    """Turn a network into one of whole numbers.

    Parameters
    ----------
    net : Network
        Its neurons must be those that the arithmetic has, its connections linear.
    shape : tuple of int
        Shape of the raster for one sample and step.
    chip : Chip, Arithmetic or str
        In whose arithmetic; a text is the name of a chip.

    Raises
    ------
    ModelError
        If a part of the network cannot be expressed.
    """
    arithmetic = arithmetic_of(chip)
    spiking = signals(net)[INPUT].spiking
    found = populations(net, shape)
    layers = tuple(_layer(population, arithmetic, net, spiking=spiking) for population in found)
    return IntegerNetwork(arithmetic, shape, layers, 0 if spiking else arithmetic.input_bits)


def _layer(population: Population, arithmetic: Arithmetic, net: Network, *, spiking: bool) -> IntegerLayer:
    path = population.path
    terms = (*path.terms, *([] if population.recurrent is None else [population.recurrent]))
    floats = Floats(
        name=population.name,
        neuron=population.neuron,
        shape=path.shape,
        matrices=tuple(term.matrix for term in terms),
        bias=path.bias,
        dt=net.dt,
        analog=not spiking and any(term.source == INPUT for term in terms),
        last=population.name == net.last,
    )
    whole = arithmetic.convert(floats)
    synapses = tuple(_by_source(term, weights) for term, weights in zip(terms, whole.weights, strict=True))
    return IntegerLayer(population.name, path.shape, whole.neuron, synapses, whole.step, whole.scale, whole.error)


def _by_source(term: Term, weights: scipy.sparse.csr_array[np.int64]) -> IntegerSynapses:
    columns = weights.tocsc()
    columns.eliminate_zeros()
    columns.sort_indices()
    starts, targets = columns.indptr.astype(np.int64), columns.indices.astype(np.int64)
    return IntegerSynapses(term.source, term.delay, starts, targets, columns.data.astype(np.int64))
