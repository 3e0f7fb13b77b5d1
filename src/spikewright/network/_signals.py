"""What travels between the layers of a network: spikes or analog values, and whether they change over time."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from torch import nn

from spikewright.network._connections import Delay, Dropout, MaxCountPool2d, SumPool2d, Temporal
from spikewright.network._gather import INPUT
from spikewright.network._layer import Layer
from spikewright.network._network import Network


class Signal(NamedTuple):
    """What a layer receives or gives.

    ``spiking`` says whether it is spikes, or counts of them, so that synapses add; if not, they multiply. ``constant``
    says whether all time steps are equal, so that a connection is computed once.
    """

    spiking: bool
    constant: bool


@singledispatch
def keeps_spikes(connection: object) -> bool:  # noqa: ARG001 - the rule for any other type
    """Return whether a connection makes spikes, or counts of them, of spikes; other values are analog.

    A new type of connection that does registers itself: ``@keeps_spikes.register``.

    Parameters
    ----------
    connection : nn.Module or None
        A connection of a layer, in evaluation mode.
    """
    return False


@keeps_spikes.register(nn.Flatten)
@keeps_spikes.register(nn.Identity)
@keeps_spikes.register(nn.MaxPool2d)
@keeps_spikes.register(Delay)
@keeps_spikes.register(Dropout)
@keeps_spikes.register(MaxCountPool2d)
@keeps_spikes.register(SumPool2d)
@keeps_spikes.register(type(None))
def _(connection: nn.Module | None) -> bool:  # noqa: ARG001
    return True


def signals(net: Network) -> dict[str, Signal]:
    """Return what each layer gives, by its name, and the encoder as ``"input"``.

    Parameters
    ----------
    net : Network
        Any network; the kinds follow from its encoder, connections and neurons alone.
    """
    encoder = net.encoder
    given = {INPUT: Signal(spiking=encoder.spiking, constant=encoder.constant)}
    for name, layer, sources in net.sources():
        given[name] = _given(layer, gather_signals(given, sources))
    return given


def gather_signals(given: dict[str, Signal], sources: tuple[str, ...]) -> Signal:
    """Return what the sum of the named layers is."""
    spiking = all(given[source].spiking for source in sources)
    return Signal(spiking, constant=all(given[source].constant for source in sources))


def _given(layer: Layer, received: Signal) -> Signal:
    neuron = layer.neuron
    if neuron is not None:
        return Signal(spiking=neuron.spiking, constant=False)
    return Signal(
        spiking=received.spiking and keeps_spikes(layer.connection),
        constant=received.constant and not isinstance(layer.connection, Temporal),
    )
