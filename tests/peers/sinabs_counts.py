"""What sinabs' SNNAnalyzer counts of a network, as JSON: runs in its own environment."""

from __future__ import annotations

import json
import warnings
from typing import Any

import torch
from _rebuild import modules, read
from sinabs.activation import MembraneSubtract, SingleSpike
from sinabs.layers import LIFSqueeze
from sinabs.synopcounter import SNNAnalyzer
from torch import nn


def main() -> None:
    """Run once over all samples and print the synaptic operations of each connection, in order."""
    layers, arrays = read()
    raster = arrays["raster"]
    samples = raster.shape[1]

    def neuron(part: dict[str, Any]) -> nn.Module:
        """Return leaky neurons without the scaling of inputs; their time constant is in steps."""
        return LIFSqueeze(
            tau_mem=part["tau_mem"] / part["dt"],
            spike_threshold=part["v_threshold"],
            spike_fn=SingleSpike,
            reset_fn=MembraneSubtract(),
            norm_input=False,
            batch_size=samples,
        )

    model = nn.Sequential(*modules(layers, arrays, neuron))
    analyzer = SNNAnalyzer(model, dt=1.0)
    # Samples first, then time, in one axis.
    model(raster.transpose(0, 1).flatten(0, 1))
    found = analyzer.get_layer_statistics()
    counts = {
        "synaptic_operations": [float(layer["synops"]) for layer in found["parameter"].values()],
        "spikes": [float(layer["output"].sum()) / samples for layer in found["spiking"].values()],
    }
    print(json.dumps(counts))  # noqa: T201


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with torch.no_grad():
        main()
