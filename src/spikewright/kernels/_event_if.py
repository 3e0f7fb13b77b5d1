"""One step of :class:`spikewright.neurons.IF`, which has the equation, for the event-driven engine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart
from spikewright.kernels._event_fire import fire_reference, fired_and_reset
from spikewright.kernels._event_layout import RESET, THRESHOLD

FloatArray = NDArray[np.floating]
Flags = NDArray[np.uint8]


def event_if_reference(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    subtract: bool,
    v: FloatArray,
    fired: Flags,
) -> bool:
    """Advance the neurons of a layer by one step, in the order of operations of ``IF.step``.

    Parameters
    ----------
    begin, end : int
        First address of the layer, and last one plus one.
    numbers : array, shape (7, address)
        See ``_event_layout``.
    charges : array, shape (address,)
        What arrives.
    subtract : bool
        As for :func:`fire_reference`.
    v : array, shape (address,)
        Potentials, advanced in place.
    fired : array of uint8, shape (address,)
        Written: 1 where a neuron fires, 0 where it does not.

    Returns
    -------
    bool
        Whether any neuron fires.
    """
    part = slice(begin, end)
    v[part] = v[part] + charges[part]
    return fire_reference(begin, end, numbers, subtract, v, fired)


@njit(cache=True, nogil=True, pipeline_class=Apart)
def event_if(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    subtract: bool,
    v: FloatArray,
    fired: Flags,
) -> bool:
    """See :func:`event_if_reference`; one vectorised pass."""
    found = False
    for n in range(np.uint64(begin), np.uint64(end)):
        u = v[n] + charges[n]
        fires, v[n] = fired_and_reset(u, numbers[THRESHOLD, n], numbers[RESET, n], subtract)
        fired[n] = fires
        found |= fires
    return found
