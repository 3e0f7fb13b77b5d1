r"""Leaky neurons that are touched only when something arrives, through synapses that lead anywhere in the layer.

A neuron is stored as how far it stands above rest, :math:`u = v - v_{leak}`, and the step of which that is true. Its
decay is made up for when a spike arrives: :math:`u \leftarrow u\,d^{\,t - last} + w`, with the powers of ``d`` from a
table. So a step costs as much as its spikes have targets, however many neurons there are. The potential is that of
:class:`spikewright.neurons.LIF`, up to rounding: a power rounds once where the model rounds in every step.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._prefetch import prefetch

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]
Numbers = NDArray[np.number]
Records = NDArray[np.void]
Spikes = tuple[Addresses, IntArray]
Synapses = tuple[Addresses, Numbers, np.floating]

LINE = 64
"""Bytes of a cache line."""


AHEAD = 3
"""Spikes between the one whose row is fetched and the one that is delivered: a row comes from memory in about as long
as two rows of 100 targets take."""


class Leaky(NamedTuple):
    """What is the same for all neurons, in their dtype.

    ``threshold`` (> 0) and ``after``, the value that a spike sets, are above rest; if ``subtract``, a spike subtracts
    ``after`` instead.
    """

    threshold: np.floating
    after: np.floating
    subtract: bool


def resting(count: int, dtype: np.dtype) -> Records:
    """Return neurons at rest before step 0: records of ``u`` and ``last`` that do not cross cache lines."""
    whole = np.dtype(f"i{dtype.itemsize}")
    records = np.zeros(count, np.dtype([("u", dtype), ("last", whole)]))
    records["last"] = -1
    return records


def decayed_reference(u: np.floating, age: int, powers: FloatArray) -> np.floating:
    """Return what is left of ``u`` after ``age`` steps; ``powers`` holds what is left of 1 after 0, 1, ... steps."""
    longest = len(powers) - 1
    while age > longest:
        u = u * powers[longest]
        age -= longest
    return u * powers[age]  # type: ignore[no-any-return]


_decayed = njit(nogil=True)(decayed_reference)


def deliver_rows_reference(
    sources: Addresses,
    targets: Addresses,
    weights: Numbers,
    scale: np.floating,
    now: int,
    neurons: Leaky,
    powers: FloatArray,
    records: Records,
    crossed: Addresses,
    count: int,
) -> int:
    """Add the weights of some spikes to the neurons they reach.

    Parameters
    ----------
    sources : array of int32, shape (spike,)
        Who fired.
    targets, weights : array of int32 and array, shape (source, synapse)
        Neurons that each source reaches, and with what.
    scale : number
        Factor of every weight, in the dtype of the neurons.
    now : int
        The step.
    neurons : Leaky
    powers : array, shape (age,)
        What is left of 1 after 0, 1, ... steps; two entries or more.
    records : array, shape (neuron,)
        See :func:`resting`; advanced to this step where something arrives.
    crossed : array of int32
        Written from ``count`` on: neurons that came to the threshold from below, in the order in which they did, and
        once more when they fell back and came again.
    count : int
        How many are there already.

    Returns
    -------
    int
        How many are there now.
    """
    for source in sources:
        for target, weight in zip(targets[source], weights[source], strict=True):
            record = records[target]
            before = decayed_reference(record["u"], now - record["last"], powers)
            record["u"] = before + weight * scale
            record["last"] = now
            if before < neurons.threshold <= record["u"]:
                crossed[count] = target
                count += 1
    return count


@njit(cache=True, nogil=True)
def deliver_rows(
    sources: Addresses,
    targets: Addresses,
    weights: Numbers,
    scale: np.floating,
    now: int,
    neurons: Leaky,
    powers: FloatArray,
    records: Records,
    crossed: Addresses,
    count: int,
) -> int:
    """See :func:`deliver_rows_reference`; rows are fetched some spikes ahead, neurons one spike ahead."""
    last, synapses = len(sources) - 1, targets.shape[1]
    for e in range(last + 1):
        if e + AHEAD <= last:
            _fetch_row(targets, sources[e + AHEAD])
            _fetch_row(weights, sources[e + AHEAD])
        source, coming = np.uint32(sources[e]), np.uint32(sources[min(e + 1, last)])
        for k in range(np.uint64(synapses)):
            prefetch(records, targets[coming, k])
            target = np.uint32(targets[source, k])
            before = _decayed(records[target]["u"], now - records[target]["last"], powers)
            after = before + weights[source, k] * scale
            records[target]["u"] = after
            records[target]["last"] = now
            if before < neurons.threshold <= after:
                crossed[count] = target
                count += 1
    return count


@njit(nogil=True)
def _fetch_row(rows: Numbers, row: int) -> None:
    begin, end = row * rows.shape[1], (row + 1) * rows.shape[1]
    for place in range(begin, end, LINE // rows.itemsize):
        prefetch(rows, place)
    if begin < end:
        prefetch(rows, end - 1)


def fire_crossed_reference(
    crossed: Addresses, now: int, neurons: Leaky, powers: FloatArray, records: Records, fired: Addresses
) -> int:
    """Fire where neurons still stand at the threshold, and reset.

    Parameters
    ----------
    crossed : array of int32, shape (neuron that may fire,)
        Every neuron that can have reached the threshold in this step, in any order, some of them perhaps repeated.
    now, neurons, powers, records
        See :func:`deliver_rows_reference`.
    fired : array of int32
        Written: those that fire, in rising order.

    Returns
    -------
    int
        How many fire.
    """
    count = 0
    for target in sorted(set(crossed.tolist())):
        record = records[target]
        record["u"] = decayed_reference(record["u"], now - record["last"], powers)
        record["last"] = now
        if record["u"] >= neurons.threshold:
            record["u"] = record["u"] - neurons.after if neurons.subtract else neurons.after
            fired[count] = target
            count += 1
    return count


@njit(cache=True, nogil=True)
def fire_crossed(
    crossed: Addresses, now: int, neurons: Leaky, powers: FloatArray, records: Records, fired: Addresses
) -> int:
    """See :func:`fire_crossed_reference`."""
    count, done = 0, -1
    for target in np.sort(crossed):
        if target == done:
            continue
        done = target
        u = _decayed(records[target]["u"], now - records[target]["last"], powers)
        records[target]["last"] = now
        fires = u >= neurons.threshold
        if fires:
            u = u - neurons.after if neurons.subtract else neurons.after
            fired[count] = target
            count += 1
        records[target]["u"] = u
    return count


def run_stream_reference(
    addresses: Addresses,
    offsets: IntArray,
    arriving: Synapses,
    recurrent: Synapses,
    sent: Addresses,
    now: int,
    neurons: Leaky,
    powers: FloatArray,
    records: Records,
) -> Spikes:
    """Run a layer through some steps.

    Parameters
    ----------
    addresses, offsets : array of int32, shape (spike,), and array of int64, shape (time + 1,)
        Input: the spikes of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.
    arriving, recurrent : targets, weights and scale
        Of the synapses of inputs, and of those of the layer's own spikes, which arrive one step later; see
        :func:`deliver_rows_reference`. Inputs without any row each bring one charge of ``scale`` to the neuron of their
        own address.
    sent : array of int32, shape (spike,)
        The layer's spikes of the step before.
    now : int
        The first step.
    neurons, powers, records
        See :func:`deliver_rows_reference`.

    Returns
    -------
    addresses, offsets : as those of the input
        The layer's spikes, in rising order within a step.
    """
    steps, found = [np.empty(0, np.int32)], [0]
    for t, (begin, end) in enumerate(pairwise(offsets), start=now):
        inputs = addresses[begin:end]
        crossed = np.empty(len(sent) * (1 + recurrent[0].shape[1]) + len(inputs) * arriving[0].shape[1], np.int32)
        # What a spike left may still be at the threshold.
        count = 0
        for neuron in sent:
            if decayed_reference(records["u"][neuron], 1, powers) >= neurons.threshold:
                crossed[count] = neuron
                count += 1
        count = deliver_rows_reference(sent, *recurrent, t, neurons, powers, records, crossed, count)
        count = deliver_rows_reference(*_rows_reference(inputs, arriving), t, neurons, powers, records, crossed, count)
        sent = np.empty(count, np.int32)
        sent = sent[: fire_crossed_reference(crossed[:count], t, neurons, powers, records, sent)]
        steps.append(sent)
        found.append(found[-1] + len(sent))
    return np.concatenate(steps), np.array(found, np.int64)


def _rows_reference(inputs: Addresses, arriving: Synapses) -> tuple[Addresses, Addresses, Numbers, np.floating]:
    """Return the sources and synapses of some inputs: without rows, of one source that reaches their own addresses."""
    targets, weights, scale = arriving
    if len(targets):
        return inputs, targets, weights, scale
    return np.zeros(1, np.int32), inputs.reshape(1, -1), np.ones((1, len(inputs)), weights.dtype), scale


_rows = njit(nogil=True)(_rows_reference)


@njit(cache=True, nogil=True)
def run_stream(
    addresses: Addresses,
    offsets: IntArray,
    arriving: Synapses,
    recurrent: Synapses,
    sent: Addresses,
    now: int,
    neurons: Leaky,
    powers: FloatArray,
    records: Records,
) -> Spikes:
    """See :func:`run_stream_reference`."""
    targets, weights, scale = recurrent
    steps = len(offsets) - 1
    found = np.zeros(steps + 1, np.int64)
    spikes = np.empty(len(addresses), np.int32)
    crossed = np.empty(0, np.int32)
    for t in range(steps):
        inputs = addresses[offsets[t] : offsets[t + 1]]
        sources, reached, charges, factor = _rows(inputs, arriving)
        room = len(sent) * (1 + targets.shape[1]) + len(sources) * reached.shape[1]
        if room > len(crossed):
            crossed = np.empty(2 * room, np.int32)
        count = 0
        for neuron in sent:
            if _decayed(records[neuron]["u"], 1, powers) >= neurons.threshold:
                crossed[count] = neuron
                count += 1
        count = deliver_rows(sent, targets, weights, scale, now + t, neurons, powers, records, crossed, count)
        count = deliver_rows(sources, reached, charges, factor, now + t, neurons, powers, records, crossed, count)
        if found[t] + count > len(spikes):
            spikes = np.append(spikes, np.empty(found[t] + count, np.int32))
        fired = spikes[found[t] :]
        found[t + 1] = found[t] + fire_crossed(crossed[:count], now + t, neurons, powers, records, fired)
        sent = spikes[found[t] : found[t + 1]]
    return spikes[: found[steps]].copy(), found
