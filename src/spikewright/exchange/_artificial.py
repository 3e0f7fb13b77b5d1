"""Artificial networks of other programs as networks of rectifiers, ready to be converted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, SpikeCount
from spikewright.network import INPUT, Layer, Network, deploy
from spikewright.neurons import ReLU


@dataclass(frozen=True)
class Operation:
    """One operation of an artificial network.

    Parameters
    ----------
    name : str
        Unique.
    inputs : tuple of str
        Names of the operations whose outputs it sums; ``"input"`` is the sample.
    module : nn.Module or None
        What it does to their sum; ``None`` for nothing.
    """

    name: str
    inputs: tuple[str, ...]
    module: nn.Module | None = None


def assembled(operations: list[Operation], output: str) -> Network:
    """Return the network of operations that are listed in an order in which they can be done.

    A rectifier stands behind the connection it belongs to; sums are layers that receive from several. Batch
    normalisation is folded and dropout left out.

    Raises
    ------
    ModelError
        If the network has no layer, or a batch normalisation nothing to be folded into.
    """
    uses: dict[str, int] = {}
    for operation in operations:
        for source in operation.inputs:
            uses[source] = uses.get(source, 0) + 1
    stands: dict[str, str] = {INPUT: INPUT}  # by operation, the layer that gives its output
    layers: dict[str, Layer] = {}
    for operation in operations:
        inputs = tuple(stands[source] for source in operation.inputs)
        before = layers.get(inputs[0])
        if isinstance(operation.module, nn.Identity | nn.Dropout | nn.Dropout2d) or (
            operation.module is None and len(inputs) == 1
        ):
            stands[operation.name] = inputs[0]
        elif isinstance(operation.module, nn.ReLU):
            merged = before is not None and before.neuron is None and uses[operation.inputs[0]] == 1
            if before is not None and merged and len(inputs) == 1:
                layers[inputs[0]] = Layer(before.connection, ReLU(), name=before.name, inputs=before.inputs)
                stands[operation.name] = inputs[0]
            else:
                stands[operation.name] = _add(layers, operation.name, Layer(None, ReLU(), inputs=inputs))
        else:
            stands[operation.name] = _add(layers, operation.name, Layer(operation.module, inputs=inputs))
    if not layers:
        raise ModelError("the network does nothing to its input")
    if stands[output] != next(reversed(layers)):
        _add(layers, "scores", Layer(inputs=(stands[output],)))
    return deploy(Network(Direct(steps=1), *layers.values(), SpikeCount(), dt=1e-3).eval())


def _add(layers: dict[str, Layer], name: str, layer: Layer) -> str:
    plain = name.replace(".", "_")
    if plain in layers or plain == INPUT or hasattr(nn.ModuleDict(), plain) or not plain:
        plain = f"layer{len(layers) + 1}_{plain}"
    layer.name = plain
    layers[plain] = layer
    return plain


def linear(weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Linear:
    """Return a dense connection of a weight of shape (out, in)."""
    with torch.device("meta"):
        module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    module.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}), assign=True)
    return module


def refuse(unsupported: list[str], where: str) -> None:
    """Raise if there are operations that cannot be converted, and list all of them."""
    if unsupported:
        listed = ", ".join(dict.fromkeys(unsupported))
        raise ModelError(
            f"{where}: cannot be converted because of {listed}. What can: dense and convolutional layers, batch "
            "normalisation, rectifiers, average and maximum pooling, sums, flattening and dropout."
        )
