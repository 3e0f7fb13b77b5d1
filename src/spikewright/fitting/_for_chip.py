"""A network whose training keeps it within what a chip has."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from spikewright.checks import ModelError
from spikewright.chips import Chip, load
from spikewright.coding import Direct, Encoder, Regular
from spikewright.fitting._masks import Masked, draw_mask
from spikewright.fitting._on_grid import BiasOnGrid, WeightOnGrid
from spikewright.network import INPUT, Layer, Network, raster_shape
from spikewright.neurons import LIF, NeuronModel
from spikewright.placing import Misfit, misfits
from spikewright.quantised import Floats, arithmetic_to_train_for, neuron_for


def for_chip(net: Network, chip: Chip | str | None, sample: tuple[int, ...], neuron: LIF) -> Network:
    """Return a network as a chip has it, to be trained as it is then.

    - **Code.** Where the chip takes spikes only, an analog current becomes :class:`~spikewright.coding.Regular` spikes.
    - **Neurons.** All layers with neurons take those of :func:`~spikewright.quantised.neuron_for`.
    - **Biases** are left out where the chip has none.
    - **Fan-in and fan-out.** Weights outside a random mask are exactly 0, see :func:`draw_mask`. Where neurons with
      sources of their own may each take a core, the fan-out is also what the axons of a core allow.
    - **Weights and biases** are rounded in every run to the numbers that the chip's arithmetic has, and gradients pass
      as if they were not, see :class:`WeightOnGrid`; :func:`~spikewright.network.deploy` leaves the rounded ones. Where
      the arithmetic is not modelled bit for bit it is one of as many bits, and where no width is known nothing is
      rounded.

    Parameters
    ----------
    net : Network
        Not trained yet; its connections become those of the result.
    chip : Chip, str or None
        The chip, or its name; ``None`` returns the network as it is.
    sample : tuple of int
        Shape of a sample.
    neuron : LIF
        What the neurons should be like.

    Raises
    ------
    ModelError
        If the network does not fit, with all that is in the way.
    """
    if chip is None:
        return net
    chip = load(chip) if isinstance(chip, str) else chip
    neurons = neuron_for(chip, neuron, net.dt)
    layers = [_with(neurons, layer, name) for name, layer, _ in net.sources()]
    net = Network(_code(net.encoder, chip), *layers, net.readout, dt=net.dt)
    _limit(net, chip)
    found = (*_unlike(net), *misfits(net, chip, raster_shape(net, sample)))
    if found:
        raise ModelError(f"{chip.title}: this network does not fit. {' '.join(str(misfit) for misfit in found)}")
    for _, layer, _ in net.sources():
        _round(layer, chip, net.dt)
    return net


def _with(neurons: NeuronModel, layer: Layer, name: str) -> Layer:
    """Return a layer with other neurons, if it has any."""
    taken = None if layer.neuron is None else neurons
    return Layer(layer.connection, taken, recurrent=layer.recurrent, name=name, inputs=layer.inputs)


def _code(encoder: Encoder, chip: Chip) -> Encoder:
    if chip.analog_input or not isinstance(encoder, Direct):
        return encoder
    return Regular(steps=encoder.steps, before=encoder.before)


def _limit(net: Network, chip: Chip) -> None:
    """Take from all weighted connections the biases and synapses that a chip has not."""
    fed = {INPUT: False}  # whether what arrives is sent by neurons
    for name, layer, sources in net.sources():
        sent = any(fed[source] for source in sources)
        fed[name] = sent or layer.neuron is not None
        connection = layer.connection
        if not isinstance(connection, nn.Linear | nn.Conv2d):
            continue
        if not chip.bias:
            connection.bias = None
        fan_out = _fan_out(chip, connection, last=name == net.last) if sent else None
        mask = draw_mask(tuple(connection.weight.shape), fan_in=chip.fan_in, fan_out=fan_out)
        if mask.all():
            continue
        with torch.no_grad():
            # As many synapses as there are should have the variance that torch gives to all.
            connection.weight.mul_((mask.numel() / mask.sum()).sqrt())
        parametrize.register_parametrization(connection, "weight", Masked(mask))


def _fan_out(chip: Chip, connection: nn.Linear | nn.Conv2d, *, last: bool) -> int | None:
    """Return how many targets a neuron may have; the outputs of a chip do not count, but take axons."""
    limits = [] if last or chip.fan_out is None else [chip.fan_out]
    apart = chip.fan_in is not None and prod(connection.weight.shape[1:]) > chip.fan_in
    if apart and chip.axons_out is not None:
        # Targets with sources of their own can come to stand in a core each.
        limits.append(chip.axons_out // chip.axons_per_source)
    return min(limits, default=None)


def _unlike(net: Network) -> Iterator[Misfit]:
    """Yield the layers whose weights could not be kept on a chip's grid."""
    for name, layer, _ in net.sources():
        kind = type(layer.connection).__name__
        weighted = layer.connection is not None and any(True for _ in layer.connection.parameters())
        if layer.recurrent is not None:
            yield _misfit(name, "feedforward connections to train", "a recurrent one", "Leave it out.")
        if weighted and layer.neuron is None:
            change = "Use no batch normalisation and no average pooling."
            yield _misfit(name, "neurons behind every weighted connection", f"{kind} without neurons", change)
        elif weighted and not isinstance(layer.connection, nn.Linear | nn.Conv2d):
            yield _misfit(name, "Linear or Conv2d", kind, "Use one of these.")


def _misfit(layer: str, allowed: str, needed: str, change: str) -> Misfit:
    return Misfit(layer, "connections", allowed, needed, change, "training for a chip")


def _round(layer: Layer, chip: Chip, dt: float) -> None:
    """Put the weights and biases of a layer on the grid of the chip's arithmetic."""
    arithmetic, connection, neuron = arithmetic_to_train_for(chip), layer.connection, layer.neuron
    if arithmetic is None or neuron is None or not isinstance(connection, nn.Linear | nn.Conv2d):
        return
    one = Floats(layer.name, neuron, (1,), (), np.zeros(1), dt, analog=False, last=False)
    threshold = float(one.each(neuron.v_threshold)[0])  # type: ignore[attr-defined] # every neuron of neuron_for has one
    rounding = WeightOnGrid(arithmetic.grid(one), threshold, per_channel=arithmetic.per_channel)
    parametrize.register_parametrization(connection, "weight", rounding)
    if connection.bias is not None:
        parametrize.register_parametrization(connection, "bias", BiasOnGrid(connection, rounding))
