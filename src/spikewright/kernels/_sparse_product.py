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

from spikewright.kernels._apart import Apart
from spikewright.kernels._prefetch import prefetch
from spikewright.kernels._present import SPARE, WORD, list_word, present
from spikewright.kernels._threads import cuts, share

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]

SIDE = 1 << 10
"""Rows of a block of weights, and bytes of each row of it: half of a processor's second cache, on few pages."""


LINE = 64
"""Bytes that a processor fetches at once."""

AHEAD = 1 << 10
"""Values that are fetched before they are looked at: with no help of the program a page is begun when it is needed."""


class Events(NamedTuple):
    """Where each row begins, shape (row + 1,); columns, shape (event,); and values, as many or none if all are 1."""

    first: IntArray
    sources: Addresses
    values: FloatArray

    def value(self, k: int) -> float:
        """Return what an event brings."""
        return float(self.values[k]) if len(self.values) else 1.0


def events_of(x: FloatArray, densest: float) -> Events | None:
    """Return what is not zero in ``x``, shape (row, source), or None if that is more than a fraction of all."""
    if densest <= 0 and x.size:
        return None
    room = int(densest * x.size) + x.shape[1] + SPARE
    events = Events(np.empty(len(x) + 1, np.int64), np.empty(room, np.int32), np.empty(room, x.dtype))
    if not find_events(x, *events):
        return None
    # Those of spikes need not be kept.
    same = bool((events.values[: events.first[-1]] == 1).all())
    return events._replace(values=np.empty(0, x.dtype)) if same else events


def find_events_reference(x: FloatArray, first: IntArray, sources: Addresses, values: FloatArray) -> bool:
    """Write down what is not zero, and return True; or return False as soon as it is more than fits.

    Parameters
    ----------
    x : array, shape (row, source)
        Contiguous.
    first : array of int64, shape (row + 1,)
        Written: where the events of each row begin, and at last their number.
    sources : array of int32, shape (limit + source + 8,)
        Written: columns. There may be ``limit`` events; what lies behind the last is undefined.
    values : array, shape (limit + source + 8,)
        Written: what stands there.
    """
    count, limit = 0, len(sources) - x.shape[1] - SPARE
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
    count, limit = np.uint64(0), len(sources) - x.shape[1] - SPARE
    whole, rest = divmod(x.shape[1], WORD)
    first[0] = 0
    for r in range(x.shape[0]):
        row, ahead = x[r], r * x.shape[1] + AHEAD
        for word in range(whole):
            for line in range(0, WORD, LINE // x.itemsize):
                prefetch(x, ahead + WORD * word + line)
            count = list_word(present(row, WORD * word), WORD * word, count, sources)
        if rest and whole:
            # The last 64, of which the lower ones are known already.
            count = list_word(present(row, len(row) - WORD) >> np.uint64(WORD - rest), WORD * whole, count, sources)
        elif rest:
            bits = np.uint64(0)
            for k in range(rest):
                bits |= np.uint64(row[k] != 0) << np.uint64(k)
            count = list_word(bits, 0, count, sources)
        for k in range(first[r], np.int64(count)):
            values[k] = row[np.uint32(sources[k])]
        first[r + 1] = count
        if np.int64(count) > limit:
            return False
    return True


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
            charges[r] += events.value(k) * weights[events.sources[k]]


def add_event_rows(events: Events, weights: FloatArray, bias: FloatArray, charges: FloatArray, threads: int) -> None:
    """See :func:`add_event_rows_reference`."""
    share(_add_event_rows, (*events, weights, bias, charges), cuts(len(charges), threads))


@njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Apart)
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
    width = SIDE // weights.itemsize
    for left in range(0, charges.shape[1], width):
        right = min(left + width, charges.shape[1])
        charges[start:stop, left:right] = bias[left:right]
        reached = first[:-1].copy()
        for top in range(0, len(weights), SIDE):
            # A block is copied where its rows lie far apart.
            if weights.shape[1] <= width:
                rows = weights[top : top + SIDE]
                _add_block(first, sources, values, rows, top, reached, charges, left, start, stop)
            else:
                block = weights[top : top + SIDE, left:right].copy()
                _add_block(first, sources, values, block, top, reached, charges, left, start, stop)


@njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Apart)
def _add_block(
    first: IntArray,
    sources: Addresses,
    values: FloatArray,
    block: FloatArray,
    top: int,
    reached: IntArray,
    charges: FloatArray,
    left: int,
    start: int,
    stop: int,
) -> None:
    """Add rows of one block, and move on for each row of events to its first one below the block."""
    bottom = top + len(block)
    for r in range(start, stop):
        charge, k, last = charges[r, left : left + block.shape[1]], reached[r], first[r + 1]
        # Eight rows at a time, so that the sum is loaded and stored once for them.
        while k + 8 <= last and sources[k + 7] < bottom:
            a, b = block[_place(sources, k, top)], block[_place(sources, k + 1, top)]
            c, d = block[_place(sources, k + 2, top)], block[_place(sources, k + 3, top)]
            e, f = block[_place(sources, k + 4, top)], block[_place(sources, k + 5, top)]
            g, h = block[_place(sources, k + 6, top)], block[_place(sources, k + 7, top)]
            p, q, s, t = _value(values, k), _value(values, k + 1), _value(values, k + 2), _value(values, k + 3)
            u, v, w, x = _value(values, k + 4), _value(values, k + 5), _value(values, k + 6), _value(values, k + 7)
            for n in range(len(charge)):
                half = (((charge[n] + p * a[n]) + q * b[n]) + s * c[n]) + t * d[n]
                charge[n] = (((half + u * e[n]) + v * f[n]) + w * g[n]) + x * h[n]
            k += 8
        if k + 4 <= last and sources[k + 3] < bottom:
            a, b = block[_place(sources, k, top)], block[_place(sources, k + 1, top)]
            c, d = block[_place(sources, k + 2, top)], block[_place(sources, k + 3, top)]
            p, q, s, t = _value(values, k), _value(values, k + 1), _value(values, k + 2), _value(values, k + 3)
            for n in range(len(charge)):
                charge[n] = (((charge[n] + p * a[n]) + q * b[n]) + s * c[n]) + t * d[n]
            k += 4
        while k < last and sources[k] < bottom:
            a, p = block[_place(sources, k, top)], _value(values, k)
            for n in range(len(charge)):
                charge[n] += p * a[n]
            k += 1
        reached[r] = k


@njit(inline="always")
def _place(sources: Addresses, k: int, top: int) -> np.uint32:
    """Return a row of a block as a number that has no sign, for which Numba does not ask if it counts from the end."""
    return np.uint32(sources[k] - top)


@njit(inline="always")
def _value(values: FloatArray, k: int) -> np.floating:
    """Return what an event brings: the loop over the targets is the same for ones, whose product has the same bits."""
    return values[k] if len(values) else values.dtype.type(1)


def spread_event_rows_reference(
    events: Events, grad_charges: FloatArray, grad_weights: FloatArray, threads: int
) -> None:
    """Return to the weights what :func:`add_event_rows` took from them: ``x``, transposed, times the gradient.

    Parameters
    ----------
    events : Events
    grad_charges : array, shape (row, target)
    grad_weights : array, shape (source, target)
        Written.
    threads : int
        How many threads share the sources; the result does not depend on it.
    """
    del threads
    grad_weights[:] = 0
    for r in range(len(grad_charges)):
        for k in range(events.first[r], events.first[r + 1]):
            grad_weights[events.sources[k]] += events.value(k) * grad_charges[r]


def spread_event_rows(events: Events, grad_charges: FloatArray, grad_weights: FloatArray, threads: int) -> None:
    """See :func:`spread_event_rows_reference`; rows of the gradient are added for the events of each source."""
    nothing = np.zeros(grad_charges.shape[1], grad_charges.dtype)
    add_event_rows(turned(events, len(grad_weights)), grad_charges, nothing, grad_weights, threads)


def turned_reference(events: Events, sources: int) -> Events:
    """Return the events of the transposed matrix: those of one source follow one another, in the order of their rows.

    Parameters
    ----------
    events : Events
        Of a matrix of shape (row, source).
    sources : int
        Columns of that matrix, the rows of the new one.
    """
    count = events.first[-1]
    rows = np.repeat(np.arange(len(events.first) - 1, dtype=np.int32), np.diff(events.first))
    order = np.argsort(events.sources[:count], kind="stable")
    first = np.searchsorted(events.sources[:count][order], np.arange(sources + 1)).astype(np.int64)
    return Events(first, rows[order], events.values[:count][order] if len(events.values) else events.values)


def turned(events: Events, sources: int) -> Events:
    """See :func:`turned_reference`."""
    count = events.first[-1]
    values = np.empty(min(count, len(events.values)), events.values.dtype)
    by_source = Events(np.zeros(sources + 1, np.int64), np.empty(count, np.int32), values)
    _turn(*events, *by_source)
    return by_source


@njit(cache=True, nogil=True)
def _turn(
    first: IntArray,
    sources: Addresses,
    values: FloatArray,
    first_of_source: IntArray,
    rows: Addresses,
    turned_values: FloatArray,
) -> None:
    """Count the events of each source, then put each event behind those of its source that came before."""
    for k in range(first[-1]):
        first_of_source[sources[k] + 1] += 1
    for source in range(1, len(first_of_source)):
        first_of_source[source] += first_of_source[source - 1]
    place = first_of_source.copy()
    for r in range(len(first) - 1):
        for k in range(first[r], first[r + 1]):
            at = place[sources[k]]
            rows[at] = r
            if len(values):
                turned_values[at] = values[k]
            place[sources[k]] = at + 1
