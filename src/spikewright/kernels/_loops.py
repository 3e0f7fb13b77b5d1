"""Into which loops over the neurons a step is cut.

A vector holds half as many numbers of 64 bits as of 32, and a loop that has both runs at the pace of the former. So
what takes or gives integers has loops of its own, and values that both need go through rows of memory between them.
"""

from __future__ import annotations

from typing import NamedTuple

from spikewright.kernels._program import Node


class Written(NamedTuple):
    """What a step writes.

    Parameters
    ----------
    text : str
        The assignment, with braces where the value goes.
    node : int or None
        Of the value; ``None`` for 0.
    leaf : int, optional
        The leaf that is overwritten, where the step reads it.
    """

    text: str
    node: int | None
    leaf: int | None = None


class Loop(NamedTuple):
    """One loop over the neurons: nodes that it computes, all that these and ``written`` need, and what it writes."""

    computed: tuple[int, ...]
    needed: frozenset[int]
    written: tuple[Written, ...]


def cut(nodes: tuple[Node, ...], computed: list[int], written: list[Written]) -> list[Loop]:
    """Return the loops of a step in their order.

    Parameters
    ----------
    nodes : tuple of Node
        All of the program.
    computed : list of int
        Those that the step computes, in their order; all others are there from the beginning.
    written : list of Written
        What it writes.
    """
    places = _places(nodes, computed)
    order = sorted(set(places.values())) or [0]
    first, last = order[0], order[-1]
    # What is written over may be read no later; in a loop all is read before anything is written.
    read: dict[int, int] = {}
    for number, place in places.items():
        for argument in nodes[number].arguments:
            read[argument] = max(place, read.get(argument, first))
    read |= {node: last for _, node, leaf in written if node is not None and node not in places and leaf is not None}
    when = []
    for _, node, leaf in written:
        place = last if node is None else places.get(node, read.get(node, first))
        when.append(place if leaf is None or read.get(leaf, first) <= place else last)
    loops = []
    for place in order:
        here = tuple(number for number in computed if places[number] == place)
        ended = tuple(entry for entry, at in zip(written, when, strict=True) if at == place)
        needed = {argument for number in here for argument in nodes[number].arguments}
        needed |= {entry.node for entry in ended if entry.node is not None}
        loops.append(Loop(here, frozenset(needed), ended))
    return loops


def _places(nodes: tuple[Node, ...], computed: list[int]) -> dict[int, int]:
    """Return the loop in which each node is computed, as late as may be; the even ones are for integers."""
    sides = {number: int("int" not in _kinds(nodes, number)) for number in computed}
    if len(set(sides.values())) < 2:
        return dict.fromkeys(computed, 0)
    depths: dict[int, int] = {}
    for number in computed:
        first = max((depths.get(argument, 0) for argument in nodes[number].arguments), default=0)
        depths[number] = first + (first - sides[number]) % 2
    places: dict[int, int] = {}
    latest = dict.fromkeys(computed, max(depths.values()))
    for number in reversed(computed):
        places[number] = latest[number] - (latest[number] - sides[number]) % 2
        for argument in nodes[number].arguments:
            if argument in latest:
                latest[argument] = min(latest[argument], places[number])
    return places


def _kinds(nodes: tuple[Node, ...], number: int) -> set[str]:
    return {nodes[number].kind, *(nodes[argument].kind for argument in nodes[number].arguments)}
