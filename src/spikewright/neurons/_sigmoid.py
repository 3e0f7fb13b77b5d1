"""The logistic surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    r"""Primitive :math:`\sigma(s u)`, the logistic function.

    References
    ----------
    Neftci, Mostafa, Zenke, Surrogate gradient learning in spiking neural networks, IEEE SPM 36, 2019.
    """

    slope: float = 4.0

    def __post_init__(self) -> None:
        check_positive("Sigmoid.slope", self.slope)

    def primitive(self, u: Tensor) -> Tensor:
        """Return the logistic function of ``slope * u``."""
        return torch.sigmoid(self.slope * u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``slope * p * (1 - p)`` with ``p`` the primitive."""
        p = self.primitive(u)
        return self.slope * p * (1 - p)
