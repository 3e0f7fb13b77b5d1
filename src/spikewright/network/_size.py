"""How large a network is, in neurons and synapses."""

from __future__ import annotations

from spikewright.network._connections import output_shape
from spikewright.network._gather import INPUT
from spikewright.network._network import Network
from spikewright.network._synapses import fan_out


def output_shapes(net: Network, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shape of one sample and step of the raster and of each layer's output.

    Parameters
    ----------
    net : Network
        Any network.
    shape : tuple of int
        That of the raster.
    """
    shapes = {INPUT: shape}
    for name, layer, sources in net.sources():
        shapes[name] = output_shape(layer.connection, shapes[sources[0]])
    return shapes


def synapse_count(net: Network, shape: tuple[int, ...]) -> int:
    """Return the number of synapses of a network, shared weights counted at each place where they act.

    Parameters
    ----------
    net : Network
        Any network.
    shape : tuple of int
        Shape of the raster for one sample and step.

    Returns
    -------
    int
        Feedforward, recurrent and lateral synapses; pooling has none.
    """
    shapes, total = output_shapes(net, shape), 0
    for name, layer, sources in net.sources():
        if layer.connection is not None and layer.connection.state_dict():
            total += int(fan_out(layer.connection, shapes[sources[0]]).sum())
        if layer.recurrent is not None:
            total += int(fan_out(layer.recurrent, shapes[name]).sum())
    return total
