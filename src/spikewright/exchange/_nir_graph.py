"""The graph of a NIR file: its nodes checked, its sub-graphs dissolved, its loops found, its nodes in order."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import nir
import numpy as np
from numpy.typing import NDArray

from spikewright.checks import ModelError
from spikewright.exchange._hdf5 import Tree, read_tree

Edge: TypeAlias = tuple[str, str]
Loops: TypeAlias = dict[str, tuple[str, nir.NIRNode | None]]

NODES = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            *(nir.Affine, nir.AvgPool2d, nir.Conv1d, nir.Conv2d, nir.CubaLI, nir.CubaLIF, nir.Delay, nir.Flatten),
            *(nir.I, nir.IF, nir.Input, nir.LI, nir.LIF, nir.Linear, nir.Output, nir.Scale, nir.SumPool2d),
            nir.Threshold,
        )
    }
)
"""Every node that NIR 1.0 defines, but for the graph itself."""

NEURONS = (nir.CubaLI, nir.CubaLIF, nir.I, nir.IF, nir.LI, nir.LIF, nir.Threshold)
PASSING = (nir.Input, nir.Output)


@dataclass(frozen=True)
class Graph:
    """Nodes without sub-graphs, in an order in which each comes after those it receives from.

    Parameters
    ----------
    nodes : dict of str to NIRNode
        All but those of loops.
    sources, targets : dict of str to tuple of str
        From which nodes each receives, and to which it sends; those of loops left out.
    loops : dict of str to (str, NIRNode or None)
        For a neuron node that feeds itself back, the name and node of the connection; None feeds back spikes as they
        are.
    entry, leave : str
        The node where the input enters the network, and the one where its output leaves.
    metadata : dict
        Of the whole graph.
    """

    nodes: dict[str, nir.NIRNode]
    sources: dict[str, tuple[str, ...]]
    targets: dict[str, tuple[str, ...]]
    loops: Loops
    entry: str
    leave: str
    metadata: dict[str, object]


def read_graph(path: str | Path) -> Graph:
    """Read a NIR file; see :func:`read_tree` for what is checked before anything is allocated.

    Raises
    ------
    ModelError
        If the file cannot be read, or its graph is none that NIR defines; the message is one line.
    """
    tree = read_tree(path, "node")
    try:
        nodes: dict[str, nir.NIRNode] = {}
        edges: list[Edge] = []
        _dissolve(tree, "", nodes, edges)
        loops, sources = _loops(nodes, edges)
        order = _sorted(sources)
        targets: dict[str, list[str]] = {name: [] for name in order}
        for name in order:
            for source in sources[name]:
                targets[source].append(name)
        return Graph(
            {name: nodes[name] for name in order},
            {name: tuple(sources[name]) for name in order},
            {name: tuple(targets[name]) for name in order},
            loops,
            _door(tree, "Input"),
            _door(tree, "Output"),
            _metadata(tree),
        )
    except ModelError as error:
        raise ModelError(f"{path}: {error}.") from error


def _dissolve(tree: Tree, prefix: str, nodes: dict[str, nir.NIRNode], edges: list[Edge]) -> None:
    """Add the nodes and edges of a graph under names that begin with ``prefix``."""
    members, links = tree.get("nodes"), tree.get("edges")
    if tree.get("type") != "NIRGraph":
        raise ModelError("the outermost node is no NIRGraph")
    if not isinstance(members, dict) or links is None:
        raise ModelError(f"graph {prefix or 'node'!r}: has no nodes or no edges")
    doors: dict[str, Edge] = {}
    for name, member in members.items():
        path = prefix + name
        if not isinstance(member, dict):
            raise ModelError(f"node {path!r}: is no group")
        if member.get("type") == "NIRGraph":
            _dissolve(member, f"{path}.", nodes, edges)
            doors[path] = (f"{path}.{_door(member, 'Output')}", f"{path}.{_door(member, 'Input')}")
        elif path in nodes:
            raise ModelError(f"node {path!r}: there are two of this name")
        else:
            nodes[path] = _node(path, member)
    for before, after in _pairs(links):
        source, target = prefix + before, prefix + after
        for end in (source, target):
            if end not in nodes and end not in doors:
                raise ModelError(f"edge {source!r} to {target!r}: there is no node {end!r}")
        edges.append((doors.get(source, (source, ""))[0], doors.get(target, ("", target))[1]))


def _door(tree: Tree, kind: str) -> str:
    """Return the name of a graph's only input or output."""
    members = tree.get("nodes")
    found = (
        [n for n, m in members.items() if isinstance(m, dict) and m.get("type") == kind]
        if isinstance(members, dict)
        else []
    )
    if len(found) != 1:
        raise ModelError(f"a graph has {len(found)} nodes of type {kind}; it must have one")
    return found[0]


def _node(path: str, tree: Tree) -> nir.NIRNode:
    kind = tree.get("type")
    if not isinstance(kind, str) or kind not in NODES:
        raise ModelError(f"node {path!r}: NIR has no node of type {str(kind)[:40]!r}")
    values = {name: value for name, value in tree.items() if name not in ("metadata", "input_shape", "input_type")}
    if kind in ("Conv1d", "Conv2d", "Flatten"):
        # Shapes follow from the input, so those in the file are not needed.
        values["input_type" if kind == "Flatten" else "input_shape"] = None
    w_in, like = np.asarray(values.get("w_in")), np.asarray(values.get("v_leak"))
    if w_in.size > 1 and w_in.shape != like.shape:
        # Otherwise NIR would make an array of both shapes at once, of any size.
        raise ModelError(f"node {path!r}: w_in has shape {w_in.shape}, v_leak {like.shape}")
    try:
        with np.errstate(all="ignore"):
            node: nir.NIRNode = NODES[kind].from_dict(values)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # What the constructors raise for values that are missing, of no use or too many.
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"node {path!r}: no {kind}: {type(error).__name__} {reason}") from error
    node.metadata = _metadata(tree)
    return node


def _metadata(tree: Tree) -> dict[str, object]:
    found = tree.get("metadata")
    return dict(found) if isinstance(found, dict) else {}


def _pairs(links: object) -> list[Edge]:
    listed: NDArray[np.generic] = np.asarray(links)
    if listed.size == 0:
        return []
    if listed.ndim != 2 or listed.shape[1] != 2 or not all(isinstance(end, str) for end in listed.flat):
        raise ModelError("edges: must be pairs of names")
    return [(str(before), str(after)) for before, after in listed]


def _loops(nodes: dict[str, nir.NIRNode], edges: list[Edge]) -> tuple[Loops, dict[str, list[str]]]:
    """Return the loops, and from which nodes each of the other nodes receives."""
    sources: dict[str, list[str]] = {name: [] for name in nodes}
    targets: dict[str, list[str]] = {name: [] for name in nodes}
    for before, after in edges:
        sources[after].append(before)
        targets[before].append(after)
    loops: Loops = {}
    for name in [name for name, node in nodes.items() if isinstance(node, NEURONS)]:
        back = [n for n in sources[name] if n == name or _only_feeds_back(n, name, nodes, sources, targets)]
        if len(back) > 1:
            raise ModelError(f"node {name!r}: is fed back through {' and '.join(map(repr, back))}; one way is possible")
        if back:
            sources[name].remove(back[0])
            loops[name] = back[0], None if back[0] == name else nodes[back[0]]
    looping = {way for way, node in loops.values() if node is not None}
    return loops, {name: found for name, found in sources.items() if name not in looping}


def _sorted(sources: dict[str, list[str]]) -> tuple[str, ...]:
    try:
        return tuple(TopologicalSorter(sources).static_order())
    except CycleError as error:
        way = " to ".join(repr(name) for name in error.args[1][:6])
        raise ModelError(
            f"nodes {way} form a loop; a network feeds back from a neuron node through one connection to itself"
        ) from error


def _only_feeds_back(
    way: str,
    neuron: str,
    nodes: dict[str, nir.NIRNode],
    sources: dict[str, list[str]],
    targets: dict[str, list[str]],
) -> bool:
    return sources[way] == [neuron] and targets[way] == [neuron] and not isinstance(nodes[way], NEURONS + PASSING)
