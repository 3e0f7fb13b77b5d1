"""A sample without anything, and the shape of what the first layer of a network receives."""

from __future__ import annotations

import numpy as np
import torch

from spikewright.checks import ModelError
from spikewright.coding import Samples
from spikewright.network._network import Network
from spikewright.spikes import Events


def blank(net: Network, sample: tuple[int, ...]) -> Samples:
    """Return one sample that a network takes: zeros, or a recording without events.

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
            net.encode(samples)
        except ValueError as error:
            reasons.append(str(error))
        else:
            return samples
    raise ModelError(f"blank: {type(net.encoder).__name__} takes no samples of {sample}: {reasons[0]}")


def raster_shape(net: Network, sample: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a network's raster for one sample of a shape and one step; see :func:`blank`."""
    return tuple(net.encode(blank(net, sample)).shape[2:])
