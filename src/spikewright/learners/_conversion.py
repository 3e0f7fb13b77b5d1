"""From a network of rectifiers to one of integrate-and-fire neurons whose rates equal their activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, check_in_range
from spikewright.coding import Encoder, Membrane, Samples
from spikewright.network import INPUT, Layer, Network, deploy
from spikewright.neurons import IF, Integrator, ReLU


def convert(
    net: Network, samples: Samples, *, code: Encoder, percentile: float = 99.9, v_start: float = 0.5
) -> Network:
    r"""Convert an artificial network into a spiking one.

    An integrate-and-fire neuron that subtracts its threshold 1 fires at the rate :math:`\min(1, \max(0, w r + b))` a
    step,
    up to :math:`O(1/T)`. Weights are scaled so that the activations of each layer reach 1 at the given percentile of
    what the samples evoke:

    .. math:: W^l \leftarrow W^l \frac{\lambda^{l-1}}{\lambda^l}, \qquad b^l \leftarrow \frac{b^l}{\lambda^l}

    Parameters
    ----------
    net : Network
        Layers of rectifiers in a chain, with the output layer's charges as scores; batch normalisation is folded first.
    samples : array or sequence of Events
        Training samples that show the activations; a few hundred suffice.
    code : Encoder
        How the spiking network receives its input: ``Direct`` (analog current) or ``Poisson``; it keeps the transforms
        that ``net`` applies to samples.
    percentile : float
        In (0, 100]; 100 is the largest activation.
    v_start : float
        Potential at the start of a run, in thresholds; 0.5 rounds rates to the nearest count instead of down.

    Returns
    -------
    Network
        Hidden neurons are :class:`~spikewright.neurons.IF`; the output integrates without firing.

    Raises
    ------
    ModelError
        If layers branch, or a layer has units other than rectifiers.

    References
    ----------
    Diehl, Neil, Binas, Cook, Liu, Pfeiffer, Fast-classifying, high-accuracy spiking deep networks, IJCNN 2015.
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Frontiers in Neuroscience 11, 2017.
    """
    check_in_range("convert.percentile", percentile, 0.0, 100.0)
    bare = deploy(net)
    with torch.no_grad():
        outputs = bare.propagate(bare.encode(samples))
    _check_chain(bare)
    scales = {INPUT: 1.0, **{name: _scale(outputs[name], percentile) for name, layer in _units(bare)}}
    arriving = scales[INPUT]
    layers = []
    for name, layer, _ in bare.sources():
        if layer.connection is not None and any(True for _ in layer.connection.parameters()):
            leaving = _next_scale(bare, name, scales)
            _rescale(layer.connection, arriving, leaving)
            arriving = leaving
        layers.append(Layer(layer.connection, None if layer.neuron is None else IF(v_start=v_start), name=name))
    layers.append(Layer(None, Integrator(), name="scores"))
    return Network(replace(code, before=bare.encoder.before), *layers, Membrane(), dt=net.dt).eval()


def _check_chain(net: Network) -> None:
    before = INPUT
    for name, layer, sources in net.sources():
        if sources != (before,) or layer.recurrent is not None:
            raise ModelError(f"convert: layer {name!r} branches or feeds back; only chains of layers can be converted.")
        if not isinstance(layer.neuron, ReLU | None):
            raise ModelError(f"convert: layer {name!r} has units {layer.neuron}; only rectifiers can be converted.")
        before = name


def _units(net: Network) -> list[tuple[str, Layer]]:
    return [(name, layer) for name, layer, _ in net.sources() if layer.neuron is not None]


def _next_scale(net: Network, name: str, scales: dict[str, float]) -> float:
    """Return the scale of the first units at or after a layer; the scores after the last keep theirs."""
    names = list(net.layers)
    return next((scales[later] for later in names[names.index(name) :] if later in scales), 1.0)


def _scale(activations: Tensor, percentile: float) -> float:
    active = activations[activations > 0].numpy()
    return float(np.percentile(active, percentile)) if len(active) else 1.0


def _rescale(connection: nn.Module, arriving: float, leaving: float) -> None:
    with torch.no_grad():
        for name, parameter in connection.named_parameters():
            parameter.mul_(1 / leaving if name == "bias" else arriving / leaving)
