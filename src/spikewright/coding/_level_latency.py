"""Latency code with a few times only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count, check_positive
from spikewright.coding._encoder import Encoder, Samples
from spikewright.coding._event_image import EventImage
from spikewright.coding._one_spike import linear_step, spike_at
from spikewright.coding._recordings import recordings


@dataclass(frozen=True, kw_only=True)
class LevelLatency(Encoder):
    """Latency code of a few brightness levels: every input fires once, the brighter the earlier, the darkest too.

    A value is rounded to the nearest of ``levels`` equal levels of [0, 1]. The brightest fires in step 0, the darkest
    ``latest`` seconds later, those between at equal distances, each in the nearest step; the run goes on after that.
    With two levels inputs are binarised: above 0.5 they fire at the start, else at ``latest``.

    Parameters
    ----------
    levels : int
        Number of levels, >= 2.
    latest : float
        When the darkest inputs fire, in seconds, > 0.
    scale : float or None
        For recordings of events: the count of an input's events that becomes 1. ``None`` for arrays.

    References
    ----------
    Mostafa, Supervised learning based on temporal coding in spiking neural networks, IEEE TNNLS 29, 2018
    (arXiv:1606.08165): two levels.
    """

    latest: float
    levels: int = 2
    scale: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("LevelLatency.levels", self.levels, minimum=2)
        check_positive("LevelLatency.latest", self.latest, "seconds")
        if self.scale is not None:
            check_positive("LevelLatency.scale", self.scale, "events")

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:
        """Return arrays as they are, or the counts of recordings over ``scale``, shape (batch, ...)."""
        if self.scale is None:
            return super().gather(samples, dt=dt, like=like)
        return EventImage(steps=1, scale=self.scale).gather(recordings("LevelLatency", samples), dt=dt, like=like)

    def level(self, x: Tensor) -> Tensor:
        """Return the level of each value, 0 for the brightest; same shape as ``x``, int64."""
        return linear_step(x, self.levels).to(torch.int64)

    def step_of_level(self, dt: float) -> Tensor:
        """Return the step in which each level fires, shape (level,), int64."""
        times = torch.linspace(0, self.latest, self.levels, dtype=torch.float64)
        steps = (times / dt).round().to(torch.int64)
        if steps[-1] >= self.steps:
            raise ValueError(
                f"LevelLatency.latest: must come before the run ends, {self.steps} steps of {dt:g} seconds; "
                f"got {self.latest:g}. Use more steps or a smaller value."
            )
        return steps

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Let every ``x`` in [0, 1] fire once; values outside count as 0 and 1."""
        step = self.step_of_level(dt).to(x.device)[self.level(x)]
        return spike_at(step, torch.ones_like(x, dtype=torch.bool), steps=self.steps, dtype=x.dtype)
