"""A network as populations of neurons: what each receives, through all connections that lie before it."""

from __future__ import annotations

from functools import singledispatch
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from torch import nn

from spikewright.checks import ModelError
from spikewright.network import INPUT, Delay, DelayedLinear, Dropout, Network, output_shape, synapses
from spikewright.neurons import NeuronModel

Matrix: TypeAlias = scipy.sparse.csr_array[np.float64]


class Term(NamedTuple):
    """Synapses from one source, ``"input"`` or a population, that all have one delay in steps; (target, source)."""

    source: str
    delay: int
    matrix: Matrix


class Path(NamedTuple):
    """What arrives at a point of the network: a sum over synapses, and a constant charge; values of one sample."""

    terms: tuple[Term, ...]
    bias: NDArray[np.float64]
    shape: tuple[int, ...]


class Population(NamedTuple):
    """The neurons of one layer.

    ``connections`` are those of the network's layers that were joined on the way from the sources, the last one that of
    the layer itself.
    """

    name: str
    neuron: NeuronModel
    path: Path
    recurrent: Term | None
    connections: tuple[nn.Module, ...]


def populations(net: Network, shape: tuple[int, ...]) -> tuple[Population, ...]:
    """Return the populations of a network in order.

    Parameters
    ----------
    net : Network
        Every connection linear, or one that only hands on or delays, and the last layer with neurons.
    shape : tuple of int
        Shape of the raster for one sample and step.

    Raises
    ------
    ModelError
        If it is another kind of network.
    """
    size = prod(shape)
    paths = {INPUT: Path((Term(INPUT, 0, _identity(size)),), np.zeros(size), shape)}
    joined: dict[str, tuple[nn.Module, ...]] = {INPUT: ()}
    found = []
    for name, layer, sources in net.sources():
        path = passed(layer.connection, _sum([paths[source] for source in sources]))
        before = () if len(sources) > 1 else joined[sources[0]]
        connections = before if layer.connection is None else (*before, layer.connection)
        paths[name], joined[name] = path, connections
        if layer.neuron is not None:
            recurrent, bias = _recurrent(name, layer.recurrent, path)
            found.append(Population(name, layer.neuron, path._replace(bias=bias), recurrent, connections))
            count = len(bias)
            paths[name] = Path((Term(name, 0, _identity(count)),), np.zeros(count), path.shape)
            joined[name] = ()
    if not found or found[-1].name != net.last:
        raise ModelError(
            f"layer {net.last!r}: the last layer must have neurons. Give it IF, LIF or another that the arithmetic has."
        )
    return tuple(found)


@singledispatch
def passed(connection: nn.Module | None, path: Path) -> Path:
    """Return what arrives behind a connection; a new type of connection registers its rule.

    Raises
    ------
    ModelError
        If the connection is not linear.
    """
    wires = synapses(connection, path.shape)
    if wires is None:
        raise ModelError(
            f"{type(connection).__name__}: has no synapses that could be written as whole numbers. "
            "Use SumPool2d or AvgPool2d in place of MaxPool2d; fold normalisation with deploy()."
        )
    return _through(_csr(wires.matrix()), wires.bias, path, wires.target_shape)


@passed.register(nn.Flatten)
@passed.register(nn.Identity)
@passed.register(Dropout)
@passed.register(type(None))
def _(connection: nn.Module | None, path: Path) -> Path:
    return path._replace(shape=output_shape(connection, path.shape))


@passed.register
def _(connection: Delay, path: Path) -> Path:
    delays = torch.broadcast_to(connection.steps, path.shape).flatten().cpu().numpy()
    late = []
    for delay in np.unique(delays):
        chosen = scipy.sparse.diags_array((delays == delay).astype(float), format="csr")
        late += [Term(term.source, term.delay + int(delay), _csr(chosen @ term.matrix)) for term in path.terms]
    return path._replace(terms=tuple(late))


@passed.register
def _(connection: DelayedLinear, path: Path) -> Path:
    weight, delays = connection.weight.detach().cpu().double().numpy(), connection.delays.cpu().numpy()
    shape = output_shape(connection, path.shape)
    late = []
    for delay in np.unique(delays):
        matrix = scipy.sparse.csr_array(weight * (delays == delay))
        late += [Term(term.source, term.delay + int(delay), _csr(matrix @ term.matrix)) for term in path.terms]
    return Path(tuple(late), weight @ path.bias, shape)


def _through(matrix: Matrix, bias: NDArray[np.float64], path: Path, shape: tuple[int, ...]) -> Path:
    terms = tuple(Term(term.source, term.delay, _csr(matrix @ term.matrix)) for term in path.terms)
    return Path(terms, matrix @ path.bias + bias, shape)


def _recurrent(name: str, connection: nn.Module | None, path: Path) -> tuple[Term | None, NDArray[np.float64]]:
    """Return the synapses from a layer to itself, and the constant charge of the layer."""
    if connection is None:
        return None, path.bias
    around = passed(connection, Path((Term(name, 1, _identity(len(path.bias))),), np.zeros(len(path.bias)), path.shape))
    return around.terms[0], path.bias + around.bias


def _sum(paths: list[Path]) -> Path:
    """Add up what arrives from several layers; terms of one source and delay become one."""
    first = paths[0]
    terms: dict[tuple[str, int], Matrix] = {}
    for term in (term for path in paths for term in path.terms):
        key = (term.source, term.delay)
        terms[key] = term.matrix if key not in terms else _csr(terms[key] + term.matrix)
    bias = np.sum([path.bias for path in paths], axis=0)
    return Path(tuple(Term(*key, matrix) for key, matrix in terms.items()), bias, first.shape)


def _identity(count: int) -> Matrix:
    return scipy.sparse.eye_array(count, format="csr")


# Any: products and sums of sparse arrays are typed as any format.
def _csr(matrix: Any) -> Matrix:
    rows: Matrix = matrix.tocsr()
    return rows
