"""One optimiser step of a convolutional spiking network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches import _lif

NAME = "train-cnn"
WORK = "train_cnn"
PARAMETERS = {"steps": 10, "batch": 64, "density": 0.2, "decay": _lif.DECAY}
PEERS = ("snntorch", "spikingjelly", "sinabs", "norse", "spyx")
BESIDE = (
    Entrant("ann", counts=False),
    Entrant("spikewright", "default memory", counts=False),
    Entrant("spikingjelly", "kept memory", counts=False),
)
SHAPES = {
    "weight0": ((32, 1, 3, 3), 0.3),
    "weight1": ((64, 32, 3, 3), 0.09),
    "weight2": ((128, 64 * 7 * 7), 0.035),
    "weight3": ((10, 128), 0.15),
}
"""Shape and standard deviation of the weights of each layer."""

ON_PAPER = _lif.on_paper(
    10 * 64,
    [
        (32 * 9, 28 * 28, 32 * 28 * 28),
        (64 * 32 * 9, 14 * 14, 64 * 14 * 14),
        (128 * 64 * 7 * 7, 1, 128),
        (10 * 128, 1, 10),
    ],
)


def cases() -> Iterator[Case]:
    """Peers as a user gets them, then with bfloat16 for all."""
    plain = tuple(Entrant(peer) for peer in PEERS)
    rounded = tuple(Entrant(peer, "bfloat16") for peer in PEERS)
    name = "32C3-P2-64C3-P2-128-10, 10 steps, batch 64"
    ours = Entrant("spikewright", "bfloat16")
    for kind, entrants, goals in (
        ("bfloat16 against float32", (ours, *plain, *BESIDE), (Goal("peers", 3.0),)),
        ("bfloat16", (ours, *rounded), (Goal("peers", 2.0),)),
        ("float32", (Entrant("spikewright"), *plain), ()),
    ):
        yield Case(f"{name}, {kind}", PARAMETERS, entrants, goals, **ON_PAPER)


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the input ``raster`` (time, batch, 1, 28, 28), ``labels`` and the weights, as torch lays them out."""
    rng = np.random.default_rng(0)
    shape = parameters["steps"], parameters["batch"], 1, 28, 28
    kernels = {name: _lif.weights(rng, *about) for name, about in SHAPES.items()}
    labels = rng.integers(10, size=parameters["batch"])
    return {"raster": _lif.spikes(rng, shape, parameters["density"]), "labels": labels, **kernels}


def reference(_: dict[str, Any], inputs: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return the raster of all neurons side by side, (time, batch, neurons of all layers)."""
    x, layers = inputs["raster"], []
    for name in ("weight0", "weight1"):
        layers.append(_lif.lif(convolved(x, inputs[name])))
        x = pooled(layers[-1])
    x = x.reshape(*x.shape[:2], -1)
    for name in ("weight2", "weight3"):
        layers.append(_lif.lif(x @ inputs[name].T))
        x = layers[-1].astype(np.float32)
    return np.concatenate([layer.reshape(*layer.shape[:2], -1) for layer in layers], axis=-1)


def convolved(x: _lif.Float32, weight: _lif.Float32) -> _lif.Float32:
    """Return the 3 x 3 cross-correlation with a border of zeros; ``x`` is (time, batch, channel, height, width)."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (3, 3), axis=(3, 4))
    return np.moveaxis(np.tensordot(windows, weight, axes=((2, 5, 6), (1, 2, 3))), -1, 2)


def pooled(spikes: NDArray[np.bool_]) -> _lif.Float32:
    """Return the maximum of each 2 x 2 square."""
    *lead, height, width = spikes.shape
    return spikes.reshape(*lead, height // 2, 2, width // 2, 2).any(axis=(-3, -1)).astype(np.float32)
