"""Units whose output is the firing rate of leaky integrate-and-fire neurons, and the two rules that train them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels import siegert

Rates = NDArray[np.float32]
"""Firing probabilities in a step, shape (batch, unit)."""
Weights = NDArray[np.float32]
"""Charges of a spike in thresholds, shape (in, out)."""


@dataclass(frozen=True)
class SiegertUnits:
    """Neurons at rest at 0, with threshold 1, reset to 0 and a refractory period of one step.

    Inputs and outputs are spikes a step, so 1 is the highest rate there is.

    Parameters
    ----------
    tau_mem : float
        Membrane time constant in seconds.
    dt : float
        Length of a step in seconds.
    """

    tau_mem: float
    dt: float

    def rates(self, inputs: Rates, weight: Weights, squared: Weights, bias: Rates | float = 0.0) -> Rates:
        """Return the rates that Poisson spikes of rate ``inputs`` evoke through weights, given with their squares.

        A bias is a charge that arrives in every step, and so has no variance.
        """
        window = np.float32(self.tau_mem / self.dt)
        mu = window * (inputs @ weight + np.float32(bias))
        sigma = np.sqrt(window / 2 * (inputs @ squared))
        fired: Rates = siegert(mu, sigma, self.tau_mem, self.dt, 1.0, 0.0) * np.float32(self.dt)
        return fired


def divergence(units: SiegertUnits, visible: Rates, weight: Weights) -> tuple[Weights, Rates]:
    """Return how one step of contrastive divergence changes weights, at a learning rate of 1, and the reconstruction.

    The hidden units see the data, the visible units are reconstructed through the same weights, and the hidden units
    see the reconstruction: the change is the difference of the two correlations, a mean over the batch.
    """
    squared = weight * weight
    hidden = units.rates(visible, weight, squared)
    reconstruction = units.rates(hidden, weight.T, squared.T)
    again = units.rates(reconstruction, weight, squared)
    change = visible.T @ hidden - reconstruction.T @ again
    return np.divide(change, np.float32(len(visible))), reconstruction


def delta(
    units: SiegertUnits, inputs: Rates, target: Rates, weight: Weights, *, mean: Rates, offset: Rates
) -> tuple[Weights, Rates]:
    """Return how the delta rule changes weights and offsets, at learning rates of 1.

    Units receive ``offset + (inputs - mean) @ weight``, for ``mean`` of shape (in,). The change of a weight is the
    correlation of its unit's lack of rate and its input's deviation from the mean: without the mean, which all samples
    share, one direction of the weights would be learned much faster than all others.
    """
    missing = target - units.rates(inputs, weight, weight * weight, offset - mean @ weight)
    count = np.float32(len(inputs))
    return np.divide((inputs - mean).T @ missing, count), missing.sum(0) / count
