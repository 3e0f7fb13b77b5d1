"""Deliver spikes: add to the charges what each spike brings, and touch nothing where no spike arrives.

An event is a spike, or several of one neuron at once, or a graded one: its value says how many or how much. Each kernel
adds to ``charges`` in place, in the order of the events.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating]
IntArray: TypeAlias = NDArray[np.int64]
Events: TypeAlias = tuple[IntArray, ...]
Geometry: TypeAlias = tuple[tuple[int, ...], ...]


def scatter_events_reference(events: Events, values: FloatArray, weights: FloatArray, charges: FloatArray) -> None:
    """Deliver events through a dense connection.

    Parameters
    ----------
    events : tuple of array of int64, shape (event,)
        Row of ``charges``, and source neuron.
    values : array, shape (event,)
        What is multiplied with the weights: 1 for a spike.
    weights : array, shape (source, target)
        Charge that a spike delivers.
    charges : array, shape (row, target)
        Added to.
    """
    for row, source, value in zip(*events, values, strict=True):
        for target in range(charges.shape[1]):
            charges[row, target] += value * weights[source, target]


@njit(cache=True)
def scatter_events(events: Events, values: FloatArray, weights: FloatArray, charges: FloatArray) -> None:
    """See :func:`scatter_events_reference`."""
    rows, sources = events
    for event in range(len(values)):
        _add(charges[rows[event]], values[event], weights[sources[event]])


def scatter_delayed_events_reference(
    events: Events,
    values: FloatArray,
    weights: FloatArray,
    delays: IntArray,
    charges: FloatArray,
) -> None:
    """Deliver events through a dense connection in which every synapse has a delay; what is late for the run is lost.

    Parameters
    ----------
    events : tuple of array of int64, shape (event,)
        Time step, sample, and source neuron.
    values : array, shape (event,)
        What is multiplied with the weights: 1 for a spike.
    weights : array, shape (source, target)
        Charge that a spike delivers.
    delays : array of int64, shape (source, target)
        Time steps, >= 0.
    charges : array, shape (time, sample, target)
        Added to.
    """
    for step, sample, source, value in zip(*events, values, strict=True):
        for target in range(charges.shape[2]):
            arrival = step + delays[source, target]
            if arrival < len(charges):
                charges[arrival, sample, target] += value * weights[source, target]


@njit(cache=True)
def scatter_delayed_events(
    events: Events,
    values: FloatArray,
    weights: FloatArray,
    delays: IntArray,
    charges: FloatArray,
) -> None:
    """See :func:`scatter_delayed_events_reference`."""
    steps, samples, sources = events
    for event in range(len(values)):
        step, sample, source, value = steps[event], samples[event], sources[event], values[event]
        for target in range(charges.shape[2]):
            arrival = step + delays[source, target]
            if arrival < len(charges):
                charges[arrival, sample, target] += value * weights[source, target]


def scatter_conv_events_reference(
    events: Events,
    values: FloatArray,
    weights: FloatArray,
    geometry: Geometry,
    charges: FloatArray,
) -> None:
    """Deliver events through a convolution: each reaches the windows that see it.

    Parameters
    ----------
    events : tuple of array of int64, shape (event,)
        Row of ``charges``, and channel, row and column of the source pixel.
    values : array, shape (event,)
        What is multiplied with the weights: 1 for a spike.
    weights : array, shape (source channel, kernel row, kernel column, target channel of a group)
        Charge that a spike delivers.
    geometry : tuple
        Stride, padding before the first pixel, and dilation, each for rows and columns.
    charges : array, shape (row, target row, target column, target channel)
        Added to.
    """
    channels, kernel_rows, kernel_columns, outputs = weights.shape
    _, rows, columns, all_outputs = charges.shape
    channels_a_group = channels * outputs // all_outputs
    stride, padding, dilation = geometry
    for sample, channel, y, x, value in zip(*events, values, strict=True):
        first = channel // channels_a_group * outputs
        for i, j, p, q in np.ndindex(rows, columns, kernel_rows, kernel_columns):
            seen_y = i * stride[0] - padding[0] + p * dilation[0]
            seen_x = j * stride[1] - padding[1] + q * dilation[1]
            if (seen_y, seen_x) == (y, x):
                charges[sample, i, j, first : first + outputs] += value * weights[channel, p, q]


@njit(cache=True)
def scatter_conv_events(
    events: Events,
    values: FloatArray,
    weights: FloatArray,
    geometry: Geometry,
    charges: FloatArray,
) -> None:
    """See :func:`scatter_conv_events_reference`; here the windows are worked out from the pixel."""
    samples, sources, ys, xs = events
    channels, rows, columns, outputs = weights.shape
    channels_a_group = channels * outputs // charges.shape[3]
    stride, padding, dilation = geometry
    for event in range(len(values)):
        sample, channel, value = samples[event], sources[event], values[event]
        first = channel // channels_a_group * outputs
        for place in range(rows * columns):
            p, q = place // columns, place % columns
            i = _window(ys[event] + padding[0] - p * dilation[0], stride[0], charges.shape[1])
            j = _window(xs[event] + padding[1] - q * dilation[1], stride[1], charges.shape[2])
            if i >= 0 and j >= 0:
                _add(charges[sample, i, j, first : first + outputs], value, weights[channel, p, q])


@njit(cache=True)
def _window(offset: int, stride: int, windows: int) -> int:
    """Return the number of the window that begins ``offset`` pixels in, -1 if there is none."""
    if offset < 0 or offset % stride != 0 or offset // stride >= windows:
        return -1
    return offset // stride


@njit(cache=True)
def _add(charges: FloatArray, value: float, weights: FloatArray) -> None:
    for target in range(len(charges)):
        charges[target] += value * weights[target]
