"""One layer run from lists of spikes to lists of spikes, at a cost that does not grow with its neurons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright import kernels
from spikewright.checks import ModelError, Raster
from spikewright.network import FixedFanOut, Network
from spikewright.neurons import LIF, NeuronModel

Synapses: TypeAlias = tuple[NDArray[np.int32], NDArray[np.number], np.floating]
"""Targets and weights, both of shape (source, synapse), and the factor of every weight."""

AGES = 4096
"""Steps without a spike whose decay is looked up; that of more is a product of several."""


class SpikeList(NamedTuple):
    """Spikes in order of time: those of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.

    ``addresses`` has the shape (spike,), ``offsets`` (time + 1,) and begins with 0.
    """

    addresses: NDArray[np.int32]
    offsets: NDArray[np.int64]


class StreamState(NamedTuple):
    """Where a stream stands: its neurons, its spikes of the step before, and the steps so far."""

    neurons: NDArray[np.void]
    sent: NDArray[np.int32]
    steps: int


@dataclass(frozen=True, eq=False)
class Stream:
    """A layer with the weights that it had when :meth:`EventDriven.stream` made it.

    Only neurons that receive something are touched; see :func:`spikewright.kernels.run_stream_reference`. The spikes
    are those of the other engines but for potentials within rounding of the threshold, because the decay of a neuron
    that was silent for many steps is computed at once.

    Parameters
    ----------
    inputs, size : int
        Number of inputs, and of neurons.
    arriving, recurrent : Synapses
        Of the inputs, without rows if each input is a neuron's own; of the layer.
    neurons : Leaky
        Its numbers.
    powers : array, shape (age,)
        What is left after 0, 1, ... steps.
    """

    inputs: int
    size: int
    arriving: Synapses
    recurrent: Synapses
    neurons: kernels.Leaky
    powers: NDArray[np.floating]

    def start(self) -> StreamState:
        """Return all neurons at rest before the first step."""
        return StreamState(kernels.resting(self.size, self.powers.dtype), np.empty(0, np.int32), 0)

    def run(self, spikes: SpikeList, state: StreamState) -> tuple[SpikeList, StreamState]:
        """Run as many steps as the list has.

        Parameters
        ----------
        spikes : SpikeList
            Of the inputs; an input named twice in a step fires twice.
        state : StreamState
            From :meth:`start`, or of the run before. Its neurons are advanced in place, because a copy would cost what
            this saves; so a state is run from once.

        Returns
        -------
        spikes : SpikeList
            Of the layer, addresses in rising order within a step.
        state : StreamState
            After the last step.

        Raises
        ------
        ModelError
            If an address is no input, or the offsets do not fit.
        """
        addresses = np.ascontiguousarray(spikes.addresses, np.int32)
        offsets = np.ascontiguousarray(spikes.offsets, np.int64)
        if len(addresses) and (addresses.min() < 0 or addresses.max() >= self.inputs):
            raise ModelError(
                f"Stream.run: addresses must lie in [0, {self.inputs - 1}]; got {addresses.min()} to {addresses.max()}."
            )
        fits = len(offsets) and offsets[0] == 0 and offsets[-1] == len(addresses) and (np.diff(offsets) >= 0).all()
        if not fits:
            raise ModelError(
                f"Stream.run: offsets must rise from 0 to the number of spikes, {len(addresses)}; got {offsets}."
            )
        about = self.neurons, self.powers, state.neurons
        fired = SpikeList(
            *kernels.run_stream(addresses, offsets, self.arriving, self.recurrent, state.sent, state.steps, *about)
        )
        steps = len(offsets) - 1
        sent = fired.addresses[fired.offsets[-2] :].copy() if steps else state.sent
        return fired, StreamState(state.neurons, sent, state.steps + steps)


def stream_raster(stream: Stream, raster: Raster) -> Tensor:
    """Run each sample of a raster of spikes, or of counts of them, as a stream from rest; return the layer's spikes."""
    outputs = torch.zeros(*raster.shape[:2], stream.size, dtype=raster.dtype)
    for sample in range(raster.shape[1]):
        counts = raster[:, sample].numpy().astype(np.int64)
        steps, inputs = np.nonzero(counts)
        repeats = counts[steps, inputs]
        offsets = np.append(0, np.cumsum(counts.sum(1)))
        fired, _ = stream.run(SpikeList(np.repeat(inputs, repeats), offsets), stream.start())
        times = np.repeat(np.arange(len(raster)), np.diff(fired.offsets))
        outputs[times, sample, fired.addresses] = 1
    return outputs


def stream_obstacle(net: Network) -> str:
    """Return why a network cannot be a stream; empty if it can."""
    (_, layer, sources), *more = net.sources()
    connections = (layer.connection, layer.recurrent)
    others = ", ".join(type(c).__name__ for c in connections if not isinstance(c, FixedFanOut | None))
    reasons = {
        "it has more than one layer": bool(more) or len(sources) > 1,
        f"its connections must be FixedFanOut; got {others}": bool(others),
        "it needs a FixedFanOut": connections == (None, None),
        "its neurons must be LIF with one number for all, and rest below their threshold": leaky(layer.neuron) is None,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def open_stream(net: Network) -> Stream:
    """Return the stream of a network that has no :func:`stream_obstacle`.

    Raises
    ------
    ModelError
        If its connections do not fit each other.
    """
    ((_, layer, _),) = net.sources()
    dtype = np.dtype(str(net.like.dtype).removeprefix("torch."))
    numbers = leaky(layer.neuron)
    assert numbers is not None  # it would be an obstacle
    recurrent = synapses_of(layer.recurrent, dtype)
    arriving = synapses_of(layer.connection, dtype)
    reached = layer.connection or layer.recurrent
    assert isinstance(reached, FixedFanOut)  # anything else would be an obstacle
    size = reached.out_features
    if layer.recurrent is None:
        recurrent = _own(np.empty((size, 0), np.int32), dtype)
    elif len(recurrent[0]) != size or layer.recurrent.out_features != size:
        raise ModelError(f"EventDriven.stream: the recurrent connection must be from {size} neurons to as many.")
    return Stream(
        inputs=len(arriving[0]) or size,
        size=size,
        arriving=arriving,
        recurrent=recurrent,
        neurons=kernels.Leaky(dtype.type(numbers.threshold), dtype.type(numbers.after), numbers.subtract),
        powers=np.exp(-net.dt / numbers.tau_mem * np.arange(AGES)).astype(dtype),
    )


class LeakyNumbers(NamedTuple):
    """The numbers of a model that has a kernel; see :class:`spikewright.kernels.Leaky`."""

    tau_mem: float
    threshold: float
    after: float
    subtract: bool


@singledispatch
def leaky(neuron: NeuronModel | None) -> LeakyNumbers | None:  # noqa: ARG001 - the rule for any other type
    """Return the numbers of neurons that decay to rest and stay there, ``None`` for all others."""
    return None


@leaky.register
def _(neuron: LIF) -> LeakyNumbers | None:
    subtract = neuron.v_reset is None
    after = neuron.v_threshold if subtract else neuron.v_reset
    values = [torch.as_tensor(value).detach() for value in (neuron.tau_mem, neuron.v_leak, neuron.v_threshold, after)]
    if any(value.ndim for value in values):
        return None
    tau_mem, leak, threshold, amount = (float(value) for value in values)
    if leak >= threshold:
        return None
    return LeakyNumbers(tau_mem, threshold - leak, amount if subtract else amount - leak, subtract)


def synapses_of(connection: nn.Module | None, dtype: np.dtype) -> Synapses:
    """Return the arrays of a :class:`FixedFanOut`; ``None`` has no rows, so that every spike stays where it is."""
    if connection is None:
        return _own(np.empty((0, 1), np.int32), dtype)
    assert isinstance(connection, FixedFanOut)  # anything else would be an obstacle
    connection.check()  # the kernel writes where the targets say, and a loaded state may say anything
    weights = connection.weight.detach().contiguous().numpy()
    return connection.targets.contiguous().numpy(), weights, dtype.type(float(connection.scale))


def _own(targets: NDArray[np.int32], dtype: np.dtype) -> Synapses:
    return targets, np.empty(targets.shape, np.int8), dtype.type(1)
