"""Batches of recordings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.coding._encoder import Encoder, Samples, described
from spikewright.spikes import Events, to_raster


def recordings(where: str, samples: Samples) -> list[Events]:
    """Return the recordings of a batch; raise ValueError unless there are some, of one sensor."""
    events = [sample for sample in samples if isinstance(sample, Events)]
    if not events or len(events) != len(samples):
        raise ValueError(
            f"{where}: takes recordings of events, one Events a sample; got {described(samples)}. "
            "For arrays use another code, such as Direct or Poisson."
        )
    shapes = {event.shape for event in events}
    if len(shapes) > 1:
        raise ValueError(f"{where}: all recordings of a batch must have one shape; got {sorted(shapes)}.")
    return events


@dataclass(frozen=True, kw_only=True)
class Frames(Encoder):
    """Recordings of events as counts of each input in each step; a subclass says how long a step is."""

    clip: bool = True

    @property
    def spiking(self) -> bool:
        """Whether the raster holds spikes, or counts of them: not if it was transformed."""
        return not self.before

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Put the frames ``x``, shape (time * batch, ...), in order of time."""
        raster = x.reshape(self.steps, -1, *x.shape[1:])
        return raster.clamp(0, 1) if self.clip else raster

    def counted(self, samples: Samples, *, dt: float | None, like: Tensor) -> Tensor:
        """Return the counts of each input in all steps and recordings, shape (time * batch, polarity...).

        A step is ``dt`` seconds long, or without it as long as makes the steps the whole of each recording.
        """
        counts = [
            to_raster(events, steps=self.steps, dt=dt or events.duration / self.steps, dtype=like.dtype)
            for events in recordings(type(self).__name__, samples)
        ]
        return torch.stack(counts, dim=1).flatten(0, 1).to(like)
