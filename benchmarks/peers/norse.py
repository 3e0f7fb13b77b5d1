"""Norse: ``LIFBoxCell``, its neuron without synaptic currents, in a Python loop over the steps.

Its own ``Lift`` indexes the sequence once a step, which makes the backward pass quadratic in the steps: here its steps
are taken apart once.
Its step is ``v + dt / tau * (x - v)``, so charges arrive scaled by ``tau / dt``; the scale is put into the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from norse.torch import LIFBoxCell, LIFBoxParameters
from norse.torch.functional.reset import reset_subtract
from torch import Tensor, nn

from benchmarks._case import Job
from benchmarks.peers._torch import Arrays, conv, linear, matrices, over_time, scan_job, training_job

DISTRIBUTIONS = ("norse", "torch")
DT = 1e-3


def cell(decay: float) -> LIFBoxCell:
    """Return neurons that keep ``decay`` of their potential and subtract the threshold."""
    about = LIFBoxParameters(tau_mem_inv=torch.as_tensor((1 - decay) / DT), reset_method=reset_subtract)
    return LIFBoxCell(about, dt=DT)


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Call the cell once a step."""
    model = cell(parameters["decay"])

    def run(x: Tensor) -> Tensor:
        return looped(model, x)

    return scan_job(run, {**inputs, "x": inputs["x"] / (1 - parameters["decay"])})


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    scale = 1 / (1 - parameters["decay"])
    return trained([linear(weight, scale) for weight in matrices(inputs)], parameters, inputs)


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    scale = 1 / (1 - parameters["decay"])
    first, second, third, fourth = matrices(inputs)
    pool = nn.MaxPool2d(2)
    layers = [
        Images(conv(first, scale)),
        Images(pool, conv(second, scale)),
        Images(pool, nn.Flatten(), linear(third, scale)),
        linear(fourth, scale),
    ]
    return trained(layers, parameters, inputs)


class Images(nn.Sequential):
    """Layers of images, applied to all steps at once."""

    def forward(self, x: Tensor) -> Tensor:
        """Take and return (time, batch, ...)."""
        return over_time(super().forward, x)


def trained(layers: Iterable[nn.Module], parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Return the work of training layers, each followed by neurons."""
    layers = nn.ModuleList(layers)
    neurons = [cell(parameters["decay"]) for _ in layers]

    def forward(x: Tensor) -> list[Tensor]:
        spikes = []
        for layer, model in zip(layers, neurons, strict=True):
            x = looped(model, layer(x))
            spikes.append(x)
        return spikes

    return training_job(forward, layers.parameters(), parameters, inputs)


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train a loop over the steps, as its own recurrent cells have synaptic currents and no subtraction."""
    scale = 1 / (1 - parameters["decay"])
    first, second = (linear(weight, scale) for weight in matrices(inputs))
    feedback = linear(inputs["recurrent"], scale)
    hidden, output = cell(parameters["decay"]), cell(parameters["decay"])

    def forward(x: Tensor) -> list[Tensor]:
        fired = looped(hidden, first(x), feedback)
        return [fired, looped(output, second(fired))]

    learned = [*first.parameters(), *feedback.parameters(), *second.parameters()]
    return training_job(forward, learned, parameters, inputs)


def looped(model: LIFBoxCell, charges: Tensor, feedback: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Run a cell over all steps; with ``feedback`` its spikes come back one step later."""
    state = None
    spikes: list[Tensor] = []
    for charge in charges:
        x = charge + feedback(spikes[-1]) if feedback and spikes else charge
        fired, state = model(x, state)
        spikes.append(fired)
    return torch.stack(spikes)
