"""Recordings of events as still images."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from spikewright.checks import Raster, check_positive
from spikewright.coding._encoder import Encoder, Samples
from spikewright.coding._recordings import recordings


@dataclass(frozen=True, kw_only=True)
class EventImage(Encoder):
    """The events of each input counted over the whole recording: an analog image, the same in every step.

    It is what an artificial network sees of a recording; the times are lost. The transforms of ``before`` act on the
    image.

    Parameters
    ----------
    scale : float
        Count that becomes 1, > 0; what is above is clipped.
    """

    constant: ClassVar[bool] = True
    spiking: ClassVar[bool] = False

    scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("EventImage.scale", self.scale, "events")

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:  # noqa: ARG002
        """Return the images in [0, 1], shape (batch, polarity...)."""
        counts = [
            np.bincount(events.addresses, minlength=prod(events.shape)).reshape(events.shape)
            for events in recordings("EventImage", samples)
        ]
        return (torch.from_numpy(np.stack(counts)).to(like) / self.scale).clamp(max=1)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Repeat the images ``x`` for ``steps`` steps, without a copy."""
        return x.unsqueeze(0).expand(self.steps, *x.shape)
