"""Samples of a fit: labelled, shuffled, moved, and the seeds that all randomness of a round comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.coding import Samples
from spikewright.spikes import Events


@dataclass(frozen=True, eq=False)
class Labelled:
    """Samples and the index of the class of each, shape (sample,)."""

    x: Samples
    y: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)


@contextmanager
def seeded(seed: int, round_: int = 0) -> Iterator[torch.Generator]:
    """Seed torch by a fit's seed and a round's number, within the block only, and give a generator seeded alike."""
    # One large odd factor keeps the seeds of neighbouring fits apart: round 1 of fit 0 is not round 0 of fit 1.
    mixed = (seed * 1_000_003 + round_) % 2**63
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(mixed)
        yield torch.Generator().manual_seed(mixed)


def take(part: Labelled, index: Tensor) -> Tensor | list[Events]:
    """Return the samples at ``index``: a tensor, or a list of recordings."""
    if isinstance(part.x, Tensor | np.ndarray) and part.x.dtype != object:
        return torch.as_tensor(part.x)[index]
    return [recording for recording in (part.x[int(i)] for i in index) if isinstance(recording, Events)]


def shifted(x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move each image of ``x``, shape (batch, channel, row, column), by up to ``most`` pixels, zeros coming in."""
    count, _, rows, columns = x.shape
    padded = nn.functional.pad(x, (most, most, most, most))
    offset = torch.randint(0, 2 * most + 1, (2, count, 1), generator=generator)
    row = (offset[0] + torch.arange(rows))[:, :, None]
    column = (offset[1] + torch.arange(columns))[:, None, :]
    moved: Tensor = padded.movedim(1, -1)[torch.arange(count)[:, None, None], row, column].movedim(-1, 1)
    return moved


def shuffled(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the indices of ``count`` samples in random order, ``size`` at a time."""
    yield from torch.split(torch.randperm(count, generator=generator), size)
