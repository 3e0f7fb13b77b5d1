"""One real image at a time through a trained 784-800-10 network whose first output spike decides.

Beside it the artificial network of the same shape, trained on the same data for as long, in onnxruntime. Both take an
image of float32 and return a class, so encoding is timed too. ``export_networks`` writes the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches._mnist import test_images

NAME = "event-mlp"
WORK = "event_mlp"
WEIGHTS = Path(__file__).parents[2] / ".bench" / "event-mlp.npz"
IMAGES = 200
PARAMETERS = {"images": IMAGES, "steps": 32, "duration": 2.0, "tau_syn": 0.02, "latest": log(6.0)}


def cases() -> Iterator[Case]:
    """Floating-point and rounded weights, each beside floating-point and integer peers."""
    for name, ours, peer, goal in (
        ("float32 beside fp32", "", Entrant("onnxruntime"), Goal("onnxruntime", 5.0)),
        ("int8 beside fp32", "int8", Entrant("onnxruntime"), Goal("onnxruntime", 5.0)),
        ("int8 beside int8", "int8", Entrant("onnxruntime", "int8"), Goal("onnxruntime", 2.0)),
        ("int8 beside a loop over steps", "int8", Entrant("snntorch"), Goal("torch", 100.0)),
    ):
        yield Case(
            f"784-800-10, first spike, {name}",
            PARAMETERS,
            (Entrant("spikewright", ours), peer),
            (goal,),
            units=IMAGES,
            # Rounded weights decide a few images otherwise, and so does another kind of network; it is recorded.
            tolerance=0.03,
            threads=(1,),
        )


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the images, their labels and the weights of both networks."""
    images, labels = test_images(parameters["images"])
    return {"images": images, "labels": labels, **np.load(WEIGHTS)}


def reference(parameters: dict[str, Any], inputs: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return one row an image, true at the class of its first output spike, in float64."""
    steps = parameters["steps"]
    dt = parameters["duration"] / steps
    kept = np.exp(-dt)
    dark = round(parameters["latest"] / dt)
    bright = inputs["images"].reshape(len(inputs["images"]), -1) > 0.5
    sent = np.zeros((steps, *bright.shape))
    sent[0], sent[dark] = bright, ~bright
    for weight in (inputs["net0"], inputs["net1"]):
        charges = sent @ weight.astype(np.float64)
        v = i_syn = fired = np.zeros_like(charges[0])
        sent = np.zeros_like(charges)
        for t, charge in enumerate(charges):
            v = v + (1 - kept) * i_syn
            i_syn = kept * i_syn + charge
            sent[t] = (v >= 1) * (1 - fired)
            fired = fired + sent[t]
    since = np.cumsum(np.cumsum(sent, 0), 0)[-1]
    return np.eye(10, dtype=bool)[since.argmax(1)]
