"""A user's own recordings of events: a folder of class folders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.data._dataset import Dataset, Part
from spikewright.data._event_files import EVENT_READERS, as_recording
from spikewright.data._own_folders import ClassFolders
from spikewright.data._own_split import split_own
from spikewright.data._recordings import Recordings
from spikewright.spikes import Events

_TODO = "Record or convert it again, or remove it."


def read_event_files(folders: ClassFolders, *, seed: int) -> Dataset:
    """Read recordings; see :func:`split_own` for the parts.

    The times of a recording count from its first event. The sensor is as large as the addresses of all files ask for,
    so that all files are read at once, and again when they are asked for.

    Raises
    ------
    DataError
        If a file is damaged or holds no events.
    """
    rows, columns = 0, 0
    for path in folders.files:
        recording = _recording(path)
        rows, columns = max(rows, recording.shape[1]), max(columns, recording.shape[2])
    split = split_own(str(folders.root), folders.labels, folders.classes, seed=seed)
    read = partial(_read, folders.files, folders.labels, (rows, columns))
    return Dataset(
        str(folders.root),
        "events",
        folders.classes,
        read(split.train),
        read(split.validation),
        partial(read, split.test),
    )


def _read(files: Sequence[Path], labels: NDArray[np.int64], sensor: tuple[int, int], index: NDArray[np.int64]) -> Part:
    return Part(Recordings(tuple(files[i] for i in index), partial(_recording, sensor=sensor)), labels[index])


def _recording(path: Path, sensor: tuple[int, int] | None = None) -> Events:
    """Read one recording; without a sensor, one that is just large enough."""
    raw = EVENT_READERS[path.suffix.lower()](path, _TODO)
    if len(raw.times):
        sensor = sensor or (int(raw.y.max()) + 1, int(raw.x.max()) + 1)
        raw = raw._replace(times=raw.times - raw.times.min())
    return as_recording(path, raw, sensor or (1, 1), _TODO)
