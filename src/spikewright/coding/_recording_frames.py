"""Recordings of events, each cut into as many frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.coding._encoder import Encoder, Samples
from spikewright.coding._recordings import frames


@dataclass(frozen=True, kw_only=True)
class RecordingFrames(Encoder):
    """Recordings of events, each cut into ``steps`` frames of equal length, however long it is and whatever ``dt`` is.

    This is how most libraries feed recordings to a network whose equations know steps and no seconds. An event at the
    very end of its recording is left out. The transforms of ``before`` act on the frame of counts of each step, and
    what they give is taken for analog.

    Parameters
    ----------
    clip : bool
        Whether several events of one input in one step are one spike, so that the raster lies in [0, 1]; if not, it
        holds counts.
    """

    clip: bool = True

    @property
    def spiking(self) -> bool:
        """Whether the raster holds spikes, or counts of them: not if it was transformed."""
        return not self.before

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:  # noqa: ARG002 - the recording says it
        """Return the frames of all steps and recordings, shape (time * batch, polarity...)."""
        return frames("RecordingFrames", samples, steps=self.steps, dt=None, like=like)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Put the frames ``x``, shape (time * batch, ...), in order of time."""
        raster = x.reshape(self.steps, -1, *x.shape[1:])
        return raster.clamp(0, 1) if self.clip else raster
