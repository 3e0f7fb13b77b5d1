"""Poisson rate code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright import kernels
from spikewright.checks import Raster, check_positive
from spikewright.coding._encoder import Encoder

_COMPILED = (torch.float32, torch.float64)


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
        probability = (x.detach() * (self.max_rate * dt)).clamp(0, 1)
        if probability.device.type != "cpu" or probability.dtype not in _COMPILED:
            return torch.bernoulli(probability.expand(self.steps, *x.shape), generator=generator)
        # Intervals between spikes instead of a coin for every step: most steps have none.
        raster = torch.zeros(self.steps, probability.numel(), dtype=x.dtype)
        seed = int(torch.randint(2**63 - 1, (), generator=generator))
        kernels.bernoulli_raster(probability.flatten().numpy(), raster.numpy(), seed)
        return raster.view(self.steps, *x.shape)
