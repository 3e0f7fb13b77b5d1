"""What remains of a network when training is over: batch normalisation folded into weights, dropout gone."""

from __future__ import annotations

from copy import deepcopy
from functools import singledispatch

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from spikewright.checks import ModelError
from spikewright.network._connections import Dropout
from spikewright.network._gather import INPUT
from spikewright.network._layer import Layer
from spikewright.network._network import Network


def deploy(net: Network) -> Network:
    r"""Return a network that gives the same outputs as ``net`` in evaluation, of connections and neurons alone.

    Dropout is left out, and tensors that are computed from others (``torch.nn.utils.parametrize``) become plain ones. A
    batch normalisation, a layer's connection that stands behind a dense or convolutional layer without neurons, is
    folded into that layer:

    .. math:: \tilde W = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W, \qquad
        \tilde b = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta

    Parameters
    ----------
    net : Network
        Stays as it is.

    Returns
    -------
    Network
        Shares no tensor with ``net``; its layers keep the names they had, the folded one that of the normalisation.

    Raises
    ------
    ModelError
        If a batch normalisation has nothing to be folded into.

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Frontiers in Neuroscience 11, 2017, section 2.2.3.
    """
    taken_over: dict[str, str] = {INPUT: INPUT}
    layers: dict[str, Layer] = {}
    for name, layer, sources in net.sources():
        inputs = tuple(taken_over[source] for source in sources)
        taken_over[name] = name
        if isinstance(layer.connection, Dropout):
            taken_over[name] = inputs[0]
            continue
        connection = None if layer.connection is None else plain(layer.connection)
        if isinstance(connection, nn.BatchNorm1d | nn.BatchNorm2d):
            before = layers.pop(inputs[0], None)
            connection, inputs = _folded(name, before, connection)
        recurrent = None if layer.recurrent is None else plain(layer.recurrent)
        layers[name] = Layer(connection, layer.neuron, recurrent=recurrent, name=name, inputs=inputs)
    bare = Network(net.encoder, *layers.values(), net.readout, dt=net.dt)
    return deepcopy(bare).to(net.like).train(net.training)


@singledispatch
def plain(connection: nn.Module) -> nn.Module:
    """Return a copy of a connection whose tensors that are computed from others are plain ones, as they are now.

    A connection that stands for a simpler one registers how to make it: ``@plain.register``.
    """
    copy = deepcopy(connection)
    for module in list(copy.modules()):
        parametrizations = getattr(module, "parametrizations", ())
        computed = {name: nn.Parameter(getattr(module, name).detach()) for name in parametrizations}
        if computed:
            # remove_parametrizations would take the tensors from the class, which the copy shares with its original.
            module.__class__ = parametrize.type_before_parametrizations(module)
            del module.parametrizations
        for name, tensor in computed.items():
            module.register_parameter(name, tensor)
    return copy


def _folded(
    name: str, before: Layer | None, norm: nn.BatchNorm1d | nn.BatchNorm2d
) -> tuple[nn.Linear | nn.Conv2d, tuple[str, ...]]:
    """Return the connection of ``before`` with ``norm`` folded in, and the inputs of ``before``."""
    connection = None if before is None else before.connection
    if before is None or before.neuron is not None or not isinstance(connection, nn.Linear | nn.Conv2d):
        raise ModelError(f"deploy: batch normalisation {name!r} must stand behind a Linear or Conv2d without neurons.")
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ModelError(f"deploy: batch normalisation {name!r} keeps no running statistics, so it cannot be folded.")
    with torch.no_grad():
        weight, bias = fold(connection, norm, mean, variance)
    connection.weight, connection.bias = nn.Parameter(weight), nn.Parameter(bias)
    return connection, before.inputs


def fold(
    connection: nn.Linear | nn.Conv2d, norm: nn.BatchNorm1d | nn.BatchNorm2d, mean: Tensor, variance: Tensor
) -> tuple[Tensor, Tensor]:
    """Return weights and biases of a connection with a batch normalisation in them, by statistics of shape (channel,).

    Shapes are those of the connection's own; see :func:`deploy`.
    """
    scale = _or(norm.weight, torch.ones_like(mean)) / torch.sqrt(variance + norm.eps)
    bias = (_or(connection.bias, torch.zeros_like(mean)) - mean) * scale + _or(norm.bias, torch.zeros_like(mean))
    return connection.weight * scale.reshape(-1, *[1] * (connection.weight.ndim - 1)), bias


def _or(tensor: Tensor | None, other: Tensor) -> Tensor:
    return other if tensor is None else tensor
