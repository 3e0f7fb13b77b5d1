"""Networks as NIR files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import nir
import numpy as np
import torch
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.exchange._nir_import import WRITER
from spikewright.exchange._nir_nodes import Spot, node_of_connection, node_of_neuron
from spikewright.exchange._open import open_model
from spikewright.exchange._unsaid import Unsaid
from spikewright.exchange._values import Json, encode
from spikewright.files import write_whole
from spikewright.network import INPUT, Layer, Network, deploy, output_shape


def export_nir(
    net: Network, path: str | Path, *, sample: tuple[int, ...] | None = None, notes: Mapping[str, Json] | None = None
) -> None:
    """Write a network as a NIR file, in one move: a reader never sees half of it.

    Batch normalisation is folded and dropout left out. What NIR does not say (time step, decay, kind of reset, order of
    operations, encoder, readout, potential at the start) is written as metadata, from which :func:`open_network` makes
    the same network; other libraries read the equations alone.

    Parameters
    ----------
    net : Network
        Of connections and neurons that NIR has.
    path : path
        Any name; ``.nir`` tells other programs what it is.
    sample : tuple of int, optional
        Shape of one sample of what the first layer receives. Not needed where that is an ``nn.Linear``.
    notes : mapping, optional
        Anything that JSON holds; :func:`open_model` gives it back.

    Raises
    ------
    ModelError
        If a layer has what NIR cannot say; the message names the layer and the reason.
    """
    if net.like.dtype not in (torch.float32, torch.float64):
        raise ModelError(f"export_nir: weights must be float32 or float64; got {net.like.dtype}. Use net.float().")
    bare = deploy(net)
    writer = _Writer(bare.dt, {INPUT: _sample(bare, sample)})
    for name, layer, sources in bare.sources():
        writer.add(name, layer, sources)
    graph = nir.NIRGraph(*writer.finished(bare.last), metadata=_metadata(net, notes or {}), type_check=False)
    written = io.BytesIO()
    nir.write(written, graph)
    write_whole(Path(path), written.getvalue())


def export_file(
    model: str | Path, out: str | Path, *, sample: tuple[int, ...] | None = None, unsaid: Unsaid | None = None
) -> dict[str, str]:
    """Write the network of a model file as a NIR file, with its notes.

    Parameters
    ----------
    model, out : path
    sample : tuple of int, optional
        Shape of one sample; without it that of the file, if it says one.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.

    Returns
    -------
    dict of str to str
        The type of each node by its name.

    Raises
    ------
    ModelError
        As :func:`open_model` and :func:`export_nir`.
    """
    opened = open_model(model, unsaid=unsaid)
    export_nir(opened.network, out, sample=sample or opened.sample, notes=opened.notes)
    return {name: type(node).__name__ for name, node in nir.read(out).nodes.items()}


@dataclass
class _Writer:
    """Makes nodes of layers, one after another."""

    dt: float
    shapes: dict[str, tuple[int, ...]]
    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    given: dict[str, tuple[str, ...]] = field(default_factory=lambda: {INPUT: (INPUT,)})  # by layer, the nodes it sums

    def add(self, name: str, layer: Layer, sources: tuple[str, ...]) -> None:
        """Add the nodes of a layer."""
        shape = self.shapes[sources[0]]
        after = self.shapes[name] = output_shape(layer.connection, shape)
        arriving = tuple(node for source in sources for node in self.given[source])
        if len(set(arriving)) < len(arriving):
            raise ModelError(
                f"export_nir: layer {name!r} receives the same spikes twice, and NIR has one edge for both."
            )
        neuron = layer.neuron
        if layer.connection is not None and not isinstance(layer.connection, nn.Identity):
            path = name if neuron is None else f"{name}.connection"
            arriving = self._put(path, node_of_connection(layer.connection, Spot(name, shape, self.dt)), arriving)
        if neuron is not None:
            spot = Spot(name, after, self.dt)
            arriving = self._put(name, node_of_neuron(neuron, spot), arriving)
            if isinstance(layer.recurrent, nn.Identity):
                self.edges.append((name, name))
            elif layer.recurrent is not None:
                (back,) = self._put(f"{name}.recurrent", node_of_connection(layer.recurrent, spot), arriving)
                self.edges.append((back, name))
        self.given[name] = arriving

    def finished(self, last: str) -> tuple[dict[str, nir.NIRNode], list[tuple[str, str]]]:
        """Return all nodes and edges, those of input and output too."""
        nodes = {INPUT: nir.Input(np.array(self.shapes[INPUT])), **self.nodes}
        leave = next(name for name in ("output", "output_of_network") if name not in nodes)
        nodes[leave] = nir.Output(np.array(self.shapes[last]))
        return nodes, [*self.edges, *((node, leave) for node in self.given[last])]

    def _put(self, name: str, node: nir.NIRNode, arriving: tuple[str, ...]) -> tuple[str, ...]:
        self.nodes[name] = node
        self.edges += [(source, name) for source in arriving]
        return (name,)


def _sample(net: Network, sample: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape of a sample, as given or as the first layer has it."""
    _, first, _ = next(net.sources())
    if sample is None and isinstance(first.connection, nn.Linear):
        return (first.connection.in_features,)
    if sample is None:
        raise ModelError("export_nir.sample: the first layer does not tell the shape of a sample; give it.")
    return tuple(sample)


def _metadata(net: Network, notes: Mapping[str, Json]) -> dict[str, object]:
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, object] = {
        "written_by": f"{WRITER} {version(WRITER)}",
        "dt": float(net.dt),
        "dtype": str(net.like.dtype).removeprefix("torch."),
        "unit_of_time": "second",
        "decay": "exp(-dt / tau)",
        "input": "a spike is a charge: with r = tau / dt it adds its weight to v at once",
        "order": "decay, add what arrives, fire where v >= v_threshold, reset; spikes fed back arrive in the next step",
        "encoder": json.dumps(encode(net.encoder, "encoder", tensors)),
        "readout": json.dumps(encode(net.readout, "readout", tensors)),
        "notes": json.dumps(dict(notes)),
    }
    if tensors:
        metadata["tensors"] = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
    return metadata
