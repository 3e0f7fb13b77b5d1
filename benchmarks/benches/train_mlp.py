"""One optimiser step of a fully connected spiking network."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches import _lif

NAME = "train-mlp"
WORK = "train_mlp"
SIZES = (784, 1000, 1000, 10)
PARAMETERS = {"steps": 25, "batch": 128, "density": 0.1, "sizes": SIZES, "decay": _lif.DECAY}
ON_PAPER = _lif.on_paper(25 * 128, [(before * after, 1, after) for before, after in pairwise(SIZES)])
PEERS = ("snntorch", "spikingjelly", "sinabs", "norse", "spyx")
BESIDE = (
    Entrant("ann", counts=False),
    Entrant("spikewright", "default memory", counts=False),
    Entrant("snntorch", "kept memory", counts=False),
    Entrant("spikingjelly", "kept memory", counts=False),
    Entrant("snntorch", "compiled", counts=False),
    Entrant("spikingjelly", "compiled", counts=False),
)


def cases() -> Iterator[Case]:
    """Peers as a user gets them; with bfloat16 for all; with bfloat16 for none."""
    plain = tuple(Entrant(peer) for peer in PEERS)
    rounded = tuple(Entrant(peer, "bfloat16") for peer in PEERS)
    name = f"{'-'.join(map(str, SIZES))}, 25 steps, batch 128"
    ours = Entrant("spikewright", "bfloat16")
    for kind, entrants, ratio in (
        ("bfloat16 against float32", (ours, *plain, *BESIDE), 4.0),
        ("bfloat16", (ours, *rounded), 2.0),
        ("float32", (Entrant("spikewright"), *plain), 1.3),
    ):
        yield Case(f"{name}, {kind}", PARAMETERS, entrants, (Goal("peers", ratio),), **ON_PAPER)


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the input ``raster`` (time, batch, neuron), ``labels`` and a weight matrix (out, in) for each layer."""
    rng = np.random.default_rng(0)
    shape = parameters["steps"], parameters["batch"], parameters["sizes"][0]
    matrices = {
        f"weight{number}": _lif.weights(rng, (after, before), 0.045)
        for number, (before, after) in enumerate(pairwise(parameters["sizes"]))
    }
    labels = rng.integers(parameters["sizes"][-1], size=parameters["batch"])
    return {"raster": _lif.spikes(rng, shape, parameters["density"]), "labels": labels, **matrices}


def reference(parameters: dict[str, Any], inputs: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return the raster of all layers side by side, (time, batch, neurons of all layers)."""
    x, layers = inputs["raster"], []
    for number in range(len(parameters["sizes"]) - 1):
        layers.append(_lif.lif(x @ inputs[f"weight{number}"].T))
        x = layers[-1].astype(np.float32)
    return np.concatenate(layers, axis=-1)
