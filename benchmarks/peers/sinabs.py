"""sinabs: layers that loop over the steps themselves; batch first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sinabs.activation import MembraneSubtract, SingleSpike
from sinabs.layers import LIF, LIFRecurrent
from torch import Tensor, nn

from benchmarks._case import Job
from benchmarks.peers._torch import Arrays, conv, linear, matrices, over_time, scan_job, training_job

DISTRIBUTIONS = ("sinabs", "torch")


@dataclass
class ArcTan:
    """The derivative of a scaled arctangent, in the form that sinabs asks for."""

    slope: float = 2.0

    def __call__(self, v_mem: Tensor, spike_threshold: Tensor) -> Tensor:
        """Return the derivative at these potentials."""
        return self.slope / 2 / (1 + (math.pi / 2 * self.slope * (v_mem - spike_threshold)).square())


def neuron(decay: float, recurrent: nn.Module | None = None) -> LIF:
    """Return neurons whose time constant is not learned."""
    about = {
        "tau_mem": -1 / math.log(decay),
        "spike_fn": SingleSpike,
        "reset_fn": MembraneSubtract(),
        "surrogate_grad_fn": ArcTan(),
        "norm_input": False,
    }
    model = LIF(**about) if recurrent is None else LIFRecurrent(rec_connect=recurrent, **about)
    model.tau_mem.requires_grad_(False)  # noqa: FBT003 - torch's signature
    return model


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Call the layer once a sequence."""
    model = neuron(parameters["decay"])

    def run(x: Tensor) -> Tensor:
        model.reset_states()
        return model(x)

    return scan_job(run, inputs, batch_first=True)


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    return trained([linear(weight) for weight in matrices(inputs)], parameters, inputs)


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    first, second, third, fourth = matrices(inputs)
    pool = nn.MaxPool2d(2)
    layers = [
        Images(conv(first)),
        Images(pool, conv(second)),
        Images(pool, nn.Flatten(), linear(third)),
        linear(fourth),
    ]
    return trained(layers, parameters, inputs)


class Images(nn.Sequential):
    """Layers of images, applied to all steps at once."""

    def forward(self, x: Tensor) -> Tensor:
        """Take and return (batch, time, ...)."""
        return over_time(super().forward, x)


def trained(layers: Iterable[nn.Module], parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Return the work of training layers, each followed by neurons."""
    layers = nn.ModuleList(layers)
    neurons = [neuron(parameters["decay"]) for _ in layers]
    return training_job(chained(layers, neurons), layers.parameters(), parameters, inputs, batch_first=True)


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train a recurrent layer and a layer that reads it out."""
    layers = nn.ModuleList(linear(weight) for weight in matrices(inputs))
    feedback = linear(inputs["recurrent"])
    neurons = [neuron(parameters["decay"], feedback), neuron(parameters["decay"])]
    learned = [*layers.parameters(), *feedback.parameters()]
    return training_job(chained(layers, neurons), learned, parameters, inputs, batch_first=True)


def chained(layers: Iterable[nn.Module], neurons: list[LIF]) -> Callable[[Tensor], list[Tensor]]:
    """Return layers and neurons in turn."""

    def forward(x: Tensor) -> list[Tensor]:
        spikes = []
        for layer, model in zip(layers, neurons, strict=True):
            model.reset_states()
            x = model(layer(x))
            spikes.append(x)
        return spikes

    return forward
