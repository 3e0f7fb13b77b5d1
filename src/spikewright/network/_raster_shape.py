"""The shape of what the first layer of a network receives."""

from __future__ import annotations

import numpy as np
import torch

from spikewright.checks import ModelError
from spikewright.coding import Samples
from spikewright.network._network import Network
from spikewright.spikes import Events


def raster_shape(net: Network, sample: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a network's raster for one sample and step.

    Parameters
    ----------
    net : Network
        Its encoder is asked.
    sample : tuple of int
        Shape of a sample: of numbers, or of a sensor of events.

    Raises
    ------
    ModelError
        If the encoder takes no such samples.
    """
    nothing: tuple[Samples, ...] = (
        torch.zeros(1, *sample),
        [Events(np.zeros(0), np.zeros(0, np.int64), sample, duration=net.dt)],
    )
    reasons = []
    for samples in nothing:
        try:
            return tuple(net.encode(samples).shape[2:])
        except ValueError as error:
            reasons.append(str(error))
    raise ModelError(f"raster_shape: {type(net.encoder).__name__} takes no samples of {sample}: {reasons[0]}")
