"""Batches of recordings."""

from __future__ import annotations

import torch
from torch import Tensor

from spikewright.coding._encoder import Samples, described
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


def frames(where: str, samples: Samples, *, steps: int, dt: float | None, like: Tensor) -> Tensor:
    """Return the counts of each input in all steps and recordings, shape (time * batch, polarity...).

    A step is ``dt`` seconds long, or without it as long as makes the steps the whole of each recording.
    """
    counted = [
        to_raster(events, steps=steps, dt=dt or events.duration / steps, dtype=like.dtype)
        for events in recordings(where, samples)
    ]
    return torch.stack(counted, dim=1).flatten(0, 1).to(like)
