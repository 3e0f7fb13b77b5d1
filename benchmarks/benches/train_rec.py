"""One optimiser step of a recurrent spiking network on input as from a cochlea."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches import _lif

NAME = "train-rec"
WORK = "train_rec"
PARAMETERS = {"steps": 250, "batch": 64, "density": 0.02, "decay": _lif.DECAY}
PEERS = ("snntorch", "spikingjelly", "sinabs", "norse", "spyx")
BESIDE = (
    Entrant("spikewright", "bfloat16", counts=False),
    Entrant("spikewright", "default memory", counts=False),
    Entrant("spikingjelly", "kept memory", counts=False),
)
ON_PAPER = _lif.on_paper(250 * 64, [(700 * 256, 1, 256), (256 * 256, 1, 0), (256 * 20, 1, 20)])
GOALS = (Goal("torch", 5.0), Goal("xla", 1.0))


def cases() -> Iterator[Case]:
    """One case."""
    entrants = (Entrant("spikewright"), *(Entrant(peer) for peer in PEERS), *BESIDE)
    yield Case("700-256 recurrent-20, 250 steps, batch 64, float32", PARAMETERS, entrants, GOALS, **ON_PAPER)


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the input ``raster`` (time, batch, 700), ``labels``, and ``weight0``, ``recurrent``, ``weight1``."""
    rng = np.random.default_rng(0)
    return {
        "raster": _lif.spikes(rng, (parameters["steps"], parameters["batch"], 700), parameters["density"]),
        "labels": rng.integers(20, size=parameters["batch"]),
        "weight0": _lif.weights(rng, (256, 700), 0.12),
        "recurrent": _lif.weights(rng, (256, 256), 0.05),
        "weight1": _lif.weights(rng, (20, 256), 0.15),
    }


def reference(_: dict[str, Any], inputs: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return the raster of both layers side by side, (time, batch, 276)."""
    recurrent = inputs["recurrent"].T
    hidden = _lif.lif(inputs["raster"] @ inputs["weight0"].T, lambda fired: fired.astype(np.float32) @ recurrent)
    return np.concatenate([hidden, _lif.lif(hidden.astype(np.float32) @ inputs["weight1"].T)], axis=-1)
