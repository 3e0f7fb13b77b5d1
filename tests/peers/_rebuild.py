"""Read a network that a test wrote down, with torch alone: runs in the environment of a peer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def read() -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """Return the layers and the arrays of the two files that are named on the command line."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        layers = json.load(file)
    return layers, {name: torch.from_numpy(array) for name, array in np.load(sys.argv[2]).items()}


def modules(
    layers: list[dict[str, Any]], arrays: dict[str, Tensor], neuron: Callable[[dict[str, Any]], nn.Module]
) -> list[nn.Module]:
    """Return one torch module a part; ``neuron`` makes those that the peer has."""
    return [neuron(part) if part["kind"] == "neuron" else connection(part, arrays) for part in layers]


def connection(part: dict[str, Any], arrays: dict[str, Tensor]) -> nn.Module:
    """Return the connection of one part with its weights."""
    about = {name: value for name, value in part.items() if name not in ("kind", "weight")}
    module = {
        "Conv2d": nn.Conv2d,
        "Linear": nn.Linear,
        "Flatten": nn.Flatten,
        "MaxPool2d": nn.MaxPool2d,
        "SumPool2d": summed,
        "ReLU": nn.ReLU,
    }[part["kind"]](**about)
    if "weight" in part:
        module.weight.data = arrays[part["weight"]].to(module.weight)
    return module


def summed(kernel_size: int) -> nn.Module:
    """Return a pool that adds what is not negative, as sinabs has it; an average pool it would scale back."""
    return nn.LPPool2d(1, kernel_size)
