"""Add the weights of spikes, row after row: what a layer sends is stored contiguously by source.

A neuron's synapses are a few segments: runs of targets that follow one another, with their weights side by side. A
dense connection has one segment a source, a convolution one for each row of its window.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers = NDArray[np.number]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]


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


@njit(cache=True, nogil=True)
def add_rows(
    events: Addresses, first: int, last: int, starts: IntArray, segments: IntArray, weights: Numbers, sums: Numbers
) -> None:
    """See :func:`add_rows_reference`."""
    for e in range(first, last):
        for s in range(starts[events[e]], starts[events[e] + 1]):
            target, weight = np.uint64(segments[s, 0]), np.uint64(segments[s, 2])
            for k in range(np.uint64(segments[s, 1])):
                sums[target + k] += weights[weight + k]
