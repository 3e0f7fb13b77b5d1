"""The neuron of all benches in plain NumPy, and weights whose sums are exact in every order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

DECAY = 0.95
GRID = 3 / 1024
BYTES = 6 * 4
"""For a neuron and step, float32: forward, the charge read, potential and spike written; backward, potential and
gradient of the spike read, gradient of the charge written."""

OPERATIONS = 4 + 10
"""For a neuron and step: decay, add, compare, subtract; backward, the arctangent's derivative and two recursions."""

WEIGHT_BYTES = 10 * 4
"""For a weight, float32: read forward and backward, its gradient written; Adam reads four values and writes three."""


def lif(x: Float32, feedback: Callable[[NDArray[np.bool_]], Float32] | None = None) -> NDArray[np.bool_]:
    """Decay, add, fire at 1 or above, subtract 1; in float32, because rounding decides ties.

    Parameters
    ----------
    x : array, shape (time, batch, neuron...)
    feedback : callable, optional
        Takes the spikes of the step before and returns what they add to the charges.
    """
    v = np.zeros_like(x[0])
    spikes = np.empty(x.shape, dtype=bool)
    for t, charge in enumerate(x):
        back = feedback(spikes[t - 1]) if feedback and t else np.float32(0)
        v = np.float32(DECAY) * v + (charge + back)
        spikes[t] = v >= 1
        v -= spikes[t]
    return spikes


def weights(rng: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Float32:
    """Draw normal weights and round them to multiples of 3 / 1024 that have at most 8 bits.

    Products of such weights with spikes are exact in float32 and in bfloat16 and so are their sums, whatever the order,
    and no sum is 1: so all libraries must give the same spikes, and neither ``>`` nor ``>=`` makes a difference.
    """
    grid = GRID
    while 85 * grid < 3 * deviation:
        grid *= 2
    steps = np.clip(np.round(rng.standard_normal(shape) * deviation / grid), -85, 85)
    return (steps * grid).astype(np.float32)


def spikes(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> Float32:
    """Draw independent spikes, 1 with probability ``density``."""
    return (rng.random(shape, dtype=np.float32) < density).astype(np.float32)


def on_paper(samples: int, layers: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """Return the operations and bytes of one step of training.

    Parameters
    ----------
    samples : int
        Steps times batch.
    layers : sequence of tuple of int
        Of each layer: weights, places where each is used, neurons. Three products each, forward, for the weights and
        for the input, but none for the input of the first.
    """
    products = sum(3 * weights * places for weights, places, _ in layers) - layers[0][0] * layers[0][1]
    neurons = sum(count for _, _, count in layers)
    return {
        "operations": float(samples * (2 * products + OPERATIONS * neurons)),
        "bytes_moved": float(samples * BYTES * neurons + WEIGHT_BYTES * sum(weights for weights, _, _ in layers)),
    }
