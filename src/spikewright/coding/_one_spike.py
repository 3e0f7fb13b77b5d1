"""Rasters in which an input fires once at most: the later, the smaller its value."""

from __future__ import annotations

import torch
from torch import Tensor

from spikewright.checks import Raster


def spike_at(step: Tensor, fires: Tensor, *, steps: int, dtype: torch.dtype) -> Raster:
    """Return the raster of one spike an input, shape (time, ...).

    Parameters
    ----------
    step : Tensor, shape (...)
        Whole number of the step in which an input fires; from ``steps`` on there is no spike.
    fires : Tensor of bool, shape (...)
        Whether it fires at all.
    """
    whole = torch.where(fires, step, steps).clamp(max=steps).to(torch.int64)
    times = torch.arange(steps, device=step.device).reshape(steps, *(1 for _ in step.shape))
    return (times == whole).to(dtype)


def linear_step(x: Tensor, steps: int) -> Tensor:
    """Return the step nearest to ``(1 - x) * (steps - 1)``: 0 for ``x >= 1``, the last one for ``x <= 0``."""
    return ((1 - x.clamp(0, 1)) * (steps - 1) + 0.5).floor()


def log_step(x: Tensor, tau: float) -> Tensor:
    """Return the step nearest to ``tau * ln(1 / x)``, ``tau`` in steps: 0 for ``x >= 1``, infinite for ``x <= 0``."""
    return (-tau * x.clamp(0, 1).log() + 0.5).floor()
