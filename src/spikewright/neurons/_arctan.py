"""The arctangent surrogate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class ArcTan(Surrogate):
    r"""Primitive :math:`\frac{1}{\pi}\arctan(\frac{\pi}{2} s u) + \frac12`.

    References
    ----------
    Fang et al., Incorporating learnable membrane time constant, ICCV 2021.
    """

    slope: float = 2.0

    def __post_init__(self) -> None:
        check_positive("ArcTan.slope", self.slope)

    def primitive(self, u: Tensor) -> Tensor:
        """Return the scaled arctangent, from 0 to 1."""
        return torch.atan(math.pi / 2 * self.slope * u) / math.pi + 0.5

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``slope / 2 / (1 + (pi / 2 * slope * u)**2)``."""
        return self.slope / 2 / (1 + (math.pi / 2 * self.slope * u).square())
