"""Write the weights of trained networks where benches find them: ``python -m benchmarks.export_networks NET TWIN``.

``NET`` and ``TWIN`` are the model files of ``FirstSpikeGradient`` and of its artificial twin that
``spikewright compare --data mnist --methods FirstSpikeGradient`` leaves in the folder ``models`` of its output.
"""

from __future__ import annotations

import sys

import numpy as np
from torch import nn

from benchmarks._peer import ENVIRONMENTS
from spikewright.exchange import load


def main() -> None:
    """Save the weights of both, shape (source, target) each."""
    arrays = {}
    for prefix, path in zip(("net", "twin"), sys.argv[1:3], strict=True):
        layers = [layer.connection for _, layer, _ in load(path).sources() if isinstance(layer.connection, nn.Linear)]
        for number, layer in enumerate(layers):
            arrays[f"{prefix}{number}"] = layer.weight.detach().numpy().T.copy()
    ENVIRONMENTS.mkdir(exist_ok=True)
    np.savez(ENVIRONMENTS / "event-mlp.npz", **arrays)


if __name__ == "__main__":
    main()
