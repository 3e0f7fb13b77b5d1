"""What every engine is: a way to compute the output of each layer from a raster."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from spikewright.checks import Raster
from spikewright.network import Network


class Engine(ABC):
    """Computes what every layer of a network gives, for a raster that is already encoded.

    Engines differ in how they compute and in how fast, never in what: for the same network and raster they give the
    same spikes, in float64 exactly.
    """

    @abstractmethod
    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer by name, the raster as ``"input"``, each (time, batch, neuron...)."""
