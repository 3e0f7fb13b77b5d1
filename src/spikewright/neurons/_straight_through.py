"""The straight-through surrogate: the gradient passes the threshold as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """Derivative 1 everywhere; the primitive is ``u`` itself, so it is not bounded.

    Where ``u`` is a probability minus a uniform number, as in :class:`~spikewright.neurons.EscapeSRM`, the gradient of
    the spike is that of its expectation.

    References
    ----------
    Bengio, Leonard, Courville, Estimating or propagating gradients through stochastic neurons, arXiv:1308.3432, 2013.
    """

    def primitive(self, u: Tensor) -> Tensor:
        """Return ``u``."""
        return u

    def derivative(self, u: Tensor) -> Tensor:
        """Return ones."""
        return torch.ones_like(u)
