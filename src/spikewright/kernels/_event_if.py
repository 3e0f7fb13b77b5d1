"""One step of :class:`spikewright.neurons.IF`, which has the equation, for the event-driven engine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._event_layout import THRESHOLD

FloatArray = NDArray[np.floating]


def event_if_reference(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    v: FloatArray,
) -> bool:
    """Advance the neurons of a layer by one step up to the threshold, in the order of operations of ``IF.step``.

    Parameters
    ----------
    begin, end : int
        First address of the layer, and last one plus one.
    numbers : array, shape (7, address)
        See ``_event_layout``.
    charges : array, shape (address,)
        What arrives.
    v : array, shape (address,)
        Potentials, advanced in place.

    Returns
    -------
    bool
        Whether any neuron has reached its threshold.
    """
    part = slice(begin, end)
    v[part] = v[part] + charges[part]
    return bool((v[part] - numbers[THRESHOLD, part] >= 0).any())


@njit(cache=True, nogil=True)
def event_if(
    begin: int,
    end: int,
    numbers: FloatArray,
    charges: FloatArray,
    v: FloatArray,
) -> bool:
    """See :func:`event_if_reference`; one vectorised pass."""
    found = False
    for n in range(np.uint64(begin), np.uint64(end)):
        u = v[n] + charges[n]
        v[n] = u
        found |= u - numbers[THRESHOLD, n] >= 0
    return found
