"""The event-driven engine: work only where spikes arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, singledispatch
from math import prod
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright import kernels
from spikewright.checks import ModelError, Raster, Sequence, check_count, check_in_range
from spikewright.engines._engine import Engine
from spikewright.engines._event_paths import obstacles
from spikewright.engines._event_stream import Stream, open_stream, stream_obstacle, stream_raster
from spikewright.engines._prepared import Prepared, prepare
from spikewright.engines._stepping import step_through
from spikewright.network import (
    INPUT,
    DelayedLinear,
    Layer,
    Network,
    gather,
    gather_signals,
    over_time,
    signals,
    synapse_count,
    window_of,
)

Deliver: TypeAlias = Callable[[Sequence], Sequence]
"""Turns what arrives, (time, batch, neuron...), into charges, (time, batch, neuron...)."""


@dataclass(frozen=True)
class EventDriven(Engine):
    """Adds the weights of each spike that arrives, in compiled loops, on the CPU; graded values multiply.

    A chain of dense, convolutional and pooling layers of IF, LIF or CurrentIF neurons is compiled as a whole: events
    are lists of addresses, weights lie row by row of their source, and one call runs all layers through all steps. One
    layer of LIF neurons with :class:`spikewright.network.FixedFanOut` is a :class:`Stream`, which touches only neurons
    that receive something. In any other network layers run one after another: dense, convolutional and delayed
    connections are scattered, all others (pools, delays, lateral sums) are computed as the network does, a layer that
    receives analog values is a dense product, and neurons advance by ``step``. :meth:`explain` says which it is and
    why.

    It keeps the network's dtype. In float64 its spikes are those of the other engines, for a stream up to rounding at
    the threshold. In float32 sums in another order may fall on the other side of the threshold: 5 of 32.2 million
    outputs differed from those of the Batch engine (1.6e-7) in five untrained 784-800-800-10 networks of LIF neurons,
    each run for 20 steps on 200 samples of uniform noise in a Poisson code of 10 % spikes.

    Parameters
    ----------
    weight_bits : int or None
        ``None`` keeps the weights. From 2 to 8 rounds them to integers of so many bits, each neuron with a scale of its
        own: its largest weight becomes ``2**(bits - 1) - 1``, the others the nearest multiple, off by half a multiple
        at most. Sums of weights are then exact: in int16, of as many spikes at once as cannot overflow, and those sums
        in int32. Biases and neurons stay in the network's dtype. That is another network than the one given; its
        accuracy must be measured. It needs a network that is compiled as a whole.
    """

    weight_bits: int | None = None

    def __post_init__(self) -> None:
        if self.weight_bits is not None:
            check_in_range("EventDriven.weight_bits", self.weight_bits, 2, 8)
            check_count("EventDriven.weight_bits", self.weight_bits)

    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer, on the CPU and in the network's dtype.

        Raises
        ------
        ModelError
            If the network is not on the CPU, or is neither float32 nor float64; or if weights are to be rounded and
            the network or its raster cannot be compiled as a whole.
        """
        _check_place(net)
        shape = tuple(raster.shape[2:])
        if self.weight_bits is not None or (not _why_not(net, shape) and _counts_spikes(raster)):
            return self.prepare(net, shape).propagate(net, raster)
        if len(shape) == 1 and not stream_obstacle(net) and _counts_spikes(raster):
            return {INPUT: raster, net.last: stream_raster(open_stream(net), raster)}
        given = signals(net)
        outputs = {INPUT: raster}
        with torch.no_grad():
            for name, layer, sources in net.sources():
                arriving = gather(outputs, sources)
                spiking = gather_signals(given, sources).spiking
                outputs[name] = _run_layer(layer, arriving, spiking=spiking, dt=net.dt)
        return outputs

    def prepare(self, net: Network, shape: tuple[int, ...]) -> Prepared:
        """Compile a network once, with its weights as they are now, to run many samples.

        Parameters
        ----------
        net : Network
            A chain; see :meth:`explain`.
        shape : tuple of int
            Shape of one sample of its raster.

        Returns
        -------
        Prepared
            An engine for this network; weights that change later do not count.

        Raises
        ------
        ModelError
            If the network cannot be compiled as a whole.
        """
        _check_place(net)
        reasons = _why_not(net, shape)
        if reasons:
            name, reason = next(iter(reasons.items()))
            raise ModelError(
                f"EventDriven.prepare: cannot compile the network as a whole, because of {name!r}: {reason}. "
                "Run it with EventDriven(), which goes layer by layer."
            )
        return prepare(net, shape, self.weight_bits)

    def stream(self, net: Network) -> Stream:
        """Return a network of one layer ready to run from lists of spikes to lists of spikes.

        Its time and memory for a step are those of the spikes and their synapses, however many neurons there are.

        Parameters
        ----------
        net : Network
            One layer of LIF neurons, the same number for all, whose connection and recurrent connection are
            :class:`spikewright.network.FixedFanOut` or ``None``. Encoder and readout have no part in it.

        Raises
        ------
        ModelError
            If the network is of another kind, or its weights are to be rounded.
        """
        _check_place(net)
        reason = stream_obstacle(net)
        if not reason and self.weight_bits is not None:
            reason = "weights of FixedFanOut are rounded when they are made; use EventDriven()"
        if reason:
            raise ModelError(f"EventDriven.stream: cannot run the network as a stream: {reason}.")
        return open_stream(net)

    def explain(self, net: Network) -> list[str]:
        """Return, in one line for each layer, how the layer runs and why."""
        reasons = obstacles(net)
        if not reasons:
            kept = "weights as they are" if self.weight_bits is None else f"weights of {self.weight_bits} bits"
            return [f"{name}: compiled with the whole chain, {kept}" for name, _, _ in net.sources()]
        if self.weight_bits is None and not stream_obstacle(net):
            return [f"{net.last}: compiled as a stream, which touches only neurons that receive a spike"]
        given = signals(net)
        culprit, reason = next(iter(reasons.items()))
        return [
            f"{name}: {_path(layer, spiking=gather_signals(given, sources).spiking)}; layer by layer, because "
            + reasons.get(name, f"of {culprit!r}: {reason}")
            for name, layer, sources in net.sources()
        ]


LARGEST = 2**26
"""Synapses up to which a network is compiled as a whole: the kernel of a convolution is written out for every pixel."""


def _why_not(net: Network, shape: tuple[int, ...]) -> dict[str, str]:
    reasons = obstacles(net)
    if not reasons and synapse_count(net, shape) > LARGEST:
        return {net.last: f"more than {LARGEST} synapses would be written out"}
    return reasons


def _check_place(net: Network) -> None:
    if net.like.device.type != "cpu" or net.like.dtype not in {torch.float32, torch.float64}:
        raise ModelError(
            f"EventDriven: runs float32 and float64 on the CPU; got {net.like.dtype} on {net.like.device}. "
            "Use net.cpu().float(), or the Batch engine."
        )


def _counts_spikes(raster: Raster) -> bool:
    """Return whether a raster holds whole numbers >= 0."""
    return bool((raster >= 0).all()) and bool((raster == raster.floor()).all())


def _path(layer: Layer, *, spiking: bool) -> str:
    """Say how a layer runs on its own."""
    connection, neuron = layer.connection, layer.neuron
    rule = scatter.dispatch(type(connection)) is not scatter.dispatch(object)
    delivered = "spikes are scattered" if spiking and rule else "computed as the network does"
    return delivered if neuron is None else f"{delivered}, {type(neuron).__name__}.step in every step"


def _run_layer(layer: Layer, arriving: Tensor, *, spiking: bool, dt: float) -> Tensor:
    deliver = (scatter if spiking else dense)(layer.connection, arriving.shape[2:])
    charges = deliver(arriving)
    neuron = layer.neuron
    if neuron is None:
        return charges
    feedback = None
    if layer.recurrent is not None:
        bring_back = scatter(layer.recurrent, charges.shape[2:])

        def feedback(fired: Tensor) -> Tensor:
            return bring_back(fired[None])[0]

    return step_through(neuron, charges, feedback, dt=dt)


def dense(connection: nn.Module | None, shape: tuple[int, ...]) -> Deliver:  # noqa: ARG001 - as scatter
    """Return how a connection delivers analog values: as the network does."""
    return (lambda x: x) if connection is None else partial(over_time, connection)


@singledispatch
def scatter(connection: nn.Module | None, shape: tuple[int, ...]) -> Deliver:
    """Return how a connection delivers spikes, for samples of ``shape``; without a rule, as the network does.

    A type for which the work can be done by spikes registers its rule: ``@scatter.register``.
    """
    return dense(connection, shape)


@scatter.register
def _(connection: nn.Linear, shape: tuple[int, ...]) -> Deliver:
    weights = _array(connection.weight.T)

    def deliver(x: Sequence) -> Sequence:
        charges = _resting(connection.bias, (*x.shape[:-1], connection.out_features), x)
        events, values = _events(x.reshape(-1, shape[-1]))
        kernels.scatter_events(events, values, weights, charges.view(-1, connection.out_features).numpy())
        return charges

    return deliver


@scatter.register
def _(connection: DelayedLinear, shape: tuple[int, ...]) -> Deliver:  # noqa: ARG001
    weights = _array(connection.weight.T)
    delays = np.ascontiguousarray(connection.delays.T.numpy())

    def deliver(x: Sequence) -> Sequence:
        charges = _resting(None, (*x.shape[:2], len(connection.weight)), x)
        events, values = _events(x)
        kernels.scatter_delayed_events(events, values, weights, delays, charges.numpy())
        return charges

    return deliver


@scatter.register
def _(connection: nn.Conv2d, shape: tuple[int, ...]) -> Deliver:
    window = window_of(connection, shape)
    axes = (window.rows, window.columns)
    geometry = (
        tuple(axis.stride for axis in axes),
        tuple(axis.padding for axis in axes),
        tuple(axis.dilation for axis in axes),
    )
    # (target channel, source channel of the group, ...) becomes (source channel, ..., target channel of the group).
    outputs = connection.out_channels // connection.groups
    grouped = connection.weight.reshape(connection.groups, outputs, *connection.weight.shape[1:])
    weights = _array(grouped.movedim(1, -1).flatten(0, 1))

    def deliver(x: Sequence) -> Sequence:
        image = (window.rows.outputs, window.columns.outputs)
        charges = _resting(connection.bias, (prod(x.shape[:2]), *image, connection.out_channels), x)
        events, values = _events(x.flatten(0, 1))
        kernels.scatter_conv_events(events, values, weights, geometry, charges.numpy())
        return charges.movedim(-1, 1).reshape(*x.shape[:2], connection.out_channels, *image)

    return deliver


def _events(x: Tensor) -> tuple[tuple[NDArray[np.int64], ...], NDArray[np.floating]]:
    """Return where ``x`` is not 0, one array for each axis, and its values there."""
    array = x.detach().numpy()
    places = np.nonzero(array)
    return tuple(np.ascontiguousarray(axis) for axis in places), array[places]


def _resting(bias: Tensor | None, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return the charges that arrive without a spike."""
    charges = like.new_zeros(shape)
    return charges if bias is None else charges.add_(bias.detach())


def _array(tensor: Tensor) -> NDArray[np.floating]:
    return np.ascontiguousarray(tensor.detach().numpy())
