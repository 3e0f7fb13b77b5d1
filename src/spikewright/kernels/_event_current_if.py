"""One step of :class:`spikewright.neurons.CurrentIF`, which has the equation, for the event-driven engine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._event_layout import KEPT, OTHER, THRESHOLD

FloatArray = NDArray[np.floating]


def event_current_if_reference(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    v: FloatArray,
    i_syn: FloatArray,
) -> bool:
    """Advance the neurons of a layer by one step up to the threshold, in the order of operations of ``CurrentIF.step``.

    Parameters
    ----------
    begin, end : int
        First address of the layer, and last one plus one.
    numbers : array, shape (7, address)
        See ``_event_layout``; ``OTHER`` is the part of ``i_syn`` that moves the potential.
    charges : array, shape (address,)
        What arrives.
    v, i_syn : array, shape (address,)
        Potentials, and charges still to come, advanced in place.

    Returns
    -------
    bool
        Whether any neuron has reached its threshold.
    """
    part = slice(begin, end)
    v[part] = v[part] + numbers[OTHER, part] * i_syn[part]
    i_syn[part] = numbers[KEPT, part] * i_syn[part] + charges[part]
    return bool((v[part] - numbers[THRESHOLD, part] >= 0).any())


@njit(cache=True, nogil=True)
def event_current_if(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    v: FloatArray,
    i_syn: FloatArray,
) -> bool:
    """See :func:`event_current_if_reference`; one vectorised pass."""
    found = False
    for n in range(np.uint64(begin), np.uint64(end)):
        u = v[n] + numbers[OTHER, n] * i_syn[n]
        i_syn[n] = numbers[KEPT, n] * i_syn[n] + charges[n]
        v[n] = u
        found |= u - numbers[THRESHOLD, n] >= 0
    return found
