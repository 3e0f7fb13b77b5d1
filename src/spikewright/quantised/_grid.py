"""The numbers that an arithmetic has for the weights, thresholds and biases of a layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Grid(NamedTuple):
    """What a layer's numbers can be, in steps: a step is what a whole weight of 1 is worth.

    Parameters
    ----------
    largest : int
        Largest whole weight, either sign.
    gain, bias_gain : array, shape (neuron,)
        Factors of all weights, and of the bias, before they are rounded.
    most_threshold, most_bias : float
        Largest threshold, and largest bias of either sign, in steps.
    places : int
        Whole thresholds and biases in a step.
    """

    largest: int
    gain: NDArray[np.float64]
    bias_gain: NDArray[np.float64]
    most_threshold: float
    most_bias: float
    places: int = 1

    def least(self, threshold: NDArray[np.float64], bias: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what a step must be worth at least, so that thresholds and biases fit, shape (neuron,)."""
        return np.maximum(threshold / self.most_threshold, np.abs(bias) * self.bias_gain / self.most_bias)
