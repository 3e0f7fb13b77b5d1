"""The reference engine: slow and readable; what the other engines are held to."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import singledispatch
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.checks import ModelError, Raster
from spikewright.engines._engine import Engine
from spikewright.engines._stepping import step_through
from spikewright.network import (
    INPUT,
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    Layer,
    MaxCountPool2d,
    Network,
    SumPool2d,
    Window,
    synapses,
    window_of,
)

Array: TypeAlias = NDArray[np.float64]

Delivery: TypeAlias = Callable[[Array], Array]
"""Turns all that was sent so far, (time, batch, neuron...), into the charges of the last step, (batch, neuron...)."""


@dataclass(frozen=True)
class Reference(Engine):
    """Runs each layer one time step after another, in NumPy and float64, on the CPU.

    Connections, in evaluation mode, are computed here from weights, windows and delays, and not by torch. Neurons
    advance by their own ``step``, which is where their equation is written.
    """

    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer in float64, on the CPU."""
        net = deepcopy(net).cpu().double()
        outputs = {INPUT: raster.detach().cpu().double().numpy()}
        with torch.no_grad():
            for name, layer, sources in net.sources():
                arriving = np.sum([outputs[source] for source in sources], axis=0)
                outputs[name] = _run_layer(layer, arriving, dt=net.dt)
        return {name: torch.from_numpy(output) for name, output in outputs.items()}


def _run_layer(layer: Layer, arriving: Array, *, dt: float) -> Array:
    deliver = delivery(layer.connection, arriving.shape[2:])
    charges = np.stack([deliver(arriving[: step + 1]) for step in range(len(arriving))])
    neuron = layer.neuron
    if neuron is None:
        return charges
    feedback = None
    if layer.recurrent is not None:
        bring_back = delivery(layer.recurrent, charges.shape[2:])

        def feedback(fired: Tensor) -> Tensor:
            return torch.from_numpy(bring_back(fired.numpy()[None]))

    return step_through(neuron, torch.from_numpy(charges), feedback, dt=dt).numpy()


@singledispatch
def delivery(connection: nn.Module | None, shape: tuple[int, ...]) -> Delivery:
    """Return how a connection delivers what was sent, for samples of ``shape``.

    A linear connection is a sum over its synapses; any other type registers its rule: ``@delivery.register``.

    Raises
    ------
    ModelError
        If there is no rule for this type of connection.
    """
    wires = synapses(connection, shape)
    if wires is None:
        raise ModelError(
            f"Reference: no rule for connections of type {type(connection).__name__}; add one with delivery.register."
        )
    matrix = wires.matrix()
    bias, target_shape = wires.bias, wires.target_shape

    def deliver(sent: Array) -> Array:
        charges: Array = matrix @ sent[-1].reshape(len(sent[-1]), -1).T + bias[:, None]
        return charges.T.reshape(-1, *target_shape)

    return deliver


@delivery.register(nn.Identity)
@delivery.register(Dropout)
@delivery.register(type(None))
def _(connection: nn.Module | None, shape: tuple[int, ...]) -> Delivery:  # noqa: ARG001
    return lambda sent: sent[-1]


@delivery.register
def _(connection: nn.Flatten, shape: tuple[int, ...]) -> Delivery:
    first, last = connection.start_dim, connection.end_dim
    flat = torch.zeros(1, *shape).flatten(first, last).shape[1:]
    return lambda sent: sent[-1].reshape(-1, *flat)


@delivery.register
def _(connection: AllButSelf, shape: tuple[int, ...]) -> Delivery:  # noqa: ARG001
    weight = float(connection.weight)
    # Counting first keeps the sum exact, so that a potential that just reaches the threshold does so in every engine.
    return lambda sent: weight * (sent[-1].sum(-1, keepdims=True) - sent[-1])


@delivery.register
def _(connection: Delay, shape: tuple[int, ...]) -> Delivery:
    delays = np.broadcast_to(connection.steps.numpy(), shape).ravel()

    def deliver(sent: Array) -> Array:
        now = len(sent) - 1
        charges = np.zeros((sent.shape[1], delays.size))
        for neuron, delay in enumerate(delays):
            if now >= delay:
                charges[:, neuron] = sent[now - delay].reshape(-1, delays.size)[:, neuron]
        return charges.reshape(-1, *shape)

    return deliver


@delivery.register
def _(connection: DelayedLinear, shape: tuple[int, ...]) -> Delivery:  # noqa: ARG001
    weight, delays = connection.weight.detach().numpy(), connection.delays.numpy()

    def deliver(sent: Array) -> Array:
        now = len(sent) - 1
        charges = np.zeros((sent.shape[1], len(weight)))
        for (target, source), delay in np.ndenumerate(delays):
            if now >= delay:
                charges[:, target] += weight[target, source] * sent[now - delay][:, source]
        return charges

    return deliver


@delivery.register
def _(connection: nn.MaxPool2d, shape: tuple[int, ...]) -> Delivery:
    window = window_of(connection, shape)
    return lambda sent: _over_windows(np.max, window, sent[-1])


@delivery.register
def _(connection: MaxCountPool2d, shape: tuple[int, ...]) -> Delivery:
    window = window_of(connection.pool(), shape)

    def deliver(sent: Array) -> Array:
        counts = sent.sum(0)
        return _over_windows(np.max, window, counts) - _over_windows(np.max, window, counts - sent[-1])

    return deliver


@delivery.register(nn.AvgPool2d)
@delivery.register(SumPool2d)
def _(connection: nn.AvgPool2d | SumPool2d, shape: tuple[int, ...]) -> Delivery:
    window = window_of(connection, shape)
    # Counting first, as above.
    return lambda sent: _over_windows(np.sum, window, sent[-1]) / window.divisors()


@delivery.register(nn.BatchNorm1d)
@delivery.register(nn.BatchNorm2d)
def _(connection: nn.BatchNorm1d | nn.BatchNorm2d, shape: tuple[int, ...]) -> Delivery:
    mean, variance = connection.running_mean, connection.running_var
    if mean is None or variance is None:
        raise ModelError("Reference: a batch normalisation without running statistics depends on the other samples.")
    channels = (len(mean), *[1] * (len(shape) - 1))
    gain = torch.ones_like(mean) if connection.weight is None else connection.weight
    offset = torch.zeros_like(mean) if connection.bias is None else connection.bias
    scale = gain / torch.sqrt(variance + connection.eps)
    by, centre, to = (tensor.detach().numpy().reshape(channels) for tensor in (scale, mean, offset))
    return lambda sent: (sent[-1] - centre) * by + to


def _over_windows(reduce: Callable[..., Array], window: Window, image: Array) -> Array:
    pooled = np.zeros((*image.shape[:-2], window.rows.outputs, window.columns.outputs))
    for i, rows in enumerate(window.rows.taps()):
        for j, columns in enumerate(window.columns.taps()):
            seen = image[..., rows[rows >= 0], :][..., columns[columns >= 0]]
            pooled[..., i, j] = reduce(seen, axis=(-2, -1))
    return pooled
