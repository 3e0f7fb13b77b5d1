"""Make a layer of Speck whole as sinabs does, and run it: a specification as JSON comes in, states as JSON go out.

Runs in an environment that has sinabs and nothing of this project. ``inputs`` has the shape (time, input), ``weights``
(neuron, input); ``bias``, shape (neuron,), is added in every step.
"""

import importlib.util
import json
import sys
from pathlib import Path

import sinabs
import sinabs.layers
import torch
from torch import nn


def main() -> None:
    """Read, run, write."""
    spec = json.load(sys.stdin)
    weights = torch.tensor(spec["weights"])
    connection = nn.Conv2d(weights.shape[1], len(weights), 1)
    connection.weight.data, connection.bias.data = weights[..., None, None], torch.tensor(spec["bias"])
    neurons = sinabs.layers.IAF(spike_threshold=torch.tensor(spec["threshold"]), min_v_mem=torch.tensor(spec["low"]))
    connection, neurons = discretise()(connection, neurons)
    found = {
        "weights": connection.weight[:, :, 0, 0].int().tolist(),
        "bias": connection.bias.int().tolist(),
        "threshold": int(neurons.spike_threshold),
        "low": int(neurons.min_v_mem),
        "spikes": [],
        "v": [],
    }
    with torch.no_grad():
        for step in torch.tensor(spec["inputs"], dtype=torch.float32):
            charges = connection(step[None, :, None, None]).flatten(1)
            found["spikes"].append(neurons(charges[:, None])[0, 0].int().tolist())
            found["v"].append(neurons.v_mem[0].int().tolist())
    json.dump(found, sys.stdout)


def discretise():  # noqa: ANN201 - sinabs' own function
    """Return sinabs' function, from its file alone: the package around it asks for the chip's driver."""
    path = Path(sinabs.__file__).parent / "backend" / "dynapcnn" / "discretize.py"
    specification = importlib.util.spec_from_file_location("discretize", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.discretize_conv_spike


if __name__ == "__main__":
    main()
