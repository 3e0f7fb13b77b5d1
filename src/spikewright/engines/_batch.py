"""The batch engine: torch, whole sequences; what training uses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.engines._engine import Engine
from spikewright.network import Network


@dataclass(frozen=True)
class Batch(Engine):
    """Runs each layer over all time steps before the next: one matrix product, then one scan over time."""

    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer, on the network's device and in its dtype."""
        with torch.no_grad():
            return net.propagate(raster)
