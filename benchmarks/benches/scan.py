"""LIF neurons alone, forward and backward over a whole sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches import _lif

NAME = "scan"
WORK = "scan"
SHAPES = ((100, 64, 1000), (500, 16, 4096))
DENSITIES = (0.0, 0.01, 0.05, 0.1)
GOALS = (Goal("torch", 6.0), Goal("xla", 4.0), Goal("bandwidth", 0.5))
ENTRANTS = (
    Entrant("spikewright"),
    Entrant("snntorch"),
    Entrant("spikingjelly"),
    Entrant("sinabs"),
    Entrant("norse"),
    Entrant("spyx"),
    Entrant("spyker"),
    Entrant("spikewright", "default memory", counts=False),
    Entrant("snntorch", "kept memory", counts=False),
    Entrant("spikingjelly", "kept memory", counts=False),
)


def cases() -> Iterator[Case]:
    """Each shape with Gaussian input and with spikes of three densities."""
    for shape in SHAPES:
        for density in DENSITIES:
            drive = f"spikes at {density:.0%}" if density else "Gaussian"
            yield Case(
                f"{' x '.join(map(str, shape))}, {drive}",
                {"shape": shape, "density": density, "decay": _lif.DECAY},
                ENTRANTS,
                GOALS,
                bytes_moved=_lif.BYTES * float(np.prod(shape)),
                operations=_lif.OPERATIONS * float(np.prod(shape)),
            )


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return the charges ``x`` and the gradient of the spikes, both (time, batch, neuron)."""
    rng = np.random.default_rng(0)
    shape, density = parameters["shape"], parameters["density"]
    x = _lif.spikes(rng, shape, density) if density else rng.standard_normal(shape, dtype=np.float32)
    return {"x": np.float32(0.5) * x, "gradient": rng.standard_normal(shape, dtype=np.float32)}


def reference(_: dict[str, Any], inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Return the raster of plain NumPy."""
    return _lif.lif(inputs["x"])
