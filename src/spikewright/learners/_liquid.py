"""A liquid: neurons on a grid, joined at random, the nearer the more likely."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import check_count, check_positive

INHIBITORY = 0.2
"""Fraction of the neurons that inhibit."""

CONNECTIVITY = np.array([[0.3, 0.4], [0.2, 0.1]])
"""Probability of a synapse at distance 0 to a target (row) from a source (column), each excitatory, then inhibitory."""

INHIBITION = 2.0
"""Mean charge of an inhibitory synapse, in those of an excitatory one."""


def draw_liquid(
    grid: tuple[int, int, int], *, reach: float, strength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    r"""Draw the recurrent weights of a liquid.

    Neuron :math:`b` receives a synapse from neuron :math:`a` with probability
    :math:`C_{ab}\, e^{-D(a, b)^2 / \lambda^2}`, where :math:`D` is their distance on the grid and :math:`C_{ab}`
    depends on whether they excite or inhibit. All synapses of a neuron have its sign (Dale's law). Charges are drawn
    from the exponential distribution, whose standard deviation is its mean.

    Parameters
    ----------
    grid : tuple of int
        Neurons along each of the three axes, one unit apart.
    reach : float
        :math:`\lambda`, in units of the grid, > 0.
    strength : float
        Mean charge of an excitatory synapse, in units of ``v``, >= 0.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    array of float32, shape (neuron, neuron)
        Charge that a spike of the neuron of a column delivers to the neuron of a row; no neuron acts on itself.

    References
    ----------
    Maass, Natschlaeger, Markram, Neural Computation 14, 2002, section 3 and appendix B.
    """
    check_positive("LiquidState.reach", reach)
    if not 0 <= strength < inf:
        raise ValueError(f"LiquidState.strength: must be >= 0 and finite; got {strength}. For no recurrence use 0.")
    if len(grid) != 3:
        raise ValueError(f"LiquidState.grid: must be the neurons along three axes; got {grid}.")
    counts = [check_count("LiquidState.grid", length) for length in grid]
    places = np.stack(np.unravel_index(np.arange(np.prod(counts)), counts), axis=1)
    neurons = len(places)
    inhibitory = np.zeros(neurons, dtype=np.int64)
    inhibitory[rng.permutation(neurons)[: round(INHIBITORY * neurons)]] = 1
    squared_distance = np.square(places[:, None] - places).sum(2)
    probability = CONNECTIVITY[inhibitory[:, None], inhibitory] * np.exp(-squared_distance / reach**2)
    np.fill_diagonal(probability, 0.0)
    joined = rng.random((neurons, neurons)) < probability
    charge = np.where(inhibitory == 1, -INHIBITION, 1.0) * strength
    weights: NDArray[np.float32] = (joined * charge * rng.exponential(size=joined.shape)).astype(np.float32)
    return weights


def draw_inputs(neurons: int, inputs: int, *, fan_in: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the weights of the inputs of a liquid, up to a common factor.

    Each neuron receives synapses from ``fan_in`` inputs, or from all if there are fewer. Half of the synapses inhibit,
    so that a neuron can answer to some inputs in the absence of others. Charges are drawn as in the liquid.

    Parameters
    ----------
    neurons, inputs : int
        Size of the liquid, and number of its inputs.
    fan_in : int
        Inputs of a neuron, >= 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    array of float32, shape (neuron, input)
    """
    fan_in = min(check_count("LiquidState.fan_in", fan_in), inputs)
    chosen = rng.random((neurons, inputs)).argsort(axis=1)[:, :fan_in]
    charges = rng.exponential(size=chosen.shape) * rng.choice([-1.0, 1.0], size=chosen.shape)
    weights = np.zeros((neurons, inputs), dtype=np.float32)
    np.put_along_axis(weights, chosen, charges.astype(np.float32), axis=1)
    return weights
