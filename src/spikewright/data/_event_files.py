"""Files of events from event cameras, one recording each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._files import contents
from spikewright.data._npz import read_npz
from spikewright.spikes import Events

LARGEST_SENSOR = 2**14
"""Rows or columns, as far as any format counts them."""

_OVERFLOW_ROW = 240
_OVERFLOW = 2**13


class SensorEvents(NamedTuple):
    """Events as a file gives them, one entry each, in its order: column, row, polarity (1 is on), time in seconds."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    polarity: NDArray[np.int64]
    times: NDArray[np.float64]


def read_40_bit(path: Path, todo: str) -> SensorEvents:
    """Read 40-bit events, the format of N-MNIST: column, row, 1 bit of polarity and 23 bits of time in us, big-endian.

    A record with row 240 is no event: from it on, times are later by 8,192 us.

    Raises
    ------
    DataError
        If the file is empty or truncated.
    """
    data = contents(path, todo)
    if len(data) % 5:
        raise DataError(
            f"{path}: truncated or no file of 40-bit events; {len(data)} bytes are no multiple of 5. {todo}"
        )
    record = np.frombuffer(data, np.uint8).reshape(-1, 5).astype(np.int64)
    event = record[:, 1] != _OVERFLOW_ROW
    time = (record[:, 2] & 0x7F) << 16 | record[:, 3] << 8 | record[:, 4]
    time += np.cumsum(~event) * _OVERFLOW
    x, y, polarity = record[event, 0], record[event, 1], record[event, 2] >> 7
    return SensorEvents(x, y, polarity, time[event] / 1e6)


def read_dat(path: Path, todo: str) -> SensorEvents:
    """Read Prophesee's DAT format.

    Lines that begin with ``%``, one byte each for the type and the size (8) of an event, then two 32-bit little-endian
    numbers an event: the time in us; and column (14 bits), row (14 bits) and polarity (1 bit).

    Raises
    ------
    DataError
        If the file is empty, truncated, or something else.
    """
    data = contents(path, todo)
    start = 0
    while data[start : start + 1] == b"%":
        start = data.find(b"\n", start) + 1 or len(data)
    if start == 0 or data[start + 1 : start + 2] != b"\x08":
        raise DataError(f"{path}: no DAT file of events of 8 bytes. {todo}")
    body = data[start + 2 :]
    if len(body) % 8:
        raise DataError(f"{path}: truncated; {len(body)} bytes of events are no multiple of 8. {todo}")
    time, address = np.frombuffer(body, "<u4").reshape(-1, 2).T.astype(np.int64)
    return SensorEvents(address & 0x3FFF, address >> 14 & 0x3FFF, address >> 28 & 1, time / 1e6)


def read_npz_events(path: Path, todo: str) -> SensorEvents:
    """Read a NumPy archive with ``x``, ``y``, ``p`` and ``t``: whole numbers are us, others seconds.

    Raises
    ------
    DataError
        If the file is damaged, holds Python objects, or lacks an array.
    """
    arrays = read_npz(path, ("x", "y", "p", "t"), todo)
    if len({array.shape for array in arrays.values()}) > 1 or arrays["t"].ndim != 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{path}: x, y, p and t must be 1-D and of one length; got {shapes}. {todo}")
    wrong = [name for name, array in arrays.items() if array.dtype.kind not in "iubf"]
    if wrong:
        raise DataError(f"{path}: {wrong[0]} must hold numbers; got {arrays[wrong[0]].dtype}. {todo}")
    endless = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if endless:
        raise DataError(f"{path}: {endless[0]} holds values that are no finite numbers. {todo}")
    unit = 1e-6 if arrays["t"].dtype.kind in "iu" else 1.0
    x, y, polarity = (arrays[name].astype(np.int64) for name in ("x", "y", "p"))
    # Some write polarity as -1 and 1.
    return SensorEvents(x, y, (polarity > 0).astype(np.int64), arrays["t"].astype(np.float64) * unit)


EVENT_READERS: Mapping[str, Callable[[Path, str], SensorEvents]] = MappingProxyType(
    {".bin": read_40_bit, ".bs2": read_40_bit, ".dat": read_dat, ".npz": read_npz_events}
)
"""Which reader a file needs, by the end of its name."""


def as_recording(path: Path, raw: SensorEvents, sensor: tuple[int, int], todo: str) -> Events:
    """Return events in order of time, addressed by (polarity, row, column) on a sensor of ``sensor`` rows and columns.

    The recording ends one microsecond after its last event.

    Raises
    ------
    DataError
        If there are no events, or one is off the sensor or at an impossible time, or no sensor is that large.
    """
    rows, columns = sensor
    if max(sensor) > LARGEST_SENSOR:
        raise DataError(
            f"{path}: has an event at column {columns - 1}, row {rows - 1}; no sensor is that large. {todo}"
        )
    if not len(raw.times):
        raise DataError(f"{path}: holds no events. {todo}")
    off = np.flatnonzero((raw.x < 0) | (raw.x >= columns) | (raw.y < 0) | (raw.y >= rows))
    if len(off):
        raise DataError(
            f"{path}: event {off[0]} at column {raw.x[off[0]]}, row {raw.y[off[0]]} is off the sensor "
            f"of {columns} columns and {rows} rows. {todo}"
        )
    addresses = (raw.polarity * rows + raw.y) * columns + raw.x
    times = raw.times
    if not (np.diff(times) >= 0).all():  # so put, it catches NaN; most files are in order
        order = np.argsort(times, kind="stable")
        times, addresses = times[order], addresses[order]
    if not (times[0] >= 0 and np.isfinite(times[-1])):
        raise DataError(f"{path}: holds times below 0 or that are no numbers. {todo}")
    return Events(times, addresses, (2, rows, columns), float(times[-1]) + 1e-6)
