"""NIR files as networks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path

import nir
import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from spikewright.checks import ModelError, SpikewrightError
from spikewright.coding import Encoder, Readout
from spikewright.exchange._convention import Convention, Euler, Exact
from spikewright.exchange._nir_connections import connection_of
from spikewright.exchange._nir_graph import NEURONS, PASSING, Graph, read_graph
from spikewright.exchange._nir_neurons import Place, neurons_of
from spikewright.exchange._values import Json, decode
from spikewright.network import INPUT, Layer, Temporal
from spikewright.neurons import NeuronModel

WRITER = "spikewright"
LARGEST = 1 << 26
"""Values of one sample anywhere in a network; more would not run."""


@dataclass(frozen=True)
class Contents:
    """What a NIR file holds, as far as a network needs it.

    Parameters
    ----------
    layers : tuple of Layer
        In order.
    dt : float
        Length of a step in seconds.
    dt_stated : bool
        Whether the file or the caller said it; if not, it is that of the convention.
    sample : tuple of int
        Shape of one sample of what the first layer receives.
    dtype : torch.dtype
        Of the network.
    encoder, readout : Encoder, Readout or None
        Those of the network, if this package wrote the file.
    notes : dict
        What was saved with the network, if this package wrote the file.
    """

    layers: tuple[Layer, ...]
    dt: float
    dt_stated: bool
    sample: tuple[int, ...]
    dtype: torch.dtype
    encoder: Encoder | None
    readout: Readout | None
    notes: dict[str, Json]


def read_nir(path: str | Path, convention: Convention | None = None, dt: float | None = None) -> Contents:
    """Read a NIR file.

    Parameters
    ----------
    path : path
    convention, dt : Convention, float, optional
        How the library that wrote the file steps it; see :func:`open_network`.

    Raises
    ------
    ModelError
        If the file cannot be read, or has what no network of this package does; the message is one line that names the
        node.
    """
    graph = read_graph(path)
    with _named(path):
        assumed = convention or _convention(graph.metadata)
        builder = _Builder(graph, assumed if dt is None else replace(assumed, dt=dt), _dtype(graph))
        for name in graph.nodes:
            builder.visit(name)
        encoder, readout = _codes(graph.metadata)
        return Contents(
            builder.finished(),
            builder.convention.dt,
            dt is not None or (convention is None and "dt" in graph.metadata),
            builder.shapes[graph.entry],
            builder.dtype,
            encoder,
            readout,
            _notes(graph.metadata),
        )


def read_nir_notes(path: str | Path) -> tuple[dict[str, Json], bool]:
    """Return the notes of a NIR file, and whether this package wrote it; raise as :func:`read_nir`."""
    metadata = read_graph(path).metadata
    with _named(path):
        return _notes(metadata), _is_own(metadata)


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    """Turn what a file's contents raise within the block into one line that names the file."""
    try:
        yield
    except SpikewrightError as error:
        raise ModelError(f"{path}: {' '.join(str(error).split()).rstrip('.')}.") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        # What the constructors of neurons, modules and layers raise for values that no library writes.
        raise ModelError(f"{path}: describes no network: {' '.join(str(error).split())[:200]}") from error


@dataclass
class _Builder:
    """Makes layers of nodes, one after another."""

    graph: Graph
    convention: Convention
    dtype: torch.dtype
    layers: dict[str, Layer] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by node, the layers whose outputs it sums
    waiting: dict[str, nn.Module] = field(default_factory=dict)  # connections whose neurons are still to come

    def visit(self, name: str) -> None:
        """Make the layers of one node; its sources have been visited."""
        node = self.graph.nodes[name]
        if name == self.graph.entry:
            self.given[name], self.shapes[name] = (INPUT,), self._entering(node)
            return
        sources = self.graph.sources[name]
        if not sources:
            raise ModelError(f"node {name!r}: nothing leads to it")
        shapes = {self.shapes[source] for source in sources}
        if len(shapes) > 1:
            raise ModelError(f"node {name!r}: receives samples of different shapes, {sorted(shapes)}")
        self.shapes[name] = shapes.pop()
        try:
            self._make(name, node, sources)
        except ModelError as error:
            raise ModelError(f"node {name!r} ({type(node).__name__}): {error}") from error

    def finished(self) -> tuple[Layer, ...]:
        """Return the layers, the last of which is what leaves the network."""
        sources = self.given[self.graph.leave]
        if not self.layers or sources != (list(self.layers)[-1],):
            self._add(self.graph.leave, Layer(inputs=sources), sources)
        return tuple(self.layers.values())

    def _make(self, name: str, node: nir.NIRNode, sources: tuple[str, ...]) -> None:
        arriving = tuple(layer for source in sources for layer in self.given[source])
        place = Place(self.shapes[name], self.convention, self.dtype)
        if isinstance(node, PASSING):
            self.given[name] = arriving
        elif isinstance(node, NEURONS):
            self._add_neurons(name, node, sources, arriving, place)
        else:
            module = connection_of(node, place)
            self.shapes[name] = _shape_after(module, place.shape)
            if self._feeds_one_neuron_node(name):
                self.waiting[name], self.given[name] = module, arriving
            else:
                self.given[name] = (self._add(name, Layer(module), arriving),)

    def _add_neurons(
        self, name: str, node: nir.NIRNode, sources: tuple[str, ...], arriving: tuple[str, ...], place: Place
    ) -> None:
        first, *others = neurons_of(node, place)
        assert isinstance(first, NeuronModel)  # whatever scales comes behind neurons
        loop = self._loop(name, place)
        if loop is not None and others:
            raise ModelError("an integrator of several parts cannot be fed back")
        layer = Layer(self.waiting.get(sources[0]), first, recurrent=loop)
        made = self._add(f"{name}_current" if others else name, layer, arriving)
        scale: nn.Module | None = None
        for other in others:
            if isinstance(other, NeuronModel):
                made = self._add(name, Layer(scale, other), (made,))
                scale = None
            else:
                scale = other
        self.given[name] = (made if scale is None else self._add(name, Layer(scale), (made,)),)

    def _loop(self, name: str, place: Place) -> nn.Module | None:
        if name not in self.graph.loops:
            return None
        way, node = self.graph.loops[name]
        if node is None:
            return nn.Identity()
        try:
            module = connection_of(node, place)
            after = _shape_after(module, place.shape)
        except ModelError as error:
            raise ModelError(f"is fed back through {way!r} ({type(node).__name__}): {error}") from error
        if isinstance(module, Temporal) or after != place.shape:
            raise ModelError(
                f"is fed back through {way!r} ({type(node).__name__}), which must keep the shape {place.shape} and "
                "have no delay of its own"
            )
        return module

    def _feeds_one_neuron_node(self, name: str) -> bool:
        targets = self.graph.targets[name]
        return (
            len(targets) == 1
            and isinstance(self.graph.nodes[targets[0]], NEURONS)
            and self.graph.sources[targets[0]] == (name,)
        )

    def _add(self, name: str, layer: Layer, arriving: tuple[str, ...]) -> str:
        """Add a layer under a name that a network accepts."""
        known = _free(name, self.layers)
        before = next(reversed(self.layers), INPUT)
        layer.name, layer.inputs = known, () if arriving == (before,) else arriving
        self.layers[known] = layer
        return known

    def _entering(self, node: nir.NIRNode) -> tuple[int, ...]:
        """Return the shape of a sample; leading axes of 1 that the first node does not take are those of a batch."""
        given = np.ravel(np.asarray(node.input_type["input"]))
        if given.dtype.kind not in "iuf" or not all(1 <= size == int(size) for size in given.tolist()):
            raise ModelError(f"node {self.graph.entry!r}: its shape must be whole numbers >= 1; got {given[:8]}")
        shape = tuple(int(size) for size in given)
        if prod(shape) > LARGEST:
            raise ModelError(f"node {self.graph.entry!r}: samples of {prod(shape)} values are more than a network runs")
        first = [self.graph.nodes[name] for name in self.graph.targets[self.graph.entry]]
        shorter = shape
        while shorter[:1] == (1,) and not all(self._takes(node, shorter) for node in first):
            shorter = shorter[1:]
        return shorter if all(self._takes(node, shorter) for node in first) else shape

    def _takes(self, node: nir.NIRNode, shape: tuple[int, ...]) -> bool:
        place = Place(shape, self.convention, self.dtype)
        try:
            if isinstance(node, NEURONS):
                neurons_of(node, place)
            elif not isinstance(node, PASSING):
                _shape_after(connection_of(node, place), shape)
        except ModelError:
            return False
        return True


def _shape_after(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape behind a module without computing anything."""
    if isinstance(module, Temporal):
        return shape
    empty = {name: tensor.to("meta") for name, tensor in module.state_dict().items()}
    dtype = next((tensor.dtype for tensor in empty.values()), torch.float32)
    try:
        found = tuple(functional_call(module, empty, (torch.empty(1, *shape, dtype=dtype, device="meta"),)).shape[1:])
    except (IndexError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"does not take samples of shape {shape}: {reason}") from error
    if prod(found) > LARGEST or not prod(found):
        raise ModelError(f"makes samples of {prod(found)} values of those of shape {shape}")
    return found


def _free(name: str, taken: dict[str, Layer]) -> str:
    """Return a name like ``name`` that a module may have and that is not taken."""
    plain = name.replace(".", "_") or "layer"
    if plain == INPUT or hasattr(nn.ModuleDict(), plain):
        plain = f"layer_{plain}"
    number, free = 1, plain
    while free in taken:
        number += 1
        free = f"{plain}_{number}"
    return free


def _dtype(graph: Graph) -> torch.dtype:
    """Return float64 if the network that was written had it, or any weight has it, else float32."""
    stated = graph.metadata.get("dtype")
    weights = [node.weight for node in graph.nodes.values() if hasattr(node, "weight")]
    double = any(np.asarray(weight).dtype == np.float64 for weight in weights)
    return torch.float64 if stated == "float64" or (stated is None and double) else torch.float32


def _convention(metadata: dict[str, object]) -> Convention:
    """Return the convention that a file states."""
    dt = metadata.get("dt")
    if dt is None:
        return Euler()
    if np.ndim(dt) or not isinstance(dt, float | np.floating | int | np.integer):  # type: ignore[arg-type]
        raise ModelError(f"its dt is no number: {str(dt)[:40]!r}")
    return Exact(dt=float(dt)) if _is_own(metadata) else Euler(dt=float(dt))


def _is_own(metadata: dict[str, object]) -> bool:
    return str(metadata.get("written_by", "")).startswith(WRITER)


def _codes(metadata: dict[str, object]) -> tuple[Encoder | None, Readout | None]:
    """Return the encoder and the readout that this package wrote with a network."""
    kept = metadata.get("tensors")
    arrays = kept if isinstance(kept, dict) else {}
    tensors: dict[str, Tensor] = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    found = []
    for name in ("encoder", "readout"):
        described = metadata.get(name)
        found.append(None if described is None else decode(_json(described, name), tensors, name))
    encoder, readout = found
    if not isinstance(encoder, Encoder | None) or not isinstance(readout, Readout | None):
        raise ModelError("its encoder or readout is none")
    return encoder, readout


def _notes(metadata: dict[str, object]) -> dict[str, Json]:
    notes = _json(metadata.get("notes", "{}"), "notes")
    if not isinstance(notes, dict):
        raise ModelError("its notes are damaged")
    return notes


def _json(text: object, name: str) -> Json:
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its {name} is damaged") from error
