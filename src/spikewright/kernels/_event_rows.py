"""Add the weights of spikes, row after row: what a layer sends is stored contiguously by source.

A neuron's synapses are a few segments: runs of targets that follow one another, with their weights side by side. A
dense connection has one segment a source, a convolution one for each row of its window.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart
from spikewright.kernels._event_layout import ROW
from spikewright.kernels._lanes import adder

Numbers = NDArray[np.number]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]

_add_one, _add_two = adder(ROW), adder(2 * ROW)


def add_rows_reference(
    events: Addresses, first: int, last: int, starts: IntArray, segments: IntArray, weights: Numbers, sums: Numbers
) -> None:
    """Add the weights of every synapse of some events.

    Parameters
    ----------
    events : array of int32, shape (event,)
        Addresses of neurons that fired.
    first, last : int
        Those from ``first`` up to ``last`` are delivered.
    starts : array of int64, shape (source + 1,)
        The segments of source ``n`` are those from ``starts[n]`` up to ``starts[n + 1]``.
    segments : array of int64, shape (segment, 3)
        First target, number of targets, and the place of the first weight.
    weights : array, shape (synapse,)
        Integers or floating-point numbers.
    sums : array, shape (target,)
        Added to. Of integers they must hold every sum that can occur: the caller limits the number of events.
    """
    for event in events[first:last]:
        for target, length, weight in segments[starts[event] : starts[event + 1]]:
            for k in range(length):
                sums[target + k] += weights[weight + k]


@njit(cache=True, nogil=True, pipeline_class=Apart)
def add_rows(
    events: Addresses, first: int, last: int, starts: IntArray, segments: IntArray, weights: Numbers, sums: Numbers
) -> None:
    """See :func:`add_rows_reference`."""
    for e in range(first, last):
        for s in range(starts[events[e]], starts[events[e] + 1]):
            target, weight = np.uint64(segments[s, 0]), np.uint64(segments[s, 2])
            for k in range(np.uint64(segments[s, 1])):
                sums[target + k] += weights[weight + k]


def add_dense_rows_reference(
    events: Addresses,
    first: int,
    last: int,
    source: int,
    place: int,
    width: int,
    target: int,
    weights: Numbers,
    sums: Numbers,
) -> None:
    """Add the weights of some events whose synapses are one row each, of the same targets.

    Parameters
    ----------
    events, first, last, weights, sums
        As for :func:`add_rows_reference`.
    source, place : int
        The address of the first source, and the place of its first weight; those of the next source follow.
    width, target : int
        Number of targets, a multiple of ``ROW``, and the first of them.
    """
    for event in events[first:last]:
        for k in range(width):
            sums[target + k] += weights[place + (event - source) * width + k]


@njit(cache=True, nogil=True, pipeline_class=Apart)
def add_dense_rows(
    events: Addresses,
    first: int,
    last: int,
    source: int,
    place: int,
    width: int,
    target: int,
    weights: Numbers,
    sums: Numbers,
) -> None:
    """See :func:`add_dense_rows_reference`; eight rows are one pass over the sums, which take them in their order."""
    before = place - source * width
    for at in range(first, last - 7, 8):
        a, b = np.uint64(before + events[at] * width), np.uint64(before + events[at + 1] * width)
        c, d = np.uint64(before + events[at + 2] * width), np.uint64(before + events[at + 3] * width)
        e, f = np.uint64(before + events[at + 4] * width), np.uint64(before + events[at + 5] * width)
        g, h = np.uint64(before + events[at + 6] * width), np.uint64(before + events[at + 7] * width)
        _add(np.uint64(target), np.uint64(width), weights, (a, b, c, d, e, f, g, h), sums)
    for at in range(last - (last - first) % 8, last):
        _add(np.uint64(target), np.uint64(width), weights, (np.uint64(before + events[at] * width),), sums)


@njit(forceinline=True)
def _add(target: np.uint64, width: np.uint64, weights: Numbers, places: tuple[np.uint64, ...], sums: Numbers) -> None:
    """Add rows whose first weights are at some places."""
    two, k = np.uint64(2 * ROW), np.uint64(0)
    while k + two <= width:
        _add_two(sums, target, weights, places, k)
        k += two
    if k < width:
        _add_one(sums, target, weights, places, k)
