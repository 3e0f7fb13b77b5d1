"""Poisson rate code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_positive
from spikewright.coding._encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class Poisson(Encoder):
    r"""Poisson rate code: in each step an input fires with probability :math:`\min(1, x\,r_{max}\,dt)`.

    Parameters
    ----------
    max_rate : float
        Rate in Hz of an input of value 1, > 0.

    References
    ----------
    Heeger, Poisson model of spike generation, 2000.
    """

    max_rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("Poisson.max_rate", self.max_rate, "Hz")

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:
        """Draw spikes for ``x`` in [0, 1]; negative values never fire."""
        probability = (x * (self.max_rate * dt)).clamp(0, 1)
        return torch.bernoulli(probability.expand(self.steps, *x.shape), generator=generator)
