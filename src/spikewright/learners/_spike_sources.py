"""Training samples as lists of spikes, one sample at a time, for compiled loops that touch only what fired."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from spikewright.coding import Brighten, Encoder, EventFrames, Poisson, Samples
from spikewright.fitting import rescaling
from spikewright.kernels import bernoulli_events
from spikewright.spikes import Events

IntArray = NDArray[np.int64]


class SpikeSource(ABC):
    """Samples whose spikes are drawn or read one sample at a time.

    Attributes
    ----------
    encoder : Encoder
        Gives a network the same code.
    shape : tuple of int
        Shape of a sample.
    rate : float
        Spikes a second of an average sample, all inputs together, before any sample is brightened.
    """

    encoder: Encoder
    shape: tuple[int, ...]
    rate: float

    @abstractmethod
    def spikes(self, sample: int, seed: int) -> tuple[IntArray, IntArray]:
        """Return offsets, shape (time + 1,), and addresses, shape (spike,), of the spikes in order of steps."""


class PoissonSource(SpikeSource):
    """Samples of numbers as Poisson spikes.

    Parameters
    ----------
    x : array, shape (sample, ...)
        Brought into [0, 1] by the range of all of them.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds.
    max_rate : float
        Rate in Hz of an input of value 1.
    brighten : float
        Least brightness of a sample, relative to that of an average one.
    """

    def __init__(self, x: Samples, *, steps: int, dt: float, max_rate: float, brighten: float) -> None:
        values = torch.as_tensor(x, dtype=torch.float32)
        before = rescaling(x)
        for transform in before:
            values = transform(values)
        brightness = float(values.sum(dtype=torch.float64)) / len(values)
        self.rate = float((values * (max_rate * dt)).clamp(0, 1).sum(dtype=torch.float64)) / (len(values) * dt)
        if brighten:
            brightening = Brighten(least=brighten * brightness)
            before, values = (*before, brightening), brightening(values)
        self.encoder = Poisson(steps=steps, max_rate=max_rate, before=before)
        self.shape = tuple(values.shape[1:])
        self._probability = (values.flatten(1) * (max_rate * dt)).clamp(0, 1).numpy()

    def spikes(self, sample: int, seed: int) -> tuple[IntArray, IntArray]:
        """Draw the spikes of a sample; each seed gives others."""
        return bernoulli_events(self._probability[sample], self.encoder.steps, seed)


class EventSource(SpikeSource):
    """Recordings of events as they are; several events of one input in a step are one spike.

    Parameters
    ----------
    recordings : sequence of Events
        Events after the last step are left out.
    steps : int
        Time steps of a run.
    dt : float
        Length of a step in seconds.
    """

    def __init__(self, recordings: Sequence[Events], *, steps: int, dt: float) -> None:
        self.encoder = EventFrames(steps=steps)
        self.shape = tuple(recordings[0].shape)
        self._recordings = recordings
        self._dt = dt
        spikes = sum(len(self._coded(recording)) for recording in recordings)
        self.rate = spikes / (len(recordings) * steps * dt)

    def spikes(self, sample: int, seed: int) -> tuple[IntArray, IntArray]:  # noqa: ARG002 - nothing is drawn
        """Return the spikes of a recording."""
        coded = self._coded(self._recordings[sample])
        size = prod(self.shape)
        offsets = np.searchsorted(coded, np.arange(self.encoder.steps + 1) * size).astype(np.int64)
        return offsets, coded % size

    def _coded(self, recording: Events) -> IntArray:
        """Return ``step * size + address`` of each spike, rising."""
        # The small shift keeps an event that was written as k * dt in step k in spite of rounding.
        step = np.floor(recording.times / self._dt + 1e-9).astype(np.int64)
        inside = step < self.encoder.steps
        return np.unique(step[inside] * prod(self.shape) + recording.addresses[inside])


def spike_source(x: Samples, *, steps: int, dt: float, max_rate: float, brighten: float) -> SpikeSource:
    """Return the source for samples of either kind; ``max_rate`` and ``brighten`` are for samples of numbers."""
    if isinstance(x[0], Events):
        return EventSource(cast("Sequence[Events]", x), steps=steps, dt=dt)
    return PoissonSource(x, steps=steps, dt=dt, max_rate=max_rate, brighten=brighten)
