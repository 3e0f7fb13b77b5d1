"""A whole chain of layers, driven by lists of addresses: all layers in each step, then the next step.

:mod:`spikewright.kernels._event_layout` says how neurons are laid out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart
from spikewright.kernels._event_current_if import event_current_if, event_current_if_reference
from spikewright.kernels._event_fire import list_fired, list_fired_reference
from spikewright.kernels._event_if import event_if, event_if_reference
from spikewright.kernels._event_layout import (
    BEGIN,
    BIAS,
    END,
    IF_MODEL,
    LIF_MODEL,
    MODEL,
    PLACE,
    SCALE,
    SOURCE,
    START,
    SUBTRACT,
    WIDTH,
)
from spikewright.kernels._event_levels import level_events, level_events_reference, levels_of
from spikewright.kernels._event_lif import event_lif, event_lif_reference
from spikewright.kernels._event_rows import add_dense_rows, add_rows, add_rows_reference

FloatArray = NDArray[np.floating]
Numbers = NDArray[np.number]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]
Flags = NDArray[np.uint8]

FEW = 4
"""Up to so many levels inputs are listed when their step has come, which may be after the decision."""


class Chain(NamedTuple):
    """A chain of layers as arrays; kernels take its parts one by one.

    Parameters
    ----------
    layers : array of int64, shape (layer, 7)
        See ``_event_layout``.
    starts, segments, weights : array
        As for :func:`add_rows`, sources and targets by address.
    numbers : array, shape (7, address)
        Of each neuron: charge of every step, factor of its sums, potential at the start, threshold, value after a
        spike, what is left of its state after a step, and one more number of its model.
    sums, totals : array, shape (0,)
        Of the dtypes in which weights are summed: ``sums`` of at most ``most`` events, ``totals`` of those sums.
    most : int
        Events whose sum fits into ``sums``.
    """

    layers: IntArray
    starts: IntArray
    segments: IntArray
    weights: Numbers
    numbers: FloatArray
    sums: Numbers
    totals: Numbers
    most: int


def run_chain_reference(
    addresses: Addresses,
    offsets: IntArray,
    layers: IntArray,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    sums: Numbers,  # noqa: ARG001 - its integers are wide enough
    totals: Numbers,  # noqa: ARG001
    most: int,  # noqa: ARG001
    stop: int,
    first: int,
    raster: Flags,
) -> tuple[int, int]:
    """Run one sample.

    Parameters
    ----------
    addresses : array of int32, shape (event,)
        The inputs that fire, in the order of time.
    offsets : array of int64, shape (time + 1,)
        Those of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.
    layers, starts, segments, weights, numbers, sums, totals, most
        A :class:`Chain`.
    stop : int
        1 to stop when a neuron of the last layer has fired.
    first : int
        First address that is recorded.
    raster : array of uint8, shape (time, address - first), or (0, 0)
        Set to 1 where a neuron fires; of shape (0, 0) nothing is recorded.

    Returns
    -------
    winner : int
        Lowest place in the last layer of a neuron that fired in the first step in which one did; -1 for none.
    steps : int
        Steps until then, that one included; all of them if none fired.
    """
    v = numbers[START].copy()
    i_syn, fired, events = np.zeros_like(v), np.zeros(len(v), np.uint8), np.zeros(len(v), np.int32)
    winner, latency = -1, len(offsets) - 1
    for t in range(len(offsets) - 1):
        now = addresses[offsets[t] : offsets[t + 1]]
        for begin, end, model, subtract, *_ in layers:
            charges = numbers[BIAS]
            if len(now):
                # Sums of integers are exact whatever their size.
                exact = np.zeros(len(v), np.int64 if weights.dtype.kind == "i" else weights.dtype)
                add_rows_reference(now, 0, len(now), starts, segments, weights, exact)
                charges = numbers[BIAS] + numbers[SCALE] * exact.astype(numbers.dtype)
            if model == IF_MODEL:
                event_if_reference(begin, end, numbers, charges, subtract, v, fired)
            elif model == LIF_MODEL:
                event_lif_reference(begin, end, numbers, charges, subtract, v, fired)
            else:
                event_current_if_reference(begin, end, numbers, charges, subtract, v, i_syn, fired)
            last = list_fired_reference(begin, end, fired, begin, events)
            now = events[begin:last].copy()
            if len(raster):
                raster[t, now[now >= first] - first] = 1
        if len(now) and winner < 0:
            winner, latency = int(now[0] - layers[-1, BEGIN]), t + 1
            if stop:
                break
    return winner, latency


@njit(cache=True, nogil=True, pipeline_class=Apart)
def run_chain(
    addresses: Addresses,
    offsets: IntArray,
    layers: IntArray,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    sums: Numbers,
    totals: Numbers,
    most: int,
    stop: int,
    first: int,
    raster: Flags,
) -> tuple[int, int]:
    """See :func:`run_chain_reference`."""
    none, never = np.zeros(0, np.int32), np.zeros(0, np.int64)
    return _run(
        addresses,
        offsets,
        none,
        never,
        layers,
        starts,
        segments,
        weights,
        numbers,
        sums,
        totals,
        most,
        stop,
        first,
        raster,
    )


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _run(
    addresses: Addresses,
    offsets: IntArray,
    level: Addresses,
    step_of_level: IntArray,
    layers: IntArray,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    sums: Numbers,
    totals: Numbers,
    most: int,
    stop: int,
    first: int,
    raster: Flags,
) -> tuple[int, int]:
    """Run what is listed as for :func:`run_chain`, and besides the inputs of each level in its step.

    All that it calls in a step calls nothing else: Numba counts the references to the arrays of any other function in
    every call, which would take longer than the sums of a small layer.
    """
    total = numbers.shape[1]
    v, i_syn, charges = numbers[START].copy(), np.zeros(total, numbers.dtype), np.empty(total, numbers.dtype)
    narrow, wide = np.empty(total, sums.dtype), np.empty(total, totals.dtype)
    fired, events = np.zeros(total, np.uint8), np.empty(total + max(len(addresses), len(level)) + 8, np.int32)
    bias, wanted, winner, latency = numbers[BIAS], 0, -1, len(offsets) - 1
    for t in range(len(offsets) - 1):
        # What arrives at a layer are the events from ``a`` up to ``b``; those of the inputs stand behind all others.
        a = b = total
        if offsets[t + 1] > offsets[t]:
            b = _copy(addresses, offsets[t], offsets[t + 1], total, events)
        if wanted < len(step_of_level) and step_of_level[wanted] == t:
            wanted = _pick(level, step_of_level, wanted, t, fired)
            b = list_fired(0, layers[0, BEGIN], fired, b, events)
        for layer in range(len(layers)):
            begin, end = layers[layer, BEGIN], layers[layer, END]
            if b > a:
                _sum(events, a, b, layers, layer, starts, segments, weights, numbers, narrow, wide, most, charges)
            model, subtract = layers[layer, MODEL], layers[layer, SUBTRACT] != 0
            x = charges if b > a else bias
            if model == IF_MODEL:
                fires = event_if(begin, end, numbers, x, subtract, v, fired)
            elif model == LIF_MODEL:
                fires = event_lif(begin, end, numbers, x, subtract, v, fired)
            else:
                fires = event_current_if(begin, end, numbers, x, subtract, v, i_syn, fired)
            a = b = begin
            if fires:
                b = list_fired(begin, end, fired, begin, events)
            if len(raster):
                _record(events, a, b, first, t, raster)
        if b > a and winner < 0:
            winner, latency = events[a] - layers[-1, BEGIN], t + 1
            if stop:
                break
    return winner, latency


@njit(inline="always")
def _sum(
    events: Addresses,
    a: int,
    b: int,
    layers: IntArray,
    layer: int,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    narrow: Numbers,
    wide: Numbers,
    most: int,
    charges: FloatArray,
) -> None:
    """Sum what arrives at a layer; what may not fit into the narrow sums is summed in two stages."""
    begin, end = layers[layer, BEGIN], layers[layer, END]
    source, place, width = layers[layer, SOURCE], layers[layer, PLACE], layers[layer, WIDTH]
    for k in range(a, b, most):
        _clear(begin, end, narrow)
        upto = min(k + most, b)
        if width:
            add_dense_rows(events, k, upto, source, place, width, begin, weights, narrow)
        else:
            add_rows(events, k, upto, starts, segments, weights, narrow)
        if b - a > most:
            _collect(begin, end, narrow, k > a, wide)
    if b - a > most:
        _charge(begin, end, numbers, wide, charges)
    else:
        _charge(begin, end, numbers, narrow, charges)


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _copy(addresses: Addresses, first: int, last: int, place: int, events: Addresses) -> int:
    """Copy addresses to a place and return the end of the copy."""
    for e in range(last - first):
        events[place + e] = addresses[first + e]
    return place + last - first


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _pick(level: Addresses, step_of_level: IntArray, lowest: int, step: int, fired: Flags) -> int:
    """Let the inputs fire whose level is that of a step; return the lowest level of a later one."""
    highest = lowest
    while highest < len(step_of_level) and step_of_level[highest] == step:
        highest += 1
    if highest > lowest:
        for i in range(len(level)):
            fired[i] = lowest <= level[i] < highest
    return highest


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _clear(begin: int, end: int, sums: Numbers) -> None:
    for n in range(np.uint64(begin), np.uint64(end)):
        sums[n] = 0


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _collect(begin: int, end: int, sums: Numbers, more: bool, totals: Numbers) -> None:
    """Take over sums into totals, or add them if there are more than fit into one sum."""
    if not more:
        for n in range(np.uint64(begin), np.uint64(end)):
            totals[n] = sums[n]
        return
    for n in range(np.uint64(begin), np.uint64(end)):
        totals[n] += sums[n]


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _charge(begin: int, end: int, numbers: FloatArray, sums: Numbers, charges: FloatArray) -> None:
    for n in range(np.uint64(begin), np.uint64(end)):
        charges[n] = numbers[BIAS, n] + numbers[SCALE, n] * charges.dtype.type(sums[n])


@njit(cache=True, nogil=True, pipeline_class=Apart)
def _record(events: Addresses, a: int, b: int, first: int, t: int, raster: Flags) -> None:
    for e in range(a, b):
        if events[e] >= first:
            raster[t, events[e] - first] = 1


def run_levels_reference(
    x: FloatArray,
    minimum: float,
    step_of_level: IntArray,
    steps: int,
    layers: IntArray,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    sums: Numbers,
    totals: Numbers,
    most: int,
) -> tuple[int, int]:
    """Encode one sample as :func:`level_events` does and run it until a neuron of the last layer has fired.

    Parameters and what is returned are those of :func:`level_events` and :func:`run_chain`. One call in place of two:
    for a small network passing arrays from Python is a good part of the time.
    """
    addresses, offsets = level_events_reference(x, minimum, step_of_level, steps)
    raster = np.zeros((0, 0), np.uint8)
    chain = Chain(layers, starts, segments, weights, numbers, sums, totals, most)
    return run_chain_reference(addresses, offsets, *chain, 1, 0, raster)


@njit(cache=True, nogil=True, pipeline_class=Apart)
def run_levels(
    x: FloatArray,
    minimum: float,
    step_of_level: IntArray,
    steps: int,
    layers: IntArray,
    starts: IntArray,
    segments: IntArray,
    weights: Numbers,
    numbers: FloatArray,
    sums: Numbers,
    totals: Numbers,
    most: int,
) -> tuple[int, int]:
    """See :func:`run_levels_reference`; of a few levels, those after the decision are never looked for."""
    few = len(step_of_level) <= FEW
    if few:
        level, step = levels_of(x, minimum, len(step_of_level)), step_of_level
        addresses, offsets = np.zeros(0, np.int32), np.zeros(steps + 1, np.int64)
    else:
        level, step = np.zeros(0, np.int32), np.zeros(0, np.int64)
        addresses, offsets = level_events(x, minimum, step_of_level, steps)
    raster = np.zeros((0, 0), np.uint8)
    return _run(
        addresses,
        offsets,
        level,
        step,
        layers,
        starts,
        segments,
        weights,
        numbers,
        sums,
        totals,
        most,
        1,
        0,
        raster,
    )
