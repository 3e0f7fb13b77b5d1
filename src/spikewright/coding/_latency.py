"""Latency code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_in_range, check_positive
from spikewright.coding._encoder import Encoder
from spikewright.coding._one_spike import linear_step, log_step, spike_at


@dataclass(frozen=True, kw_only=True)
class Latency(Encoder):
    r"""Latency code: each input fires once, the brighter the earlier.

    A value of 1 fires in step 0. Without ``tau`` the time is linear in the value, and the last step stands for 0; with
    it, it is logarithmic, :math:`t = \tau \ln(1/x)`: the moment at which a threshold that starts at 1 and decays with
    ``tau`` meets ``x``, so that a change of contrast shifts all times by the same amount. Times are rounded to the
    nearest step.

    Parameters
    ----------
    minimum : float
        Inputs up to this value in [0, 1] never fire.
    tau : float or None
        Time constant of the logarithmic code in seconds, > 0; spikes after the last step are left out. ``None`` for
        linear.

    References
    ----------
    Thorpe, Delorme, Van Rullen, Spike-based strategies for rapid processing, Neural Networks 14, 2001 (the brightest
    first); Hopfield, Pattern recognition computation using action potential timing for stimulus representation, Nature
    376, 1995 (the logarithm).
    """

    minimum: float = 0.0
    tau: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_in_range("Latency.minimum", self.minimum, 0, 1)
        if self.tau is not None:
            check_positive("Latency.tau", self.tau, "seconds", "For a linear code use None.")

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Let ``x`` in [0, 1] fire once; values above 1 count as 1."""
        step = linear_step(x, self.steps) if self.tau is None else log_step(x, self.tau / dt)
        return spike_at(step, x > self.minimum, steps=self.steps, dtype=x.dtype)
