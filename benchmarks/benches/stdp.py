"""Samples shown one after another to a layer that learns without labels, as Diehl and Cook defined it.

The peers' models differ from ours in detail, so their spikes cannot be ours. Equal are the shape of the network (784
inputs, each to all neurons; every neuron inhibits all others), the precision (float32), and how many input spikes a
sample brings on average, however many steps it has. See each peer for what else it leaves out; where in doubt, the
peer does less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal

NAME = "stdp"
WORK = "stdp"
PARAMETERS = {"neurons": 400, "steps": 700, "dt": 5e-4, "max_rate": 63.75, "theirs": 250}
SAMPLES = 64


def cases() -> Iterator[Case]:
    """Peers that learn after each sample, and one that learns after each batch of them."""
    shown = f"400 neurons, 350 ms in 700 steps; BindsNET {PARAMETERS['theirs']} steps"
    for batch, entrants, goals in (
        (1, ("bindsnet", "brian2"), (Goal("bindsnet", 100.0), Goal("brian2", 1.0))),
        (32, ("bindsnet",), (Goal("bindsnet", 10.0),)),
    ):
        yield Case(
            f"{shown}, online" if batch == 1 else f"{shown} and batch {batch}",
            {**PARAMETERS, "samples": SAMPLES, "batch": batch},
            (Entrant("spikewright"), *(Entrant(peer) for peer in entrants)),
            goals,
            units=SAMPLES,
        )


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return ``images``, shape (sample, 784): as bright as those of MNIST, of ten kinds."""
    rng = np.random.default_rng(0)
    kinds = np.argsort(rng.random((10, 784)))[:, :150]
    images = np.zeros((parameters["samples"], 784), np.float32)
    for number, image in enumerate(images):
        image[kinds[number % 10]] = rng.uniform(0.37, 1.0, 150)
    return {"images": images}


def reference(_: dict[str, Any], __: dict[str, NDArray[np.float32]]) -> None:
    """Return nothing: spikes are drawn, and neurons differ."""
