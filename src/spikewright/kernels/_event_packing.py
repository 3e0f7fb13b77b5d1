"""Put the layers of a network into the arrays that the event-driven kernels run through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels._event_chain import Chain
from spikewright.kernels._event_layout import BIAS, KEPT, LANES, OTHER, RESET, ROW, SCALE, START, THRESHOLD

Numbers = NDArray[np.number]
FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]


class Rows(NamedTuple):
    """The synapses of one connection, row after row by source.

    Parameters
    ----------
    starts : array of int64, shape (source + 1,)
        The segments of source ``n`` are those from ``starts[n]`` up to ``starts[n + 1]``.
    targets, lengths : array of int64, shape (segment,)
        First target and number of targets of each segment; their weights follow one another.
    weights : array, shape (synapse,)
        int8, float32 or float64.
    """

    starts: IntArray
    targets: IntArray
    lengths: IntArray
    weights: Numbers


class Population(NamedTuple):
    """The neurons of one layer; arrays have shape (neuron,).

    Parameters
    ----------
    model, subtract, once : int
        ``IF_MODEL``, ``LIF_MODEL`` or ``CURRENT_IF_MODEL``; whether a spike subtracts the threshold; whether neurons
        fire at most once.
    bias, scale, start, threshold, after, kept, other : array
        Charge of every step, factor of the sum of weights, potential at the start, threshold, value after a spike,
        what is left of the state after a step; and the resting value of a LIF, or what part of its current moves the
        potential of a CurrentIF.
    """

    model: int
    subtract: int
    once: int
    bias: FloatArray
    scale: FloatArray
    start: FloatArray
    threshold: FloatArray
    after: FloatArray
    kept: FloatArray
    other: FloatArray


def pack_chain(inputs: int, connections: Sequence[Rows], populations: Sequence[Population]) -> Chain:
    """Lay out a chain of layers.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    connections, populations : sequence
        Of each layer: what arrives at it, and its neurons.

    Returns
    -------
    Chain
        Integer weights are summed in int16, of as many events at once as cannot overflow whatever their targets, and
        those sums in int32.
    """
    sizes = [inputs, *(len(population.bias) for population in populations)]
    begins = np.cumsum([0, *(-(-size // LANES) * LANES for size in sizes)])
    whole = [_filled(rows, size) for rows, size in zip(connections, sizes[1:], strict=True)]
    places = np.cumsum([0, *(len(rows.weights) for rows in whole)])
    layers = np.array(
        [
            (
                begins[k + 1],
                begins[k + 2],
                population.model,
                population.subtract and not population.once,
                begins[k],
                places[k],
                _width(whole[k]),
            )
            for k, population in enumerate(populations)
        ],
        np.int64,
    )
    numbers = np.zeros((7, begins[-1]), populations[0].bias.dtype)
    numbers[THRESHOLD] = np.inf
    rows = (BIAS, SCALE, START, THRESHOLD, RESET, KEPT, OTHER)
    for k, (_, _, _, *values) in enumerate(populations):
        for row, value in zip(rows, values, strict=True):
            numbers[row, begins[k + 1] : begins[k + 1] + sizes[k + 1]] = value
        if populations[k].once:
            numbers[RESET, begins[k + 1] : begins[k + 2]] = -np.inf
    starts, segments, weights = _joined(begins, sizes, whole)
    if weights.dtype.kind != "i":
        none = np.zeros(0, weights.dtype)
        return Chain(layers, starts, segments, weights, numbers, none, none, np.iinfo(np.int64).max // 2)
    largest = max(1, int(np.abs(weights.astype(np.int64)).max(initial=0)))
    most = np.iinfo(np.int16).max // largest
    return Chain(layers, starts, segments, weights, numbers, np.zeros(0, np.int16), np.zeros(0, np.int32), most)


def _filled(rows: Rows, size: int) -> Rows:
    """Fill up the rows of a dense connection with weights of 0, so that each is made of whole vectors."""
    width = -(-size // ROW) * ROW
    if width == size or not len(rows.lengths) or rows.lengths.min() < size:
        return rows
    weights = np.pad(rows.weights.reshape(-1, size), ((0, 0), (0, width - size)))
    return rows._replace(lengths=np.full_like(rows.lengths, width), weights=weights.ravel())


def _width(rows: Rows) -> int:
    """Return how many weights each source has if all have as many, whole rows, for the first targets; or 0."""
    if not len(rows.lengths) or (np.diff(rows.starts) != 1).any() or rows.targets.any():
        return 0
    width = int(rows.lengths[0])
    return width if (rows.lengths == width).all() and width % ROW == 0 else 0


def _joined(begins: IntArray, sizes: Sequence[int], connections: Sequence[Rows]) -> tuple[IntArray, IntArray, Numbers]:
    """Join the rows of all layers, with sources, targets and weights numbered through."""
    counts = np.zeros(begins[-1] + 1, np.int64)
    parts = []
    place = 0
    for k, rows in enumerate(connections):
        counts[begins[k] + 1 : begins[k] + 1 + sizes[k]] = np.diff(rows.starts)
        offsets = place + np.cumsum(rows.lengths) - rows.lengths
        parts.append(np.stack([begins[k + 1] + rows.targets, rows.lengths, offsets], axis=1))
        place += len(rows.weights)
    return np.cumsum(counts), np.concatenate(parts), np.concatenate([rows.weights for rows in connections])
