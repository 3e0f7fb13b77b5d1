"""Direct code: the sample itself is the current, the same in every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.coding._encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class Direct(Encoder):
    """Analog current: every step receives the sample as it is, and the first layer multiplies.

    The raster is one sample seen ``steps`` times without a copy, so that the first connection is computed once.

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Conversion of continuous-valued deep networks to efficient event-driven
    networks, Frontiers in Neuroscience 11, 2017.
    """

    constant: ClassVar[bool] = True
    spiking: ClassVar[bool] = False

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Repeat ``x``, any finite values, ``steps`` times."""
        return x.unsqueeze(0).expand(self.steps, *x.shape)
