"""A network as JSON and named tensors, and back."""

from __future__ import annotations

import torch
from torch import Tensor

from spikewright.checks import ModelError
from spikewright.coding import Encoder, Readout
from spikewright.exchange._connections import decode_connection, encode_connection
from spikewright.exchange._values import Json, decode, encode
from spikewright.network import Layer, Network
from spikewright.neurons import NeuronModel

_PARTS = ("dt", "dtype", "encoder", "layers", "readout")
_LAYER = ("connection", "inputs", "name", "neuron", "recurrent")
_DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def describe(net: Network) -> tuple[Json, dict[str, Tensor]]:
    """Return what a network is made of as JSON, and its tensors by the names that the JSON uses."""
    tensors: dict[str, Tensor] = {}
    layers = []
    for name, layer, _ in net.sources():
        path = f"layers.{name}"
        layers.append(
            {
                "name": name,
                "inputs": list(layer.inputs),
                "connection": encode_connection(layer.connection, f"{path}.connection", tensors),
                "neuron": encode(layer.neuron, f"{path}.neuron", tensors),
                "recurrent": encode_connection(layer.recurrent, f"{path}.recurrent", tensors),
            }
        )
    described = {
        "dt": net.dt,
        "dtype": str(net.like.dtype),
        "encoder": encode(net.encoder, "encoder", tensors),
        "layers": layers,
        "readout": encode(net.readout, "readout", tensors),
    }
    return described, tensors


def build(described: Json, tensors: dict[str, Tensor]) -> Network:
    """Return the network that :func:`describe` described, in evaluation mode.

    Raises
    ------
    ModelError
        If the description cannot be understood, or does not use every tensor once.
    """
    _check_keys("the description", described, _PARTS)
    left = dict(tensors)
    encoder = decode(described["encoder"], left, "encoder")
    readout = decode(described["readout"], left, "readout")
    if not isinstance(encoder, Encoder) or not isinstance(readout, Readout):
        raise ModelError("the description: has no encoder or no readout")
    if not isinstance(described["layers"], list) or not isinstance(described["dt"], int | float):
        raise ModelError("the description: has no list of layers or no time step")
    dtype = next((dtype for dtype in _DTYPES if str(dtype) == described["dtype"]), None)
    if dtype is None:
        raise ModelError(f"dtype: unknown: {str(described['dtype'])[:80]!r}")
    layers = [_layer(layer, number, left) for number, layer in enumerate(described["layers"], start=1)]
    if left:
        raise ModelError(f"tensor {min(left)!r}: belongs to no part of the network")
    net = Network(encoder, *layers, readout, dt=described["dt"])
    # Only this buffer tells the network's dtype; each of the other tensors keeps the one it was written with.
    net.register_buffer("_like", net.like.to(dtype), persistent=False)
    return net.eval()


def _layer(described: Json, number: int, tensors: dict[str, Tensor]) -> Layer:
    where = f"layer {number}"
    _check_keys(where, described, _LAYER)
    name, inputs = described["name"], described["inputs"]
    if not isinstance(name, str) or not isinstance(inputs, list) or not all(isinstance(item, str) for item in inputs):
        raise ModelError(f"{where}: name and inputs must be texts")
    path = f"layers.{name}"
    neuron = decode(described["neuron"], tensors, f"{path}.neuron")
    if neuron is not None and not isinstance(neuron, NeuronModel):
        raise ModelError(f"{path}.neuron: a {type(neuron).__name__} is no neuron model")
    return Layer(
        decode_connection(described["connection"], f"{path}.connection", tensors),
        neuron,
        recurrent=decode_connection(described["recurrent"], f"{path}.recurrent", tensors),
        name=name,
        inputs=tuple(inputs),
    )


def _check_keys(where: str, described: Json, keys: tuple[str, ...]) -> None:
    if not isinstance(described, dict) or tuple(sorted(described)) != keys:
        raise ModelError(f"{where}: must have {', '.join(keys)} and nothing else")
