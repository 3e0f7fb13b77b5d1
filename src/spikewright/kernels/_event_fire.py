"""Fire and reset the neurons that have reached their threshold, and list them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart
from spikewright.kernels._event_layout import LANES, RESET, THRESHOLD
from spikewright.kernels._present import list_word, present

FloatArray = NDArray[np.floating]
Addresses = NDArray[np.int32]
Flags = NDArray[np.uint8]


def fire_reference(
    begin: int,
    end: int,
    numbers: FloatArray,
    subtract: bool,
    v: FloatArray,
    fired: Flags,
) -> bool:
    """Fire where ``v`` has reached the threshold, and reset.

    The kernels of neurons do it in the pass that advances them.

    Parameters
    ----------
    begin, end : int
        First address of the layer, and last one plus one.
    numbers : array, shape (7, address)
        See ``_event_layout``.
    subtract : bool
        Whether a spike subtracts the threshold; else it sets another value. That of a neuron that fires once at most is
        minus infinity, from where nothing brings it back.
    v : array, shape (address,)
        Potentials, reset in place.
    fired : array of uint8, shape (address,)
        Written: 1 where a neuron fires, 0 where it does not.

    Returns
    -------
    bool
        Whether any neuron fires.
    """
    for n in range(begin, end):
        excess = v[n] - numbers[THRESHOLD, n]
        fired[n] = excess >= 0
        if fired[n]:
            v[n] = excess if subtract else v[n] + (numbers[RESET, n] - v[n])
    return bool(fired[begin:end].any())


# Any: one number of a type that numba finds out. Inlined as numbers, for a call with arrays would hold up a whole loop.
@njit(error_model="numpy", forceinline=True)
def fired_and_reset(u: Any, threshold: Any, reset: Any, subtract: bool) -> tuple[bool, Any]:
    """Return whether a potential fires, and what it is then: one neuron of :func:`fire_reference`."""
    excess = u - threshold
    fires = excess >= 0
    after = excess if subtract else u + (reset - u)
    return fires, after if fires else u


def list_fired_reference(begin: int, end: int, fired: Flags, place: int, events: Addresses) -> int:
    """List who fired.

    Parameters
    ----------
    begin, end : int
        First address, and last one plus one; multiples of ``LANES``.
    fired : array of uint8, shape (address,)
        1 where a neuron fires, else 0.
    place : int
        Where the list begins.
    events : array of int32
        Written from ``place`` on: the addresses of those that fire, in rising order. There must be room for eight
        more, which may be overwritten.

    Returns
    -------
    int
        The end of the list.
    """
    for n in range(begin, end):
        if fired[n]:
            events[place] = n
            place += 1
    return place


@njit(cache=True, nogil=True, pipeline_class=Apart)
def list_fired(begin: int, end: int, fired: Flags, place: int, events: Addresses) -> int:
    """See :func:`list_fired_reference`; the flags of 64 neurons become the bits of one number."""
    last = np.uint64(place)
    for n in range(begin, end, LANES):
        last = list_word(present(fired, n), n, last, events)
    # Numba would make a floating-point number of an unsigned and a signed one.
    return np.int64(last)  # type: ignore[return-value]
