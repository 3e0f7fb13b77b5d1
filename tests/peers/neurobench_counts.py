"""What NeuroBench counts of a network, as JSON: runs in its own environment."""

from __future__ import annotations

import json
import math
from typing import Any

import snntorch
import torch
from _rebuild import modules, read
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import SNNTorchModel, TorchModel
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Steps(nn.Module):
    """Layers that take one step at a time; with ``back`` the last neurons feed back to themselves."""

    def __init__(self, parts: list[nn.Module], back: nn.Module | None) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.back = back
        self.fired: Tensor | None = None

    def reset(self) -> None:
        """Forget the run before; snnTorch's own reset does not look below the first level."""
        self.fired = None
        for part in self.parts:
            if isinstance(part, snntorch.Leaky):
                part.reset_mem()

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Return the spikes of one step."""
        *parts, last = self.parts
        for part in parts:
            x = part(x)
        if self.back is not None:
            silent = torch.zeros(len(x), self.back.in_features)
            x = x + self.back(silent if self.fired is None else self.fired)
        self.fired = last(x)
        return self.fired, None


def neuron(part: dict[str, Any]) -> nn.Module:
    """Return leaky neurons that start from 0 again in the step in which they fire."""
    return snntorch.Leaky(
        beta=math.exp(-part["dt"] / part["tau_mem"]),
        threshold=part["v_threshold"],
        init_hidden=True,
        reset_mechanism="zero",
        reset_delay=False,
    )


def main() -> None:
    """Run the metrics and print them."""
    layers, arrays = read()
    back = [part for part in layers if part.get("recurrent")]
    parts = modules([part for part in layers if not part.get("recurrent")], arrays, neuron)
    spiking = any(part["kind"] == "neuron" for part in layers)
    feedback = nn.Linear(*arrays["back"].shape[::-1], bias=False) if back else None
    if feedback is not None:
        feedback.weight.data = arrays["back"]
    model = SNNTorchModel(Steps(parts, feedback)) if spiking else TorchModel(nn.Sequential(*parts))
    # NeuroBench has the samples first, then time.
    x = arrays["raster"].transpose(0, 1) if spiking else arrays["raster"][0]
    found = {}
    for size in (1, len(x)):
        data = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=size)
        metrics = [[Footprint, ConnectionSparsity], [SynapticOperations, ActivationSparsity]]
        found[size] = Benchmark(model, data, [], [], metrics).run(quiet=True)
    print(json.dumps({"single": found[1], "batch": found[len(x)]}))  # noqa: T201


if __name__ == "__main__":
    with torch.no_grad():
        main()
