"""Bring the features of samples to one mean and one spread."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import check_finite, check_in_range
from spikewright.coding._encoder import Transform


@dataclass(frozen=True)
class Standardise(Transform):
    """Subtract the mean of the training samples and divide by their standard deviation.

    Parameters
    ----------
    mean, std : float or Tensor, shape of a sample
        Of the training samples, ``std >= 0``; a tensor holds one value a feature. Where ``std`` is 0 the feature was
        constant, and is only centred.
    """

    mean: float | Tensor
    std: float | Tensor

    def __post_init__(self) -> None:
        check_finite("Standardise.mean", self.mean)
        check_finite("Standardise.std", self.std)
        check_in_range("Standardise.std", self.std, 0, math.inf)

    def __call__(self, x: Tensor) -> Tensor:
        """Standardise ``x``, shape (batch, ...)."""
        std = torch.as_tensor(self.std).to(x)
        return (x - torch.as_tensor(self.mean).to(x)) / std.masked_fill(std == 0, 1)
