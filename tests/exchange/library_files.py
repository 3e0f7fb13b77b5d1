"""What ``benchmarks/write_nir.py`` writes, and how it compares; used by the tests of files and of peers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from spikewright.exchange import NORSE, ROCKPOOL, SINABS, SNNTORCH, SPIKINGJELLY, Euler, open_network

CONVENTIONS = {
    "norse": NORSE,
    "rockpool": ROCKPOOL,
    "sinabs": SINABS,
    "snntorch": SNNTORCH,
    "snntorch_recurrent": SNNTORCH,
    "snntorch_zero": Euler(),
    "spikingjelly": SPIKINGJELLY,
}
"""Every case in which a neuron fires at most once a step, and the convention of its library."""


def differing(folder: Path, name: str) -> dict[str, int]:
    """Return, for each layer that fires, how many entries of the raster differ from the library's."""
    expected = np.load(folder / f"{name}.npz")
    net = open_network(folder / f"{name}.nir", convention=CONVENTIONS[name])
    with torch.no_grad():
        outputs = net.propagate(torch.from_numpy(expected["x"]).to(net.like))
    layers = [layer for layer in expected.files if layer != "x"]
    assert layers
    assert all(expected[layer].any() and not expected[layer].all() for layer in layers)
    return {layer: int((outputs[_named(layer)].numpy() != expected[layer]).sum()) for layer in layers}


def _named(layer: str) -> str:
    return layer.replace(".", "_")
