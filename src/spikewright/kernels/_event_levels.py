"""Spikes of inputs that fire once at most, at a time that falls with their value, as lists of addresses."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Addresses = NDArray[np.int32]


def level_events_reference(
    x: FloatArray, minimum: float, step_of_level: IntArray, steps: int
) -> tuple[Addresses, IntArray]:
    """Return the spikes of all inputs, step by step.

    Parameters
    ----------
    x : array, shape (in,)
        Values; what is outside of [0, 1] counts as 0 or 1.
    minimum : float
        Only values above it fire.
    step_of_level : array of int64, shape (level,)
        The step in which each of equally spaced levels fires, that of 1 first and that of 0 last.
    steps : int
        Number of time steps; above all of ``step_of_level``.

    Returns
    -------
    addresses : array of int32, shape (spike,)
        Inputs, in rising order within a step.
    offsets : array of int64, shape (time + 1,)
        The spikes of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.
    """
    dark = x.dtype.type(len(step_of_level) - 1)
    level = ((1 - x.clip(0, 1)) * dark + x.dtype.type(0.5)).astype(np.int64)
    step = np.where(x > x.dtype.type(minimum), step_of_level[level], steps)
    order = np.argsort(step, kind="stable")
    offsets = np.searchsorted(step[order], np.arange(steps + 1)).astype(np.int64)
    return order[: offsets[-1]].astype(np.int32), offsets


@njit(cache=True, nogil=True, pipeline_class=Apart)
def level_events(x: FloatArray, minimum: float, step_of_level: IntArray, steps: int) -> tuple[Addresses, IntArray]:
    """See :func:`level_events_reference`; inputs are sorted by counting."""
    level = levels_of(x, minimum, len(step_of_level))
    # Each count stands two places late, so that the sums are first the starts of the steps and, when all addresses have
    # their place, their ends.
    step = np.empty(len(level), np.int64)
    offsets = np.zeros(steps + 3, np.int64)
    addresses = np.empty(len(level), np.int32)
    for i in range(len(level)):
        step[i] = step_of_level[level[i]] if level[i] < len(step_of_level) else steps
        offsets[step[i] + 2] += 1
    for t in range(2, len(offsets)):
        offsets[t] += offsets[t - 1]
    for i in range(len(level)):
        addresses[offsets[step[i] + 1]] = i
        offsets[step[i] + 1] += 1
    return addresses[: offsets[steps]], offsets[: steps + 1]


@njit(cache=True, nogil=True, pipeline_class=Apart)
def levels_of(x: FloatArray, minimum: float, levels: int) -> Addresses:
    """Return the level of each input: 0 for 1, ``levels`` - 1 for 0, and ``levels`` for an input that never fires."""
    one, zero, half = x.dtype.type(1), x.dtype.type(0), x.dtype.type(0.5)
    lowest, dark, never = x.dtype.type(minimum), x.dtype.type(levels - 1), np.int32(levels)
    level = np.empty(len(x), np.int32)
    for i in range(len(x)):
        reached = np.int32((one - min(max(x[i], zero), one)) * dark + half)
        level[i] = reached if x[i] > lowest else never
    return level
