"""Which synapses of a network a chip has room for."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.utils import parametrize

from spikewright.chips import Chip
from spikewright.fitting._masks import Masked, Wiring, draw_masks
from spikewright.network import INPUT, Layer, Network, SumPool2d


class _Wires(NamedTuple):
    """A weighted connection: its sources are sums of so many spikes of the layers that send, and it may be the last."""

    connection: nn.Linear | nn.Conv2d
    senders: frozenset[str]
    pooled: int
    last: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.connection.weight.shape)


def limit_synapses(net: Network, chip: Chip) -> None:
    """Take from all weighted connections of a network, in place, the biases and synapses that a chip has not.

    Weights outside a random mask are exactly 0 from here on, see :func:`draw_masks`. What neurons receive through all
    connections counts together, the recurrent one too, and behind a pool each weight is a synapse for every spike that
    is summed. The fan-out of neurons that feed several layers, or themselves, is shared evenly. Where neurons with
    sources of their own may each take a core, the fan-out is also what the axons of a core allow.

    Parameters
    ----------
    net : Network
        What is to be trained.
    chip : Chip
        The chip.
    """
    targets = _targets(net)
    heard = Counter(sender for into in targets for wires in into for sender in wires.senders)
    heard_inside = Counter(sender for into in targets for wires in into if not wires.last for sender in wires.senders)
    for into in targets:
        apart = chip.fan_in is not None and sum(wires.pooled * prod(wires.shape[1:]) for wires in into) > chip.fan_in
        wirings = []
        for wires in into:
            limits = []
            if chip.fan_out is not None and wires.senders and not wires.last:
                limits.append(chip.fan_out // max(heard_inside[sender] for sender in wires.senders))
            if chip.axons_out is not None and wires.senders and apart:
                # Targets with sources of their own can come to stand in a core each.
                limits.append(chip.axons_out // chip.axons_per_source // max(heard[sender] for sender in wires.senders))
            wirings.append(Wiring(wires.shape, wires.pooled, min(limits, default=None)))
        for wires, mask in zip(into, draw_masks(wirings, chip.fan_in), strict=True):
            _thin(wires, mask, bias=chip.bias)


def weighted(layer: Layer) -> list[nn.Linear | nn.Conv2d]:
    """Return the connections of a layer, that from itself last, whose weights can be limited and rounded."""
    return [each for each in (layer.connection, layer.recurrent) if isinstance(each, nn.Linear | nn.Conv2d)]


def _targets(net: Network) -> list[list[_Wires]]:
    """Return the weighted connections of each layer."""
    arriving = {INPUT: (frozenset[str](), 1)}
    found = []
    for name, layer, sources in net.sources():
        senders = frozenset[str]().union(*(arriving[source][0] for source in sources))
        pooled = max(arriving[source][1] for source in sources)
        last = name == net.last
        ways = {layer.connection: (senders, pooled), layer.recurrent: (frozenset({name}), 1)}
        found.append([_Wires(each, *ways[each], last) for each in weighted(layer)])
        if isinstance(layer.connection, SumPool2d):
            pooled *= layer.connection.kernel_size**2
        arriving[name] = (senders, pooled) if layer.neuron is None else (frozenset({name}), 1)
    return found


def _thin(wires: _Wires, mask: torch.Tensor, *, bias: bool) -> None:
    connection = wires.connection
    if not bias:
        connection.bias = None
    if mask.all():
        return
    with torch.no_grad():
        # As many synapses as there are should have the variance that torch gives to all.
        connection.weight.mul_((mask.numel() / mask.sum()).sqrt())
    parametrize.register_parametrization(connection, "weight", Masked(mask))
