"""Recordings in files, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from spikewright.spikes import Events


@dataclass(frozen=True, eq=False)
class Recordings(Sequence[Events]):
    """Recordings that stay in their files: 70,000 of a few thousand events each would fill gigabytes of memory.

    Parameters
    ----------
    files : tuple of Path
        One recording each.
    read : callable
        Gives the recording of a file, or raises :class:`~spikewright.checks.DataError`.
    """

    files: tuple[Path, ...]
    read: Callable[[Path], Events]

    def __len__(self) -> int:
        return len(self.files)

    @overload
    def __getitem__(self, index: int) -> Events: ...

    @overload
    def __getitem__(self, index: slice) -> Recordings: ...

    def __getitem__(self, index: int | slice) -> Events | Recordings:
        if isinstance(index, slice):
            return Recordings(self.files[index], self.read)
        return self.read(self.files[index])
