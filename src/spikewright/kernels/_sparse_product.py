"""The product of a matrix that is mostly zeros with a dense one: rows are added for what is not zero.

What is not zero is an event: its column is a source neuron, its value says how many spikes of it there are, or how
much. Events of one row follow one another, in the order of their columns: those of row ``r`` are from ``first[r]`` up
to ``first[r + 1]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._threads import cuts, share

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]


class Events(NamedTuple):
    """Where each row begins, shape (row + 1,); columns and values, shape (event,)."""

    first: IntArray
    sources: Addresses
    values: FloatArray


def events_of(x: FloatArray, densest: float) -> Events | None:
    """Return what is not zero in ``x``, shape (row, source), or None if that is more than a fraction of all."""
    room = int(densest * x.size) + x.shape[1]
    events = Events(np.empty(len(x) + 1, np.int64), np.empty(room, np.int32), np.empty(room, x.dtype))
    return events if find_events(x, *events) else None


def find_events_reference(x: FloatArray, first: IntArray, sources: Addresses, values: FloatArray) -> bool:
    """Write down what is not zero, and return True; or return False as soon as it is more than fits.

    Parameters
    ----------
    x : array, shape (row, source)
    first : array of int64, shape (row + 1,)
        Written: where the events of each row begin, and at last their number.
    sources : array of int32, shape (limit + source,)
        Written: columns. There may be ``limit`` events; what lies behind the last is undefined.
    values : array, shape (limit + source,)
        Written: what stands there.
    """
    count, limit = 0, len(sources) - x.shape[1]
    first[0] = 0
    for r, row in enumerate(x):
        columns = np.flatnonzero(row)
        sources[count : count + len(columns)] = columns
        values[count : count + len(columns)] = row[columns]
        count += len(columns)
        first[r + 1] = count
        if count > limit:
            return False
    return True


@njit(cache=True, nogil=True)
def find_events(x: FloatArray, first: IntArray, sources: Addresses, values: FloatArray) -> bool:
    """See :func:`find_events_reference`."""
    count, limit = 0, len(sources) - x.shape[1]
    present = np.zeros((x.shape[1] + 7) // 8 * 8, np.bool_)
    first[0] = 0
    for r in range(x.shape[0]):
        count = _find_in_row(x[r], present, sources, values, count)
        first[r + 1] = count
        if count > limit:
            return False
    return True


@njit(cache=True, nogil=True)
def _find_in_row(
    row: FloatArray, present: NDArray[np.bool_], sources: Addresses, values: FloatArray, count: int
) -> int:
    """Write the events of a row behind the ``count`` before it, and return how many there are then."""
    for column in range(len(row)):
        present[column] = row[column] != 0
    # Eight truth values are looked at as one word, because most words are empty.
    words = present.view(np.uint64)
    for word in range(len(words)):
        if words[word] != 0:
            # Each is written, and the next over it if it is zero: quicker than a branch.
            for column in range(8 * word, min(8 * word + 8, len(row))):
                sources[count] = column
                values[count] = row[column]
                count += present[column]
    return count


def add_event_rows_reference(
    events: Events, weights: FloatArray, bias: FloatArray, charges: FloatArray, threads: int
) -> None:
    """Add up what events bring to the targets of their row: the product of ``x`` and ``weights``, and a bias.

    Parameters
    ----------
    events : Events
    weights : array, shape (source, target)
    bias : array, shape (target,)
    charges : array, shape (row, target)
        Written.
    threads : int
        How many threads share the rows; the result does not depend on it.
    """
    del threads
    for r in range(len(charges)):
        charges[r] = bias
        for k in range(events.first[r], events.first[r + 1]):
            charges[r] += events.values[k] * weights[events.sources[k]]


def add_event_rows(events: Events, weights: FloatArray, bias: FloatArray, charges: FloatArray, threads: int) -> None:
    """See :func:`add_event_rows_reference`."""
    share(_add_event_rows, (*events, weights, bias, charges), cuts(len(charges), threads))


@njit(cache=True, nogil=True)
def _add_event_rows(
    first: IntArray,
    sources: Addresses,
    values: FloatArray,
    weights: FloatArray,
    bias: FloatArray,
    charges: FloatArray,
    start: int,
    stop: int,
) -> None:
    for r in range(start, stop):
        charge, k = charges[r], first[r]
        charge[:] = bias
        # Four rows at a time, so that the sum is loaded and stored once for them.
        while k + 4 <= first[r + 1]:
            a, b, c, d = weights[sources[k]], weights[sources[k + 1]], weights[sources[k + 2]], weights[sources[k + 3]]
            p, q, s, t = values[k], values[k + 1], values[k + 2], values[k + 3]
            for n in range(len(charge)):
                charge[n] = (((charge[n] + p * a[n]) + q * b[n]) + s * c[n]) + t * d[n]
            k += 4
        for last in range(k, first[r + 1]):
            a, p = weights[sources[last]], values[last]
            for n in range(len(charge)):
                charge[n] += p * a[n]


def spread_event_rows_reference(
    events: Events, grad_charges: FloatArray, grad_weights: FloatArray, threads: int
) -> None:
    """Add to the gradient of the weights: the product of ``x``, transposed, and the gradient of the charges.

    Parameters
    ----------
    events : Events
    grad_charges : array, shape (row, target)
    grad_weights : array, shape (source, target)
        Added to.
    threads : int
        How many threads share the targets; the result does not depend on it.
    """
    del threads
    for r in range(len(grad_charges)):
        for k in range(events.first[r], events.first[r + 1]):
            grad_weights[events.sources[k]] += events.values[k] * grad_charges[r]


def spread_event_rows(events: Events, grad_charges: FloatArray, grad_weights: FloatArray, threads: int) -> None:
    """See :func:`spread_event_rows_reference`."""
    share(_spread_event_rows, (*events, grad_charges, grad_weights), cuts(grad_charges.shape[1], threads))


@njit(cache=True, nogil=True)
def _spread_event_rows(
    first: IntArray,
    sources: Addresses,
    values: FloatArray,
    grad_charges: FloatArray,
    grad_weights: FloatArray,
    start: int,
    stop: int,
) -> None:
    for r in range(len(grad_charges)):
        gradient = grad_charges[r, start:stop]
        for k in range(first[r], first[r + 1]):
            total, value = grad_weights[sources[k], start:stop], values[k]
            for n in range(len(gradient)):
                total[n] += value * gradient[n]
