"""Delivery of spikes through whole-number weights into accumulators that saturate."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_IntArray = NDArray[np.int64]


def deliver_integers_reference(
    sent: _IntArray,
    starts: _IntArray,
    targets: _IntArray,
    weights: _IntArray,
    low: int,
    high: int,
    sums: _IntArray,
) -> None:
    """Add to each accumulator the weights of what was sent to it, one source after another, as a chip does.

    After each source the sum is clipped to its limits, so the order of the sources matters where it saturates. Several
    spikes of one source go in the same direction and are clipped once.

    Parameters
    ----------
    sent : array of int64, shape (batch, source)
        Number of spikes of each source, or whole values.
    starts : array of int64, shape (source + 1,)
        First synapse of each source.
    targets, weights : array of int64, shape (synapse,)
        Accumulator that each synapse reaches, and its weight.
    low, high : int
        Limits of the accumulators.
    sums : array of int64, shape (batch, target)
        Accumulators, changed in place.
    """
    for sample in range(sent.shape[0]):
        for source in range(sent.shape[1]):
            count = sent[sample, source]
            if count == 0:
                continue
            for synapse in range(starts[source], starts[source + 1]):
                total = sums[sample, targets[synapse]] + count * weights[synapse]
                sums[sample, targets[synapse]] = min(max(total, low), high)


deliver_integers = njit(cache=True, nogil=True)(deliver_integers_reference)
