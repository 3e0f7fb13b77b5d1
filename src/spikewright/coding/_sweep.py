"""Present a sample row by row."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster
from spikewright.coding._encoder import Encoder
from spikewright.coding._rows import by_rows


@dataclass(frozen=True, kw_only=True)
class Sweep(Encoder):
    """Present the rows of a sample one after another, each in the code of another encoder.

    For sequences such as spectrograms, whose row axis is time; or for an image that is scanned. ``steps`` must be the
    number of rows times ``hold``.

    Parameters
    ----------
    encoder : Encoder
        Code of one row. It sees each row as a sample of shape (channel * column,), and its ``steps`` are those that a
        row lasts.
    """

    encoder: Encoder

    @property
    def hold(self) -> int:
        """Steps that one row lasts."""
        return self.encoder.steps

    @property
    def spiking(self) -> bool:
        """Whether the code of the rows is one of spikes."""
        return self.encoder.spiking

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:
        """Encode ``x``, shape (batch, channel, row, column), as (row * hold, batch, channel * column)."""
        rows = by_rows("Sweep", x, steps=self.steps, hold=self.hold)
        raster = self.encoder(rows.flatten(0, 1), dt=dt, like=x, generator=generator)
        return raster.reshape(self.hold, *rows.shape[:2], *raster.shape[2:]).transpose(0, 1).flatten(0, 1)
