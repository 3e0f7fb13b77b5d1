"""Bring samples into [0, 1], where the codes expect them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import check_finite, check_in_range
from spikewright.coding._encoder import Transform


@dataclass(frozen=True)
class Rescale(Transform):
    """Map ``low`` to 0 and ``high`` to 1, linearly, and clip.

    Parameters
    ----------
    low, high : float or Tensor, shape of a sample
        Range of the training samples, ``low <= high``; a tensor holds one value a feature. Where both are equal nothing
        is known of the range, and the result is 0.
    """

    low: float | Tensor
    high: float | Tensor

    def __post_init__(self) -> None:
        check_finite("Rescale.low", self.low)
        check_finite("Rescale.high", self.high)
        check_in_range("Rescale.high - Rescale.low", self.high - self.low, 0, math.inf)

    def __call__(self, x: Tensor) -> Tensor:
        """Rescale ``x``, shape (batch, ...)."""
        low = torch.as_tensor(self.low).to(x)
        width = torch.as_tensor(self.high).to(x) - low
        return ((x - low) / width.masked_fill(width == 0, math.inf)).clamp(0, 1)
