"""One recording as a list of events, and its conversion to and from a raster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import check_count, check_positive


@dataclass(frozen=True, eq=False)
class Events:
    """The events of one recording, in order of time.

    Parameters
    ----------
    times : array of float64, shape (event,)
        Seconds from the start of the recording, >= 0, not decreasing.
    addresses : array of int64, shape (event,)
        Which input fired: the index into ``shape``, flattened in C order.
    shape : tuple of int
        Shape of the sensor, such as ``(2, 34, 34)`` for polarity, row and column.
    duration : float
        Length of the recording in seconds; no event is later.

    Raises
    ------
    ValueError
        If lengths differ, an address is off the sensor, or a time is negative, decreasing or after ``duration``.
    """

    times: NDArray[np.float64]
    addresses: NDArray[np.int64]
    shape: tuple[int, ...]
    duration: float

    def __post_init__(self) -> None:
        check_positive("Events.duration", self.duration, "seconds")
        if self.times.shape != self.addresses.shape or self.times.ndim != 1:
            raise ValueError(
                "Events: times and addresses must be 1-D and of one length; "
                f"got {self.times.shape} and {self.addresses.shape}."
            )
        if not len(self.times):
            return
        size = int(np.prod(self.shape))
        if self.addresses.min() < 0 or self.addresses.max() >= size:
            raise ValueError(
                f"Events.addresses: must lie in [0, {size - 1}] for shape {self.shape}; "
                f"got {self.addresses.min()} to {self.addresses.max()}."
            )
        inside = self.times[0] >= 0 and self.times[-1] <= self.duration
        if not (inside and np.all(np.diff(self.times) >= 0)):  # so put, it catches NaN
            raise ValueError(f"Events.times: must not decrease and must lie in [0, {self.duration:g}] seconds.")

    def __len__(self) -> int:
        return len(self.times)


def to_raster(events: Events, *, steps: int, dt: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Count the events of each input in each time step.

    Parameters
    ----------
    events : Events
        One recording.
    steps : int
        Number of time steps; events at or after ``steps * dt`` are left out.
    dt : float
        Length of a step in seconds.
    dtype : torch.dtype
        Of the result.

    Returns
    -------
    Tensor, shape (time, *shape)
        Counts, 0 where nothing happened.

    Raises
    ------
    ValueError
        If ``steps`` or ``dt`` is not above 0.
    """
    check_count("to_raster.steps", steps)
    check_positive("to_raster.dt", dt, "seconds")
    size = int(np.prod(events.shape))
    # The small shift keeps an event that was written as k * dt in step k in spite of rounding.
    step = np.floor(events.times / dt + 1e-9).astype(np.int64)
    inside = step < steps
    flat = np.bincount(step[inside] * size + events.addresses[inside], minlength=steps * size)
    return torch.from_numpy(flat).to(dtype).reshape(steps, *events.shape)


def from_raster(raster: Tensor, *, dt: float) -> Events:
    """Write a raster of counts down as events at the start of their steps; the inverse of :func:`to_raster`.

    Parameters
    ----------
    raster : Tensor, shape (time, *shape)
        Whole counts >= 0.
    dt : float
        Length of a step in seconds.

    Returns
    -------
    Events
        One event for each count, ordered by time, then by address.

    Raises
    ------
    ValueError
        If ``dt`` is not above 0, or the raster holds anything but whole numbers >= 0.
    """
    check_positive("from_raster.dt", dt, "seconds")
    flat = raster.detach().cpu().reshape(len(raster), -1)
    whole = flat.to(torch.int64)
    if torch.any(whole != flat) or torch.any(whole < 0):
        low, high = torch.aminmax(flat)
        raise ValueError(f"from_raster.raster: must hold whole counts >= 0; got values from {low:g} to {high:g}.")
    counts = whole.numpy()
    step, address = np.nonzero(counts)
    repeats = counts[step, address]
    return Events(
        times=np.repeat(step, repeats).astype(np.float64) * dt,
        addresses=np.repeat(address, repeats).astype(np.int64),
        shape=tuple(raster.shape[1:]),
        duration=len(raster) * dt,
    )
