"""Rate code without chance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.coding._encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class Regular(Encoder):
    r"""Rate code without chance: an input fires at even intervals, its value times the steps in all.

    .. math:: s_t = \lfloor x\,t + \tfrac12 \rfloor - \lfloor x\,(t - 1) + \tfrac12 \rfloor, \qquad t = 1, \dots, T

    These are the spikes of an integrate-and-fire neuron with threshold 1 that starts at one half and receives the value
    in every step; so their number is :math:`x T`, rounded to the nearest. The same sample always gives the same spikes.

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of continuous-valued deep networks to efficient event-driven
    networks, Frontiers in Neuroscience 11, 2017.
    """

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Encode ``x`` in [0, 1]; values outside are clipped."""
        # In float64, because narrow types lose whole spikes in the product.
        time = torch.arange(self.steps + 1, dtype=torch.float64, device=x.device)
        due = (x.double().clamp(0, 1) * time.reshape(-1, *(1 for _ in x.shape)) + 0.5).floor()
        return due.diff(dim=0).to(x.dtype)
