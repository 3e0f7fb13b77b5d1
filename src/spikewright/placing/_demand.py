"""What each layer of a network asks of a chip."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import scipy
from torch import nn

from spikewright.network import Network
from spikewright.neurons import NeuronModel
from spikewright.quantised import IntArray, Population, populations


@dataclass(frozen=True, eq=False)
class Demand:
    """What the neurons of one layer ask for.

    Parameters
    ----------
    name : str
        Name of the layer.
    neuron : NeuronModel
        Its model.
    shape : tuple of int
        Shape of one sample.
    sources : sparse array of int64, shape (neuron, source)
        Synapses from each source onto each neuron; the sources of all layers one after another.
    fan_in : array of int64, shape (neuron,)
        Synapses onto each neuron. A weight of exactly 0 is none.
    fan_out : dict of array of int64
        For each source layer by name, the synapses of this layer that each of its neurons reaches.
    delay : int
        Longest delay, beside that of a connection from the layer to itself.
    recurrent : bool
        Whether it sends to itself.
    bias : bool
        Whether a constant charge arrives.
    connections : tuple of nn.Module
        On the way from the sources; the last is that of the layer.
    kernel_weights : int or None
        Weights of its kernel, where all synapses are those of one convolution.
    """

    name: str
    neuron: NeuronModel
    shape: tuple[int, ...]
    sources: scipy.sparse.csr_array[np.int64]
    fan_in: IntArray
    fan_out: dict[str, IntArray]
    delay: int
    recurrent: bool
    bias: bool
    connections: tuple[nn.Module, ...]
    kernel_weights: int | None

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return prod(self.shape)

    @property
    def reset(self) -> str:
        """``"subtract"``, ``"zero"``, ``"value"``, or ``"none"`` for units that do not fire."""
        if not self.neuron.spiking:
            return "none"
        value = getattr(self.neuron, "v_reset", None)
        if value is None:
            return "subtract"
        return "value" if np.any(np.asarray(value)) else "zero"


def demands(net: Network, shape: tuple[int, ...]) -> tuple[Demand, ...]:
    """Return what each layer with neurons asks for.

    Parameters
    ----------
    net : Network
        See :func:`~spikewright.quantised.populations`.
    shape : tuple of int
        Shape of the raster for one sample and step.
    """
    return tuple(_demand(population) for population in populations(net, shape))


def _demand(population: Population) -> Demand:
    path, recurrent = population.path, population.recurrent
    terms = (*path.terms, *([] if recurrent is None else [recurrent]))
    present = [_present(term.matrix) for term in terms]
    fan_out: dict[str, IntArray] = {}
    listens: dict[str, scipy.sparse.csr_array[np.int64]] = {}
    for term, matrix in zip(terms, present, strict=True):
        counts = np.asarray(matrix.sum(axis=0), np.int64)
        fan_out[term.source] = fan_out.get(term.source, 0) + counts
        listens[term.source] = matrix if term.source not in listens else (listens[term.source] + matrix).tocsr()
    return Demand(
        name=population.name,
        neuron=population.neuron,
        shape=path.shape,
        sources=scipy.sparse.hstack(list(listens.values()), format="csr"),
        fan_in=np.sum([np.asarray(matrix.sum(axis=1), np.int64) for matrix in present], axis=0),
        fan_out=fan_out,
        delay=max(term.delay for term in path.terms),
        recurrent=recurrent is not None,
        bias=bool(np.any(path.bias)),
        connections=population.connections,
        kernel_weights=_kernel(population),
    )


def _present(matrix: scipy.sparse.csr_array[np.float64]) -> scipy.sparse.csr_array[np.int64]:
    """Return 1 for each weight that is not 0."""
    ones = scipy.sparse.csr_array(
        ((matrix.data != 0).astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape
    )
    ones.eliminate_zeros()
    return ones


def _kernel(population: Population) -> int | None:
    last = population.connections[-1] if population.connections else None
    one = len(population.path.terms) == 1 and population.recurrent is None
    return last.weight.numel() if isinstance(last, nn.Conv2d) and one else None
