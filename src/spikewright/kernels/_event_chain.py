"""A whole chain of layers, driven by lists of addresses: all layers in each step, then the next step.

:mod:`spikewright.kernels._event_layout` says how neurons are laid out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._event_current_if import event_current_if, event_current_if_reference
from spikewright.kernels._event_fire import fire, fire_reference
from spikewright.kernels._event_if import event_if, event_if_reference
from spikewright.kernels._event_layout import BEGIN, BIAS, END, IF_MODEL, LIF_MODEL, MODEL, ONCE, SCALE, START, SUBTRACT
from spikewright.kernels._event_levels import level_events, level_events_reference
from spikewright.kernels._event_lif import event_lif, event_lif_reference
from spikewright.kernels._event_rows import add_rows, add_rows_reference

FloatArray = NDArray[np.floating]
Numbers = NDArray[np.number]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]
Flags = NDArray[np.uint8]


class Chain(NamedTuple):
    """A chain of layers as arrays; kernels take its parts one by one.

    Parameters
    ----------
    layers : array of int64, shape (layer, 5)
        First address, last address plus one, model, whether a spike subtracts the threshold, whether neurons fire at
        most once.
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
        for begin, end, model, subtract, once in layers:
            charges = numbers[BIAS]
            if len(now):
                # Sums of integers are exact whatever their size.
                exact = np.zeros(len(v), np.int64 if weights.dtype.kind == "i" else weights.dtype)
                add_rows_reference(now, 0, len(now), starts, segments, weights, exact)
                charges = numbers[BIAS] + numbers[SCALE] * exact.astype(numbers.dtype)
            if model == IF_MODEL:
                event_if_reference(begin, end, numbers, charges, v)
            elif model == LIF_MODEL:
                event_lif_reference(begin, end, numbers, charges, v)
            else:
                event_current_if_reference(begin, end, numbers, charges, v, i_syn)
            count = fire_reference(begin, end, numbers, v, subtract, once, fired, events)
            now = events[begin : begin + count].copy()
            if len(raster):
                raster[t, now[now >= first] - first] = 1
        if len(now) and winner < 0:
            winner, latency = int(now[0] - layers[-1, BEGIN]), t + 1
            if stop:
                break
    return winner, latency


@njit(cache=True, nogil=True)
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
    steps, total = len(offsets) - 1, numbers.shape[1]
    v, bias = numbers[START].copy(), numbers[BIAS]
    i_syn, charges = np.zeros_like(v), np.empty_like(v)
    narrow, wide = np.empty(total, sums.dtype), np.empty(total, totals.dtype)
    fired, events = np.zeros(total, np.uint8), np.empty(total + len(addresses), np.int32)
    winner, latency = -1, steps
    for t in range(steps):
        # What arrives at a layer are the events from ``a`` up to ``b``; those of the inputs stand behind all others.
        a, b = total, total + offsets[t + 1] - offsets[t]
        for e in range(b - a):
            events[total + e] = addresses[offsets[t] + e]
        for layer in range(len(layers)):
            begin, end = layers[layer, BEGIN], layers[layer, END]
            for k in range(a, b, most):
                _clear(begin, end, narrow)
                add_rows(events, k, min(k + most, b), starts, segments, weights, narrow)
                _collect(begin, end, narrow, k > a, wide)
            x = bias
            if b > a:
                _charge(begin, end, numbers, wide, charges)
                x = charges
            a, b = begin, begin
            if _advance(layers, layer, numbers, x, v, i_syn):
                subtract, once = layers[layer, SUBTRACT] != 0, layers[layer, ONCE] != 0
                b += fire(begin, end, numbers, v, subtract, once, fired, events)
            if len(raster):
                _record(events, a, b, first, t, raster)
        if b > a and winner < 0:
            winner, latency = events[a] - layers[-1, BEGIN], t + 1
            if stop:
                break
    return winner, latency


@njit(cache=True, nogil=True)
def _clear(begin: int, end: int, sums: Numbers) -> None:
    for n in range(np.uint64(begin), np.uint64(end)):
        sums[n] = 0


@njit(cache=True, nogil=True)
def _collect(begin: int, end: int, sums: Numbers, more: bool, totals: Numbers) -> None:
    """Take over sums into totals, or add them if there are more than fit into one sum."""
    if not more:
        for n in range(np.uint64(begin), np.uint64(end)):
            totals[n] = sums[n]
        return
    for n in range(np.uint64(begin), np.uint64(end)):
        totals[n] += sums[n]


@njit(cache=True, nogil=True)
def _charge(begin: int, end: int, numbers: FloatArray, totals: Numbers, charges: FloatArray) -> None:
    for n in range(np.uint64(begin), np.uint64(end)):
        charges[n] = numbers[BIAS, n] + numbers[SCALE, n] * charges.dtype.type(totals[n])


@njit(cache=True, nogil=True)
def _record(events: Addresses, a: int, b: int, first: int, t: int, raster: Flags) -> None:
    for e in range(a, b):
        if events[e] >= first:
            raster[t, events[e] - first] = 1


@njit(cache=True, nogil=True)
def _advance(
    layers: IntArray, layer: int, numbers: FloatArray, charges: FloatArray, v: FloatArray, i_syn: FloatArray
) -> bool:
    """Advance the neurons of one layer up to the threshold; return whether any has reached it."""
    begin, end = layers[layer, BEGIN], layers[layer, END]
    if layers[layer, MODEL] == IF_MODEL:
        return event_if(begin, end, numbers, charges, v)
    if layers[layer, MODEL] == LIF_MODEL:
        return event_lif(begin, end, numbers, charges, v)
    return event_current_if(begin, end, numbers, charges, v, i_syn)


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


@njit(cache=True, nogil=True)
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
    """See :func:`run_levels_reference`."""
    addresses, offsets = level_events(x, minimum, step_of_level, steps)
    raster = np.zeros((0, 0), np.uint8)
    return run_chain(
        addresses,
        offsets,
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
