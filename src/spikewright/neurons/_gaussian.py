"""The Gaussian surrogate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class Gaussian(Surrogate):
    r"""Derivative :math:`\mathcal N(u; 0, \sigma)`, with :math:`\sigma` the ``width``.

    The primitive is the distribution function.

    References
    ----------
    Yin, Corradi, Bohte, Accurate and efficient time-domain classification with adaptive spiking recurrent neural
    networks, Nature Machine Intelligence 3, 2021.
    """

    width: float = 0.4

    def __post_init__(self) -> None:
        check_positive("Gaussian.width", self.width)

    def primitive(self, u: Tensor) -> Tensor:
        """Return the normal distribution function."""
        p: Tensor = torch.special.ndtr(u / self.width)
        return p

    def derivative(self, u: Tensor) -> Tensor:
        """Return the normal density."""
        return torch.exp(-0.5 * (u / self.width).square()) / (self.width * math.sqrt(2 * math.pi))
