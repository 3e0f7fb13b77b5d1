"""Rank order code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_finite
from spikewright.coding._encoder import Encoder
from spikewright.coding._one_spike import spike_at


@dataclass(frozen=True, kw_only=True)
class RankOrder(Encoder):
    r"""Rank order code: each input fires once, in the order of the values of its sample, whatever the values are.

    An input with :math:`r` larger ones among the :math:`n` that fire does so in step :math:`\lfloor r \, steps / n
    \rfloor`, so the spikes of distinct values spread evenly over the steps, and equal values share a step.

    Parameters
    ----------
    minimum : float
        Inputs up to this value never fire.

    References
    ----------
    Thorpe, Gautrais, Rank order coding, Computational Neuroscience: Trends in Research, 1998.
    """

    minimum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite("RankOrder.minimum", self.minimum)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Let ``x``, any finite values, fire in order."""
        flat = x.flatten(1).contiguous()
        fires = flat > self.minimum
        larger = flat.shape[1] - torch.searchsorted(flat.sort(1).values, flat, right=True)
        step = larger * self.steps // fires.sum(1, keepdim=True).clamp(min=1)
        return spike_at(step, fires, steps=self.steps, dtype=x.dtype).reshape(self.steps, *x.shape)
