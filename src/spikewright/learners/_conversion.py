"""From a network of rectifiers to one of integrate-and-fire neurons whose rates equal their activations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, check_in_range
from spikewright.coding import Encoder, Membrane, Samples
from spikewright.network import INPUT, Layer, MaxCountPool2d, Network, deploy
from spikewright.neurons import IF, Integrator, ReLU


@dataclass(frozen=True, eq=False)
class Conversion:
    """A spiking network and the artificial one whose activations its rates stand for.

    Parameters
    ----------
    artificial : Network
        With batch normalisation folded and dropout gone.
    network : Network
        Its layers have the names of those of ``artificial``.
    scales : dict of str to float
        By layer, the activation that one spike a step stands for.
    """

    artificial: Network
    network: Network
    scales: dict[str, float]


def convert(
    net: Network, samples: Samples, *, code: Encoder, percentile: float = 99.9, v_start: float = 0.5
) -> Conversion:
    r"""Convert an artificial network into a spiking one.

    An integrate-and-fire neuron that subtracts its threshold 1 fires at the rate :math:`\min(1, \max(0, w r + b))` a
    step, up to :math:`O(1/T)`. Weights are scaled so that the activations of each layer reach 1 at the given percentile
    of what the samples evoke:

    .. math:: W^l \leftarrow W^l \frac{\lambda^{l-1}}{\lambda^l}, \qquad b^l \leftarrow \frac{b^l}{\lambda^l}

    Layers without weights between them, and layers whose outputs are summed, share one :math:`\lambda`, the largest of
    theirs. A maximum pool becomes a :class:`~spikewright.network.MaxCountPool2d`.

    Parameters
    ----------
    net : Network
        Layers of rectifiers, with the output layer's charges as scores; batch normalisation is folded first.
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
    Conversion
        Hidden neurons are :class:`~spikewright.neurons.IF`; the output integrates without firing.

    Raises
    ------
    ModelError
        If a layer feeds back, or has units other than rectifiers.

    References
    ----------
    Diehl, Neil, Binas, Cook, Liu, Pfeiffer, Fast-classifying, high-accuracy spiking deep networks, IJCNN 2015.
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Frontiers in Neuroscience 11, 2017.
    """
    check_in_range("convert.percentile", percentile, 0.0, 100.0)
    artificial = deploy(net)
    _check(artificial)
    with torch.no_grad():
        outputs = artificial.propagate(artificial.encode(samples))
    scales = _scales(artificial, {name: _scale(outputs[name], percentile) for name in _units(artificial)})
    # A copy, whose weights are scaled.
    bare = deploy(artificial)
    layers = []
    for name, layer, sources in bare.sources():
        if _is_weighted(layer):
            assert layer.connection is not None  # it has weights
            _rescale(layer.connection, scales[sources[0]], scales[name])
        neuron = None if layer.neuron is None else IF(v_start=v_start)
        layers.append(Layer(on_spikes(layer.connection), neuron, name=name, inputs=layer.inputs))
    layers.append(Layer(None, Integrator(), name=_unused("scores", bare)))
    network = Network(replace(code, before=bare.encoder.before), *layers, Membrane(), dt=net.dt).eval()
    return Conversion(artificial, network, scales)


@singledispatch
def on_spikes(connection: nn.Module | None) -> nn.Module | None:
    """Return what does to rates what a connection does to activations; most do the same."""
    return connection


@on_spikes.register
def _(connection: nn.MaxPool2d) -> nn.Module:
    window = connection.kernel_size, connection.stride, connection.padding, connection.dilation
    return MaxCountPool2d(*window, ceil_mode=connection.ceil_mode)


def _check(net: Network) -> None:
    for name, layer, _ in net.sources():
        if layer.recurrent is not None:
            raise ModelError(f"convert: layer {name!r} feeds back; only layers that do not can be converted.")
        if not isinstance(layer.neuron, ReLU | None):
            raise ModelError(f"convert: layer {name!r} has units {layer.neuron}; only rectifiers can be converted.")


def _units(net: Network) -> list[str]:
    return [name for name, layer, _ in net.sources() if layer.neuron is not None]


def _is_weighted(layer: Layer) -> bool:
    return layer.connection is not None and any(True for _ in layer.connection.parameters())


def _scales(net: Network, units: dict[str, float]) -> dict[str, float]:
    """Return the scale of each layer and of the input: one for all that weights do not separate."""
    group = {INPUT: INPUT} | {name: name for name in net.layers}

    def head(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for name, layer, sources in net.sources():
        for source in sources[1:] if _is_weighted(layer) else sources:
            group[head(source)] = head(sources[0])
        if not _is_weighted(layer):
            group[head(name)] = head(sources[0])
    largest: dict[str, float] = {}
    for name, scale in units.items():
        largest[head(name)] = max(scale, largest.get(head(name), 0.0))
    # The input keeps its values, and so do scores behind the last unit.
    return {name: 1.0 if head(name) == head(INPUT) else largest.get(head(name), 1.0) for name in group}


def _scale(activations: Tensor, percentile: float) -> float:
    active = activations[activations > 0].numpy()
    return float(np.percentile(active, percentile)) if len(active) else 1.0


def _rescale(connection: nn.Module, arriving: float, leaving: float) -> None:
    with torch.no_grad():
        for name, parameter in connection.named_parameters():
            parameter.mul_(1 / leaving if name == "bias" else arriving / leaving)


def _unused(name: str, net: Network) -> str:
    while name in net.layers:
        name += "_"
    return name
