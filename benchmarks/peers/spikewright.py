"""Ours, as a user calls it."""

from __future__ import annotations

import math
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import spikewright as sw
from benchmarks._case import Job
from benchmarks.benches.scale import folded, rows
from benchmarks.peers._torch import Arrays, conv, linear, matrices, scan_job, training_job
from spikewright.neurons import ArcTan

DISTRIBUTIONS = ("spikewright", "torch", "numba")
DT = 1e-3
ROWS = 10**4

FREED = {
    "kept": sw.fitting.keep_freed_memory,
    "returned": sw.fitting.return_freed_memory,
    "default": bool,
}
"""What becomes of freed memory: a loop that trains keeps it, one that lacks memory returns it."""


def neuron(decay: float) -> sw.LIF:
    """Return neurons that keep ``decay`` of their potential each step."""
    return sw.LIF(tau_mem=-DT / math.log(decay), surrogate=ArcTan(slope=2.0))


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Run the neuron's scan."""
    FREED[parameters.get("freed", "kept")]()
    model = neuron(parameters["decay"])

    def run(x: Tensor) -> Tensor:
        return model.scan(x, dt=DT)[0]

    return scan_job(run, inputs)


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    model = neuron(parameters["decay"])
    return trained([sw.Layer(linear(weight), model) for weight in matrices(inputs)], parameters, inputs)


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers."""
    first, second, third, fourth = matrices(inputs)
    model = neuron(parameters["decay"])
    layers = [
        sw.Layer(conv(first), model),
        sw.Layer(nn.MaxPool2d(2)),
        sw.Layer(conv(second), model),
        sw.Layer(nn.MaxPool2d(2)),
        sw.Layer(nn.Flatten()),
        sw.Layer(linear(third), model),
        sw.Layer(linear(fourth), model),
    ]
    return trained(layers, parameters, inputs)


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train a recurrent layer and a layer that reads it out."""
    first, second = (linear(weight) for weight in matrices(inputs))
    model = neuron(parameters["decay"])
    layers = [sw.Layer(first, model, recurrent=linear(inputs["recurrent"])), sw.Layer(second, model)]
    return trained(layers, parameters, inputs)


def trained(layers: list[sw.Layer], parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Return the work of training a network; the raster is ready, so the encoder is not used."""
    FREED[parameters.get("freed", "kept")]()
    net = sw.Network(sw.coding.Direct(steps=parameters["steps"]), *layers, sw.coding.SpikeCount(), dt=DT)
    names = [name for name, layer, _ in net.sources() if layer.neuron is not None]

    def forward(raster: Tensor) -> list[Tensor]:
        outputs = net.propagate(raster)
        return [outputs[name] for name in names]

    # As many pieces as a piece has steps: the memory for both together is then least.
    piece = math.isqrt(parameters["steps"]) if parameters.get("recomputed") else None
    score = partial(net.score, recompute_every=piece)
    return training_job(forward, net.parameters(), parameters, inputs, score=score)


def stdp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Fit a learner to the samples in one pass; one of them is shown once more to name neurons."""
    learner = sw.learners.DiehlCook(
        parameters["neurons"],
        epochs=1,
        steps=parameters["steps"],
        dt=parameters["dt"],
        max_rate=parameters["max_rate"],
        naming=1,
    )
    images = inputs["images"]
    kinds = np.arange(len(images)) % 10
    return Job(lambda: learner.fit(images, kinds), None)


def event_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Decide images one after another, with the network prepared once."""
    steps, tau = parameters["steps"], parameters["tau_syn"]
    model = sw.neurons.CurrentIF(tau_syn=tau)
    net = sw.Network(
        sw.coding.LevelLatency(steps=steps, latest=parameters["latest"] * tau),
        sw.Layer(nn.Flatten()),
        *(sw.Layer(linear(inputs[name].T), model) for name in ("net0", "net1")),
        sw.coding.FirstSpike(),
        dt=parameters["duration"] * tau / steps,
    )
    images = inputs["images"]
    prepared = sw.engines.EventDriven(weight_bits=parameters.get("bits")).prepare(net, images.shape[1:])

    def decisions() -> list[int]:
        return [prepared.decide(image) for image in images]

    return Job(decisions, lambda: np.eye(10, dtype=bool)[decisions()])


def event_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Run images one after another through all steps, with the network prepared once."""
    model, never = neuron(parameters["decay"]), sw.LIF(tau_mem=1.0, v_threshold=1e9)
    layers = []
    for name in ("w0", "w1"):
        layers += [sw.Layer(conv(inputs[name])), sw.Layer(nn.AvgPool2d(2), model)]
    net = sw.Network(
        sw.coding.Latency(steps=parameters["steps"], minimum=0.5),
        *layers,
        sw.Layer(nn.Flatten()),
        sw.Layer(linear(inputs["w2"].T), model),
        sw.Layer(linear(inputs["w3"].T), never),
        sw.coding.FirstSpike(),
        dt=DT,
    )
    images = inputs["images"]
    prepared = sw.engines.EventDriven(weight_bits=parameters.get("bits")).prepare(net, images.shape[1:])

    def spikes() -> NDArray[np.bool_]:
        outputs = prepared.propagate(net, net.encode(images))
        hidden = [name for name, layer, _ in net.sources() if layer.neuron is model]
        return np.concatenate([outputs[name].flatten(2).bool().numpy() for name in hidden], axis=-1)

    return Job(lambda: [prepared.decide(image) for image in images], spikes)


def scale(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Run a recurrent layer as a stream; each run goes on where the one before ended, with other neurons driven."""
    neurons, fan_out = parameters["neurons"], parameters["fan_out"]
    targets, weights = np.empty((neurons, fan_out), np.int32), np.empty((neurons, fan_out), np.int8)
    for begin in range(0, neurons, ROWS):
        part = slice(begin, begin + ROWS)
        targets[part], weights[part] = rows(np.arange(neurons)[part], parameters)
    recurrent = sw.network.FixedFanOut(
        torch.from_numpy(targets), torch.from_numpy(weights), parameters["scale"], out_features=neurons
    )
    model = sw.LIF(tau_mem=-DT / math.log(parameters["decay"]), v_threshold=parameters["threshold"], v_reset=0.0)
    layer = sw.Layer(None, model, recurrent=recurrent)
    stream = sw.engines.EventDriven().stream(
        sw.Network(sw.coding.Direct(steps=1), layer, sw.coding.SpikeCount(), dt=DT)
    )
    each = np.arange(parameters["steps"] + 1) * parameters["driven"]
    segments = cycle(inputs["driven"])
    state = stream.start()

    def run() -> None:
        nonlocal state
        _, state = stream.run(sw.engines.SpikeList(next(segments), each), state)

    def spikes() -> NDArray[np.bool_]:
        offsets = each[: parameters["checked"] + 1]
        given = sw.engines.SpikeList(inputs["driven"][0][: offsets[-1]], offsets)
        (sent, ends), after = stream.run(given, stream.start())
        return folded(np.split(sent, ends[1:-1]), after.neurons["u"])

    return Job(run, spikes if parameters["checked"] else None)
