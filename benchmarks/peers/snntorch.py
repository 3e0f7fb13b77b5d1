"""snnTorch: everything once a step in a Python loop, as in its tutorials.

Its own subtraction comes a step late, so the loop subtracts: the same number of operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn

from benchmarks._case import Job
from benchmarks.peers._torch import Arrays, conv, linear, matrices, scan_job, training_job

DISTRIBUTIONS = ("snntorch", "torch")


def neuron(decay: float) -> snntorch.Leaky:
    """Return neurons without a reset of their own."""
    return snntorch.Leaky(beta=decay, spike_grad=surrogate.atan(alpha=2.0), reset_mechanism="none")


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Call the neuron once a step."""
    model = neuron(parameters["decay"])

    def run(x: Tensor) -> Tensor:
        mem = torch.zeros_like(x[0])
        spikes = []
        for charge in x:
            fired, mem = model(charge, mem)
            mem = mem - fired
            spikes.append(fired)
        return torch.stack(spikes)

    return scan_job(run, inputs)


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    layers = nn.ModuleList(linear(weight) for weight in matrices(inputs))
    return training_job(looped(layers, parameters["decay"]), layers.parameters(), parameters, inputs)


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    first, second, third, fourth = matrices(inputs)
    pool = nn.MaxPool2d(2)
    layers = nn.ModuleList(
        [
            conv(first),
            nn.Sequential(pool, conv(second)),
            nn.Sequential(pool, nn.Flatten(), linear(third)),
            linear(fourth),
        ]
    )
    return training_job(looped(layers, parameters["decay"]), layers.parameters(), parameters, inputs)


def looped(layers: nn.ModuleList, decay: float) -> Callable[[Tensor], list[Tensor]]:
    """Return the loop over the steps: each layer, then its neurons."""
    neurons = [neuron(decay) for _ in layers]

    def forward(raster: Tensor) -> list[Tensor]:
        mems: list[Tensor | None] = [None] * len(neurons)
        spikes: list[list[Tensor]] = [[] for _ in neurons]
        for x in raster:
            for number, (layer, model) in enumerate(zip(layers, neurons, strict=True)):
                charge = layer(x)
                mem = torch.zeros_like(charge) if mems[number] is None else mems[number]
                x, mem = model(charge, mem)  # noqa: PLW2901 - the input of the next layer
                mems[number] = mem - x
                spikes[number].append(x)
        return [torch.stack(fired) for fired in spikes]

    return forward


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train ``RLeaky`` neurons and a layer that reads them out."""
    first, second = (linear(weight) for weight in matrices(inputs))
    hidden = snntorch.RLeaky(
        beta=parameters["decay"],
        linear_features=inputs["recurrent"].shape[0],
        spike_grad=surrogate.atan(alpha=2.0),
        reset_mechanism="none",
    )
    hidden.recurrent = linear(inputs["recurrent"])
    output = neuron(parameters["decay"])

    def forward(raster: Tensor) -> list[Tensor]:
        batch = raster.shape[1]
        fired, mem = (raster.new_zeros(batch, first.out_features) for _ in range(2))
        last = raster.new_zeros(batch, second.out_features)
        spikes: tuple[list[Tensor], list[Tensor]] = ([], [])
        for x in raster:
            fired, mem = hidden(first(x), fired, mem)
            mem = mem - fired
            decided, last = output(second(fired), last)
            last = last - decided
            spikes[0].append(fired)
            spikes[1].append(decided)
        return [torch.stack(layer) for layer in spikes]

    learned = [*first.parameters(), *hidden.recurrent.parameters(), *second.parameters()]
    return training_job(forward, learned, parameters, inputs)


def event_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Run images one after another through a loop over steps of leaky neurons, which have no current: less work."""
    layers = nn.ModuleList(linear(inputs[name].T.copy()) for name in ("net0", "net1"))
    forward = looped(layers, 0.95)
    images = torch.from_numpy(inputs["images"]).flatten(1)

    def run() -> None:
        with torch.no_grad():
            for image in images:
                bright = (image > 0.5).to(image)
                raster = torch.zeros(parameters["steps"], 1, image.numel())
                raster[0], raster[-1] = bright, 1 - bright
                forward(raster)[-1].sum(0).argmax()

    return Job(run, None)
