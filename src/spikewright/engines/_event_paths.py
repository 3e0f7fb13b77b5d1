"""Which networks run as one compiled chain, and why others do not."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from spikewright.engines._event_populations import constants
from spikewright.engines._event_rows import hands_on
from spikewright.network import INPUT, AllButSelf, FixedFanOut, Layer, Network, SumPool2d, gather_signals, signals

WEIGHTED = nn.Linear | nn.Conv2d | FixedFanOut
COUNTING = nn.AvgPool2d | SumPool2d | AllButSelf
"""Connections that are sums over synapses: of weights of their own, or of one weight for all."""


class Group(NamedTuple):
    """Layers one after another, of which only the last has neurons."""

    layers: tuple[tuple[str, Layer], ...]


def groups(net: Network) -> list[Group]:
    """Split a chain of layers behind each that has neurons."""
    found, current = [], []
    for name, layer, _ in net.sources():
        current.append((name, layer))
        if layer.neuron is not None:
            found.append(Group(tuple(current)))
            current = []
    return found


def obstacles(net: Network) -> dict[str, str]:
    """Return, for each layer that keeps a network from being one compiled chain, why; empty if nothing does."""
    given = signals(net)
    before, found = INPUT, {}
    for name, layer, sources in net.sources():
        # Between layers of one group charges are passed on, whatever they are.
        spiking = gather_signals(given, sources).spiking or _within_group(net, before)
        reason = _obstacle(net, name, layer, chained=sources == (before,), spiking=spiking)
        if reason:
            found[name] = reason
        before = name
    for group in groups(net):
        connections = [layer.connection for _, layer in group.layers]
        if any(isinstance(c, COUNTING) for c in connections) and not any(isinstance(c, WEIGHTED) for c in connections):
            found.setdefault(group.layers[-1][0], "equal weights meet thresholds exactly, so spikes are counted first")
    return found


def _within_group(net: Network, name: str) -> bool:
    layer = net.layers[name] if name != INPUT else None
    return isinstance(layer, Layer) and layer.neuron is None


def _obstacle(net: Network, name: str, layer: Layer, *, chained: bool, spiking: bool) -> str:
    """Return the first reason that applies, empty if none does."""
    connection, neuron = layer.connection, layer.neuron
    linear = hands_on(connection) or isinstance(connection, WEIGHTED | COUNTING)
    reasons = {
        "its input is not the layer before it alone": not chained,
        "it feeds its spikes back": layer.recurrent is not None,
        "it receives analog values": not spiking,
        f"{type(connection).__name__} is no sum over synapses": not linear,
        f"{type(neuron).__name__} has no event-driven kernel": neuron is not None and constants(neuron, net.dt) is None,
        "the last layer has no neurons": neuron is None and name == net.last,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
