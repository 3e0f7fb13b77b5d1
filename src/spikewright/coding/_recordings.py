"""Batches of recordings."""

from __future__ import annotations

from spikewright.coding._encoder import Samples, described
from spikewright.spikes import Events


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
