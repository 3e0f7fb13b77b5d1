"""Recordings of events as they are."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.coding._encoder import Samples
from spikewright.coding._recordings import Frames


@dataclass(frozen=True, kw_only=True)
class EventFrames(Frames):
    """Recordings of events as they are, counted in ``steps`` steps of ``dt`` seconds.

    Events after the last step are left out. The transforms of ``before`` act on the frame of counts of each step, and
    what they give is taken for analog.

    Parameters
    ----------
    clip : bool
        Whether several events of one input in one step are one spike, so that the raster lies in [0, 1]; if not, it
        holds counts.
    """

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:
        """Return the frames of all steps and recordings, shape (time * batch, polarity...)."""
        return self.counted(samples, dt=dt, like=like)
