"""SpikingJelly: multi-step mode, a layer over all steps at once."""

from __future__ import annotations

from typing import Any

from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from benchmarks._case import Job
from benchmarks.peers._torch import Arrays, conv, linear, matrices, scan_job, training_job

DISTRIBUTIONS = ("spikingjelly", "torch")


def neurons(decay: float, step_mode: str = "m") -> neuron.LIFNode:
    """Return neurons that keep ``decay`` of their potential and subtract the threshold."""
    return neuron.LIFNode(
        tau=1 / (1 - decay),
        decay_input=False,
        v_threshold=1.0,
        v_reset=None,
        surrogate_function=surrogate.ATan(alpha=2.0),
        step_mode=step_mode,
    )


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Call the node once a sequence."""
    node = neurons(parameters["decay"])

    def run(x: Tensor) -> Tensor:
        functional.reset_net(node)
        return node(x)

    return scan_job(run, inputs)


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    modules: list[nn.Module] = []
    for weight in matrices(inputs):
        modules += [linear(weight), neurons(parameters["decay"])]
    return trained(nn.Sequential(*modules), parameters, inputs)


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    first, second, third, fourth = matrices(inputs)
    decay = parameters["decay"]
    net = nn.Sequential(
        layer.SeqToANNContainer(conv(first)),
        neurons(decay),
        layer.SeqToANNContainer(nn.MaxPool2d(2), conv(second)),
        neurons(decay),
        layer.SeqToANNContainer(nn.MaxPool2d(2), nn.Flatten()),
        linear(third),
        neurons(decay),
        linear(fourth),
        neurons(decay),
    )
    return trained(net, parameters, inputs)


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train a recurrent container and a layer that reads it out."""
    first, second = (linear(weight) for weight in matrices(inputs))
    feedback = linear(inputs["recurrent"])
    node = neurons(parameters["decay"], "s")
    hidden = layer.ElementWiseRecurrentContainer(node, lambda y, x: x + feedback(y), step_mode="m")
    output = neurons(parameters["decay"])

    def forward(x: Tensor) -> list[Tensor]:
        functional.reset_net(hidden)
        functional.reset_net(output)
        fired = hidden(first(x))
        return [fired, output(second(fired))]

    learned = [*first.parameters(), *feedback.parameters(), *second.parameters()]
    return training_job(forward, learned, parameters, inputs)


def trained(net: nn.Sequential, parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Return the work of training a chain of modules."""

    def forward(x: Tensor) -> list[Tensor]:
        functional.reset_net(net)
        spikes = []
        for module in net:
            x = module(x)
            if isinstance(module, neuron.LIFNode):
                spikes.append(x)
        return spikes

    return training_job(forward, net.parameters(), parameters, inputs)
