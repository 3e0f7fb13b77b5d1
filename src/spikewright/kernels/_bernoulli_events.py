"""Spikes of independent inputs that fire with a fixed probability in each step, drawn as intervals instead of steps.

The intervals between the spikes of an input are geometric, so that the work is that of the spikes and not that of the
steps. Random numbers come from SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA
2014), whose state is one integer: the same seed gives the same spikes for any number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]

_STRIDE, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = 2**64 - 1


def bernoulli_events_reference(probability: FloatArray, steps: int, seed: int) -> tuple[IntArray, IntArray]:
    """Return the spikes of all inputs, step by step.

    Parameters
    ----------
    probability : array, shape (in,)
        Of a spike in each step; an input fires always at 1 or more, and never at 0 or less.
    steps : int
        Number of time steps.
    seed : int
        From 0 to 2**63 - 1.

    Returns
    -------
    offsets : array of int64, shape (time + 1,)
        The spikes of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.
    addresses : array of int64, shape (spike,)
        Inputs, in rising order within a step.
    """
    fired: list[list[int]] = [[] for _ in range(steps)]
    state = seed
    for i, p in enumerate(probability.tolist()):
        step = -1
        while p > 0:
            state = (state + _STRIDE) & _MASK
            mixed = ((state ^ (state >> 30)) * _FIRST) & _MASK
            mixed = ((mixed ^ (mixed >> 27)) * _SECOND) & _MASK
            uniform = (((mixed ^ (mixed >> 31)) >> 11) + 1) * 2.0**-53
            failures = math.log(uniform) / math.log1p(-p) if p < 1 else 0.0
            if failures >= steps - 1 - step:
                break
            step += 1 + int(failures)
            fired[step].append(i)
    offsets = np.cumsum([0] + [len(inputs) for inputs in fired])
    return offsets, np.array([i for inputs in fired for i in inputs], np.int64)


def bernoulli_raster_reference(probability: FloatArray, raster: FloatArray, seed: int) -> None:
    """Write a 1 for each spike of :func:`bernoulli_events_reference` into a raster of zeros.

    Parameters
    ----------
    probability : array, shape (in,)
        Of a spike in each step.
    raster : array, shape (time, in)
        Receives the spikes.
    seed : int
        From 0 to 2**63 - 1.
    """
    offsets, addresses = bernoulli_events_reference(probability, len(raster), seed)
    for t in range(len(raster)):
        raster[t, addresses[offsets[t] : offsets[t + 1]]] = 1


@njit(cache=True, nogil=True)
def bernoulli_events(probability: FloatArray, steps: int, seed: int) -> tuple[IntArray, IntArray]:
    """See :func:`bernoulli_events_reference`; spikes are drawn input by input, then put in order of steps."""
    inputs = len(probability)
    drawn = np.empty(inputs * steps, np.int32)
    ends = np.zeros(inputs + 1, np.int64)
    offsets = np.zeros(steps + 1, np.int64)
    state = np.uint64(seed)
    count = 0
    for i in range(inputs):
        p = np.float64(probability[i])
        scale = math.log1p(-p) if 0 < p < 1 else 0.0
        step = -1
        while p > 0:
            state += np.uint64(_STRIDE)
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
            uniform = (np.float64((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) + 1.0) * 2.0**-53
            failures = math.log(uniform) / scale if p < 1 else 0.0
            if failures >= steps - 1 - step:
                break
            step += 1 + int(failures)
            drawn[count] = step
            count += 1
            offsets[step + 1] += 1
        ends[i + 1] = count
    for t in range(steps):
        offsets[t + 1] += offsets[t]
    place = offsets[:-1].copy()
    addresses = np.empty(count, np.int64)
    for i in range(inputs):
        for step in drawn[ends[i] : ends[i + 1]]:
            addresses[place[step]] = i
            place[step] += 1
    return offsets, addresses


@njit(cache=True, nogil=True)
def bernoulli_raster(probability: FloatArray, raster: FloatArray, seed: int) -> None:
    """See :func:`bernoulli_raster_reference`."""
    offsets, addresses = bernoulli_events(probability, len(raster), seed)
    for t in range(len(raster)):
        for i in addresses[offsets[t] : offsets[t + 1]]:
            raster[t, i] = 1
