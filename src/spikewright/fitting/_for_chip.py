"""A network whose training keeps it within what a chip has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import nn
from torch.nn.utils import parametrize

from spikewright.checks import ModelError
from spikewright.chips import Chip, load
from spikewright.coding import Direct, Encoder, Regular
from spikewright.fitting._chip_synapses import limit_synapses, weighted
from spikewright.fitting._norm_on_grid import NormOnGrid
from spikewright.fitting._on_grid import BiasOnGrid, WeightOnGrid
from spikewright.network import Layer, Network, deploy, raster_shape
from spikewright.neurons import LIF, NeuronModel
from spikewright.placing import Misfit, misfits
from spikewright.quantised import Arithmetic, Floats, arithmetic_to_train_for, neuron_for


def for_chip(net: Network, chip: Chip | str | None, sample: tuple[int, ...], neuron: LIF) -> Network:
    """Return a network as a chip has it, to be trained as it is then.

    - **Code.** Where the chip takes spikes only, an analog current becomes :class:`~spikewright.coding.Regular` spikes.
    - **Neurons.** All layers with neurons take those of :func:`~spikewright.quantised.neuron_for`.
    - **Biases** are left out where the chip has none.
    - **Fan-in and fan-out.** Weights outside a random mask are exactly 0, see :func:`limit_synapses`.
    - **Weights and biases** are rounded in every run to the numbers that the chip's arithmetic has, and gradients pass
      as if they were not, see :class:`WeightOnGrid`; :func:`~spikewright.network.deploy` leaves the rounded ones. Where
      the arithmetic is not modelled bit for bit it is one of as many bits, and where no width is known nothing is
      rounded. Weights from neurons to themselves have the step of those that come from outside.
    - **Batch normalisation** is folded into weights and biases before these are rounded, see :class:`NormOnGrid`.

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
    unlike = tuple(_unlike(net, chip))
    limit_synapses(net, chip)
    found = (*unlike, *misfits(deploy(net), chip, raster_shape(net, sample)))
    if found:
        raise ModelError(f"{chip.title}: this network does not fit. {' '.join(str(misfit) for misfit in found)}")
    return _rounded(net, chip)


def _with(neurons: NeuronModel, layer: Layer, name: str) -> Layer:
    """Return a layer with other neurons, if it has any."""
    taken = None if layer.neuron is None else neurons
    return Layer(layer.connection, taken, recurrent=layer.recurrent, name=name, inputs=layer.inputs)


def _code(encoder: Encoder, chip: Chip) -> Encoder:
    if chip.analog_input or not isinstance(encoder, Direct):
        return encoder
    return Regular(steps=encoder.steps, before=encoder.before)


def _unlike(net: Network, chip: Chip) -> Iterator[Misfit]:
    """Yield the layers whose weights could not be kept on a chip's grid."""
    normalised = {source for _, layer, sources in net.sources() if _is_norm(layer.connection) for source in sources}
    for name, layer, _ in net.sources():
        connection, kind, feedback = layer.connection, type(layer.connection).__name__, layer.recurrent
        has_weights = connection is not None and any(True for _ in connection.parameters())
        alike = isinstance(feedback, nn.Linear | nn.Conv2d) and type(feedback) is type(connection)
        if feedback is not None and not (alike and feedback.bias is None):
            allowed, needed = "recurrent connections of the kind before the neurons, without a bias", repr(feedback)
            yield _misfit(name, allowed, needed, "Use one of these, without batch normalisation, or leave it out.")
        if has_weights and layer.neuron is None and name not in normalised:
            allowed, change = "neurons behind every weighted connection", "Put neurons before a pool."
            yield _misfit(name, allowed, f"{kind} without neurons", change)
        elif _is_norm(connection) and not chip.bias:
            yield _misfit(name, "no bias", f"{kind}, which becomes one", "Use no batch normalisation.")
        elif has_weights and not isinstance(connection, nn.Linear | nn.Conv2d) and not _is_norm(connection):
            yield _misfit(name, "Linear or Conv2d", kind, "Use one of these.")


def _is_norm(connection: nn.Module | None) -> bool:
    return isinstance(connection, nn.BatchNorm1d | nn.BatchNorm2d)


def _misfit(layer: str, allowed: str, needed: str, change: str) -> Misfit:
    return Misfit(layer, "connections", allowed, needed, change, "training for a chip")


def _rounded(net: Network, chip: Chip) -> Network:
    """Return a network whose weights and biases are on the grid of a chip's arithmetic."""
    arithmetic = arithmetic_to_train_for(chip)
    if arithmetic is None:
        return net
    layers: dict[str, Layer] = {}
    for name, layer, sources in net.sources():
        connection, inputs = layer.connection, layer.inputs
        if isinstance(connection, nn.BatchNorm1d | nn.BatchNorm2d):
            before = layers.pop(sources[0])
            assert isinstance(before.connection, nn.Linear | nn.Conv2d)  # deploy, asked before, refuses others
            rounding = _rounding(layer, arithmetic, net.dt)
            connection, inputs = NormOnGrid(before.connection, connection, rounding), before.inputs
        elif layer.neuron is not None:
            _round(layer, arithmetic, net.dt)
        layers[name] = Layer(connection, layer.neuron, recurrent=layer.recurrent, name=name, inputs=inputs)
    return Network(net.encoder, *layers.values(), net.readout, dt=net.dt)


def _round(layer: Layer, arithmetic: Arithmetic, dt: float) -> None:
    """Put the weights and biases of a layer on the grid of an arithmetic."""
    connections = weighted(layer)
    trained = [_trained(connection) for connection in connections]
    for connection, own in zip(connections, trained, strict=True):
        beside = tuple(weight for weight in trained if weight is not own)
        rounding = _rounding(layer, arithmetic, dt, beside=beside)
        parametrize.register_parametrization(connection, "weight", rounding)
        if connection.bias is not None:
            parametrize.register_parametrization(connection, "bias", BiasOnGrid(connection, rounding))


def _rounding(
    layer: Layer, arithmetic: Arithmetic, dt: float, *, beside: tuple[nn.Parameter, ...] = ()
) -> WeightOnGrid:
    """Return the rounding of weights to the numbers that an arithmetic has for the neurons of a layer."""
    neuron = layer.neuron
    assert neuron is not None  # the callers ask
    one = Floats(layer.name, neuron, (1,), (), np.zeros(1), dt, analog=False, last=False)
    threshold = float(one.each(neuron.v_threshold)[0])  # type: ignore[attr-defined] # every neuron of neuron_for has one
    return WeightOnGrid(arithmetic.grid(one), threshold, per_channel=arithmetic.per_channel, beside=beside)


def _trained(connection: nn.Module) -> nn.Parameter:
    """Return the weights that are trained, of which those of the connection are computed."""
    masked = parametrize.is_parametrized(connection, "weight")
    weight: nn.Parameter = connection.parametrizations.weight.original if masked else connection.weight  # type: ignore[union-attr, assignment] # torch types attributes of modules as Tensor | Module
    return weight
