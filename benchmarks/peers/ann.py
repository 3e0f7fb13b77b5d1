"""The artificial network of the same shape: one step of training on as many samples, in torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks._case import Job
from benchmarks.peers._torch import Arrays, conv, linear, matrices

DISTRIBUTIONS = ("torch",)


def train_mlp(_: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers with ReLU between them."""
    first, *others = (linear(weight) for weight in matrices(inputs))
    hidden = [module for layer in others for module in (nn.ReLU(), layer)]
    return trained(nn.Sequential(first, *hidden), inputs)


def train_cnn(_: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    first, second, third, fourth = matrices(inputs)
    net = nn.Sequential(
        conv(first),
        nn.ReLU(),
        nn.MaxPool2d(2),
        conv(second),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        linear(third),
        nn.ReLU(),
        linear(fourth),
    )
    return trained(net, inputs)


def trained(net: nn.Sequential, inputs: Arrays) -> Job:
    """Return the work of one step of Adam on the rates of the raster."""
    x, labels = torch.from_numpy(inputs["raster"]).mean(0), torch.from_numpy(inputs["labels"])
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return Job(step, None)
