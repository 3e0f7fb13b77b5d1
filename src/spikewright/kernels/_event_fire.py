"""List the neurons that have reached their threshold, and reset them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikewright.kernels._event_layout import RESET, THRESHOLD

FloatArray = NDArray[np.floating]
Addresses = NDArray[np.int32]
Flags = NDArray[np.uint8]


def fire_reference(
    begin: int,
    end: int,
    numbers: FloatArray,
    v: FloatArray,
    subtract: bool,
    once: bool,
    fired: Flags,
    events: Addresses,
) -> int:
    """Fire where ``v`` has reached the threshold, and reset.

    Parameters
    ----------
    begin, end : int
        First address of the layer, and last one plus one; multiples of 8.
    numbers : array, shape (7, address)
        See ``_event_layout``.
    v : array, shape (address,)
        Potentials, reset in place. A neuron that may fire once only is left at minus infinity, from where nothing
        brings it back.
    subtract, once : bool
        Whether a spike subtracts the threshold (else it sets another value), and whether a neuron fires at most once.
    fired : array of uint8, shape (address,)
        Written: 1 where a neuron fires.
    events : array of int32, shape (address,)
        Written from ``begin`` on: the addresses of the neurons that fire, in rising order.

    Returns
    -------
    int
        Number of neurons that fire.
    """
    count = 0
    for n in range(begin, end):
        excess = v[n] - numbers[THRESHOLD, n]
        fired[n] = excess >= 0
        if not fired[n]:
            continue
        events[begin + count] = n
        count += 1
        after = excess if subtract else v[n] + (numbers[RESET, n] - v[n])
        v[n] = -np.inf if once else after
    return count


@njit(cache=True, nogil=True)
def fire(
    begin: int,
    end: int,
    numbers: FloatArray,
    v: FloatArray,
    subtract: bool,
    once: bool,
    fired: Flags,
    events: Addresses,
) -> int:
    """See :func:`fire_reference`; eight silent neurons are one comparison."""
    for n in range(np.uint64(begin), np.uint64(end)):
        fired[n] = 1 if v[n] - numbers[THRESHOLD, n] >= 0 else 0
    words = fired.view(np.uint64)
    last = begin
    for word in range(begin // 8, end // 8):
        if words[word] != 0:
            for n in range(8 * word, 8 * word + 8):
                events[last] = n
                last += fired[n]
    for e in range(begin, last):
        n = events[e]
        after = v[n] - numbers[THRESHOLD, n] if subtract else v[n] + (numbers[RESET, n] - v[n])
        v[n] = -np.inf if once else after
    return last - begin
