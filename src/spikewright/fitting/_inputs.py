"""How samples enter a network: the choices that learners share."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from spikewright.coding import Direct, Encoder, EventImage, Rescale, Samples, Transform
from spikewright.data import DataShape
from spikewright.spikes import Events


def analog_encoder(x: Samples, steps: int) -> Encoder:
    """Return the encoder that gives a network the training samples ``x`` as analog currents, the same in every step."""
    if isinstance(x[0], Events):
        return EventImage(steps=steps, scale=EVENTS_OF_A_BRIGHT_PIXEL)
    return Direct(steps=steps, before=rescaling(x))


def rescaling(x: Samples) -> tuple[Transform, ...]:
    """Return what brings the training samples ``x`` into [0, 1]: nothing, if they are there already."""
    values = np.asarray(x, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    return () if low >= 0 and high <= 1 else (Rescale(low=low, high=high),)


EVENTS_OF_A_BRIGHT_PIXEL = 5.0
"""Events of one input that count as full brightness; the sensor's bright edges give about this many in 300 ms."""


class Schedule(TypedDict):
    """Parameters that learners by gradient descent share."""

    epochs: int
    batch_size: int
    learning_rate: float
    dropout: float
    shift: int


def is_small(shape: DataShape) -> bool:
    """Return whether there are so few samples that a small network and many passes suit them."""
    return shape.count < 10_000


def schedule(shape: DataShape) -> Schedule:
    """Return how long and how to train by gradient descent on data of a shape."""
    if is_small(shape):
        return Schedule(epochs=30, batch_size=25, learning_rate=2e-3, dropout=0.2, shift=0)
    moved = shape.kind == "image" and min(shape.sample[-2:]) >= 20
    return Schedule(epochs=25, batch_size=100, learning_rate=2e-3, dropout=0.2, shift=1 if moved else 0)
