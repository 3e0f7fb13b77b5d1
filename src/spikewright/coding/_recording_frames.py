"""Recordings of events, each cut into as many frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.coding._encoder import Samples
from spikewright.coding._recordings import Frames


@dataclass(frozen=True, kw_only=True)
class RecordingFrames(Frames):
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

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:  # noqa: ARG002 - the recording says it
        """Return the frames of all steps and recordings, shape (time * batch, polarity...)."""
        return self.counted(samples, dt=None, like=like)
