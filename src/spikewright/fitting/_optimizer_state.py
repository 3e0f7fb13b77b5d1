"""The optimiser that trains a network: what a checkpoint keeps of both, and what a step writes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from spikewright.cost import TrainingCost
from spikewright.network import Network


def tensors_of(net: Network, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the network's tensors and the optimiser's moments by name."""
    tensors = {f"network.{name}": tensor for name, tensor in net.state_dict().items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": moment for name, moment in moments.items()}
    return tensors


def restore_tensors(net: Network, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give network and optimiser what :func:`tensors_of` returned."""
    moments: dict[int, dict[str, Tensor]] = {}
    network: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        kind, rest = name.split(".", 1)
        if kind == "network":
            network[rest] = tensor
        else:
            number, moment = rest.split(".")
            moments.setdefault(int(number), {})[moment] = tensor
    net.load_state_dict(network)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def written(
    optimizer: torch.optim.Optimizer, *, steps: int = 1, masked: Mapping[Tensor, int] = MappingProxyType({})
) -> TrainingCost:
    """Return what steps like the last one wrote: all that has a gradient, and what the optimiser keeps of it.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        With a state.
    steps : int
        How many there were.
    masked : mapping of Tensor to int
        For tensors of which only a part is trained, the number of values in it.
    """
    learned = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    values = {p: masked.get(p, p.numel()) for p in learned}
    # One number a tensor is the count of steps; each other is like the tensor.
    moments = {
        p: sum(torch.is_tensor(entry) and entry.ndim > 0 for entry in optimizer.state[p].values()) for p in learned
    }
    return TrainingCost(
        weight_updates=steps * sum(values.values()),
        optimizer_updates=steps * sum(values[p] * moments[p] for p in learned),
    )
