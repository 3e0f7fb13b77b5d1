"""Phase code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count, check_in_range
from spikewright.coding._encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class Phase(Encoder):
    r"""Phase code: the binary expansion of the value, one bit a step, again and again.

    A value is rounded to :math:`q \in \{0, \dots, 2^B - 1\}` with :math:`q = \lfloor x (2^B - 1) + \frac12 \rfloor`. In
    phase :math:`k = t \bmod B` the input fires if bit :math:`k` of :math:`q` is set, the most significant first, so
    that a spike in it stands for :math:`2^{-(1 + k)}`. The raster holds the spikes alone; a neuron that is to use the
    code weights them by their phase.

    Parameters
    ----------
    bits : int
        Phases of a period, 1 to 16; a run of ``steps`` may hold several periods, and a part of one.

    References
    ----------
    Kim, Kim, Huh, Lee, Choi, Deep neural networks with weighted spikes, Neurocomputing 311, 2018.
    """

    bits: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_in_range("Phase.bits", check_count("Phase.bits", self.bits), 1, 16)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Expand ``x`` in [0, 1]; values outside are clipped."""
        # In float64, because narrow types cannot tell the levels apart.
        level = (x.double().clamp(0, 1) * (2**self.bits - 1) + 0.5).floor().to(torch.int64)
        phase = torch.arange(self.steps, device=x.device) % self.bits
        place = (self.bits - 1 - phase).reshape(self.steps, *(1 for _ in x.shape))
        bits: Tensor = level >> place & 1
        return bits.to(x.dtype)
