"""Raise dim samples to a least brightness."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from spikewright.checks import check_finite, check_in_range
from spikewright.coding._encoder import Transform


@dataclass(frozen=True)
class Brighten(Transform):
    """Multiply the values of a sample that add up to less than ``least`` by one factor, so that they add up to it.

    Values may rise above 1. Brighter samples stay as they are, and so does one whose values add up to 0 or less.

    Parameters
    ----------
    least : float
        Sum of the values of a sample, >= 0.
    """

    least: float

    def __post_init__(self) -> None:
        check_finite("Brighten.least", self.least)
        check_in_range("Brighten.least", self.least, 0, math.inf)

    def __call__(self, x: Tensor) -> Tensor:
        """Brighten ``x``, shape (batch, ...)."""
        total = x.flatten(1).sum(1).view(-1, *[1] * (x.ndim - 1))
        # Divided first: the factor itself could overflow.
        return x.where((total <= 0) | (total >= self.least), x / total * self.least)
