"""The synapses of connections as rows of weights by source, for the event-driven kernels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray
from torch import nn

from spikewright import kernels
from spikewright.network import Dropout, output_shape, synapses

Shape: TypeAlias = tuple[int, ...]
FloatArray: TypeAlias = NDArray[np.floating]


class Affine(NamedTuple):
    """What connections one after another do to spikes.

    ``matrix`` has the shape (source, target), sources in the order of addresses and targets in C order; ``bias`` and
    ``shape`` are those of the targets.
    """

    matrix: scipy.sparse.csr_array[np.floating]
    bias: FloatArray
    shape: Shape


@singledispatch
def hands_on(connection: object) -> bool:  # noqa: ARG001 - the rule for any other type
    """Return whether a connection, in evaluation mode, only hands on what it receives, in another shape perhaps."""
    return False


@hands_on.register(nn.Flatten)
@hands_on.register(nn.Identity)
@hands_on.register(Dropout)
@hands_on.register(type(None))
def _(connection: nn.Module | None) -> bool:  # noqa: ARG001
    return True


def affine(connections: Sequence[nn.Module | None], shape: Shape, order: NDArray[np.int64], dtype: np.dtype) -> Affine:
    """Join connections that follow one another without neurons between them.

    Parameters
    ----------
    connections : sequence
        Each hands on or has synapses.
    shape : tuple of int
        Shape of one sample before the first.
    order : array of int64, shape (source,)
        The source, in C order, at each address.
    dtype : dtype
        Of the weights. Those of a single connection are its own; products of several are computed in float64.
    """
    matrix, bias = None, np.zeros(prod(shape))
    for connection in connections:
        after = output_shape(connection, shape)
        if not hands_on(connection):
            step, offset = weights_of(connection, shape)
            matrix = step if matrix is None else matrix.astype(np.float64) @ step
            bias = bias @ step + offset
        shape = after
    if matrix is None:
        matrix = scipy.sparse.eye_array(len(order), format="csr")
    if not np.array_equal(order, np.arange(len(order))):
        matrix = matrix[order]
    return Affine(matrix.astype(dtype), bias.astype(dtype), shape)


@singledispatch
def weights_of(connection: nn.Module | None, shape: Shape) -> tuple[scipy.sparse.csr_array[np.floating], FloatArray]:
    """Return the weights of a connection, shape (source, target), both in C order, and its bias, shape (target,)."""
    wires = synapses(connection, shape)
    assert wires is not None  # any other connection is an obstacle to compiling the network
    size = (len(wires.starts) - 1, len(wires.bias))
    return scipy.sparse.csr_array((wires.weights, wires.targets, wires.starts), shape=size), wires.bias


@weights_of.register
def _(connection: nn.Linear, shape: Shape) -> tuple[scipy.sparse.csr_array[np.floating], FloatArray]:
    weight = connection.weight.detach().numpy()
    targets, sources = weight.shape
    blocks = prod(shape) // sources
    # Written down as it stands, without the search that any other connection needs.
    columns = np.arange(blocks)[:, None, None] * targets + np.arange(targets) + np.zeros((sources, 1), np.int64)
    starts = np.arange(blocks * sources + 1) * targets
    matrix = scipy.sparse.csr_array(
        (np.tile(weight.T, (blocks, 1)).ravel(), columns.ravel(), starts), shape=(blocks * sources, blocks * targets)
    )
    bias = np.zeros(targets) if connection.bias is None else connection.bias.detach().numpy()
    return matrix, np.tile(bias, blocks)


def rows_of(matrix: scipy.sparse.csr_array[np.floating], order: NDArray[np.int64]) -> kernels.Rows:
    """Return the rows of a matrix of shape (source, target) as segments of targets that follow one another.

    Parameters
    ----------
    matrix : sparse array
        Weights.
    order : array of int64, shape (target,)
        The target at each address.
    """
    if not np.array_equal(order, np.arange(len(order))):
        matrix = matrix[:, order]
    matrix.sort_indices()
    starts, targets = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    first = np.ones(len(targets), bool)
    first[1:] = np.diff(targets) != 1
    first[starts[:-1][np.diff(starts) > 0]] = True
    places = np.flatnonzero(first)
    lengths = np.diff(np.append(places, len(targets)))
    return kernels.Rows(np.searchsorted(places, starts), targets[places], lengths, matrix.data)


def rounded(rows: kernels.Rows, targets: int, bits: int) -> tuple[kernels.Rows, NDArray[np.float64]]:
    """Round weights to integers of ``bits`` bits, each target with a scale of its own; return rows and scales.

    The largest weight of a target becomes :math:`2^{bits-1} - 1`, the others the nearest whole multiples of the scale.
    """
    levels = 2 ** (bits - 1) - 1
    reached = np.repeat(rows.targets - np.cumsum(rows.lengths) + rows.lengths, rows.lengths) + np.arange(
        len(rows.weights)
    )
    scale = np.zeros(targets)
    np.maximum.at(scale, reached, np.abs(rows.weights))
    scale = np.where(scale == 0, 1.0, scale / levels)
    whole = np.rint(rows.weights / scale[reached]).clip(-levels, levels).astype(np.int8)
    return rows._replace(weights=whole), scale
