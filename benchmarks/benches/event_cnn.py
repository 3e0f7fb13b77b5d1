"""One image at a time through a LeNet of random weights, at several rates of spikes; tells where the two cross.

Weights are drawn, so it compares times, and no accuracies; the shape and the work of a spike are those of a trained
network. As many inputs fire as pixels of MNIST are bright, all in the first step, and the rate is set by the size of
the weights. No output neuron ever fires, so that nothing stops early.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal

NAME = "event-cnn"
WORK = "event_cnn"
IMAGES = 100
PARAMETERS = {"density": 0.13, "steps": 8, "images": IMAGES, "decay": 0.95}
GAINS = (1.0, 1.25, 1.5, 2.0, 3.0)


def cases() -> Iterator[Case]:
    """From few spikes to many; the name says how many a hidden neuron fires in a run."""
    for gain in GAINS:
        parameters = {**PARAMETERS, "gain": gain}
        layers = rasters(parameters, inputs(parameters))
        rate = sum(layer.sum() for layer in layers) / sum(layer[0].size for layer in layers)
        yield Case(
            f"6C5-P2-16C5-P2-120-10, {PARAMETERS['steps']} steps, {rate:.2g} spikes a neuron",
            parameters,
            (Entrant("spikewright", "int8"), Entrant("onnxruntime"), Entrant("spikewright", counts=False)),
            (Goal("onnxruntime", 1.0),),
            units=IMAGES,
            tolerance=0.02,
            threads=(1,),
        )


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return images in which some pixels are bright, and the weights of the layers."""
    rng = np.random.default_rng(0)
    shapes = ((6, 1, 5, 5), (16, 6, 5, 5), (784, 120), (120, 10))
    means = (0.12, 0.03, 0.005, 0.02)
    weights = {
        f"w{number}": (parameters["gain"] * rng.normal(mean, 2 * mean, shape)).astype(np.float32)
        for number, (shape, mean) in enumerate(zip(shapes, means, strict=True))
    }
    images = rng.random((parameters["images"], 1, 28, 28)) < parameters["density"]
    return {"images": images.astype(np.float32), **weights}


def reference(parameters: dict[str, Any], inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Return the spikes of all hidden neurons, shape (step, image, neuron)."""
    layers = rasters(parameters, inputs)
    return np.concatenate([layer.reshape(*layer.shape[:2], -1) for layer in layers], axis=-1)


def rasters(parameters: dict[str, Any], inputs: dict[str, NDArray[np.float32]]) -> list[NDArray[np.bool_]]:
    """Return the spikes of each hidden layer, shape (step, image, neuron...), computed in float64."""
    sent = np.zeros((parameters["steps"], *inputs["images"].shape))
    sent[0] = inputs["images"]
    found = []
    for number in range(3):
        charges = _charges(sent, inputs[f"w{number}"].astype(np.float64))
        v = np.zeros_like(charges[0])
        sent = np.zeros_like(charges)
        for t, charge in enumerate(charges):
            v = v * parameters["decay"] + charge
            sent[t] = v >= 1
            v = v - sent[t]
        found.append(sent.astype(bool))
    return found


def _charges(sent: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve and pool, or multiply."""
    if weight.ndim == 2:
        return sent.reshape(*sent.shape[:2], -1) @ weight
    padded = np.pad(sent, ((0, 0), (0, 0), (0, 0), (2, 2), (2, 2)))
    seen = sliding_window_view(padded, (5, 5), (3, 4))
    charges = np.einsum("tbcijkl,ockl->tboij", seen, weight, optimize=True)
    size = charges.shape[-1] // 2
    return charges.reshape(*charges.shape[:3], size, 2, size, 2).mean((4, 6))
