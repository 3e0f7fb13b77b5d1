"""Delta code: threshold crossings of a signal."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count, check_positive
from spikewright.coding._encoder import Encoder
from spikewright.coding._rows import by_rows


@dataclass(frozen=True, kw_only=True)
class Delta(Encoder):
    """Send on delta: an input fires when its signal has changed by ``threshold`` since the spikes it has sent.

    For signals whose rows are steps in time. Each input has an ON neuron, which fires where the signal is at least
    ``threshold`` above the level sent so far, and an OFF neuron, which fires where it is that far below; the level
    starts at 0 and moves by ``threshold`` with each spike. So ``threshold * (ON - OFF)``, summed up to the end of a
    row, gives the signal back within one threshold, as long as it moves by at most ``hold`` thresholds a row. A faster
    change is sent late.

    Parameters
    ----------
    threshold : float
        Change that a spike stands for, > 0, in units of the signal.
    hold : int
        Steps that one row lasts, each with one spike an input at most; ``steps`` must be the number of rows times this.

    References
    ----------
    Miskowicz, Send-on-delta concept: an event-based data reporting strategy, Sensors 6, 2006; Corradi, Indiveri, A
    neuromorphic event-based neural recording system for smart brain-machine-interfaces, IEEE TBioCAS 9, 2015 (ON and
    OFF).
    """

    threshold: float
    hold: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("Delta.threshold", self.threshold)
        check_count("Delta.hold", self.hold)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Encode ``x``, shape (batch, ..., row, column), as (row * hold, batch, 2 * ... * column), ON neurons first."""
        rows = by_rows("Delta", x, steps=self.steps, hold=self.hold)
        sent = torch.zeros_like(rows[0])
        spikes = []
        for signal in rows.repeat_interleave(self.hold, dim=0):
            # The level is a whole number of thresholds, so that rounding does not add up.
            change = signal - sent * self.threshold
            on = (change >= self.threshold).to(x.dtype)
            off = (change <= -self.threshold).to(x.dtype)
            sent = sent + on - off
            spikes.append(torch.cat([on, off], dim=-1))
        return torch.stack(spikes)
