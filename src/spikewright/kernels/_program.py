"""One step of a neuron as straight-line arithmetic: a list of operations on single numbers.

A program is what remains of a model's ``step`` when the tensors are taken away. It can be differentiated, compiled into
a scan over time, and run as it stands (:func:`~spikewright.kernels.scan_forward_reference`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

Kind: TypeAlias = Literal["real", "int", "bool"]
"""What a value is: a real number in the precision of the run, an int64, or a truth value."""


class Operation(NamedTuple):
    """What is compiled for an operation, with the names of its arguments filled in, and what it means."""

    expression: str
    meaning: Callable[..., Any]


OPERATIONS = MappingProxyType({
    "add": Operation("{0} + {1}", np.add),
    "sub": Operation("{0} - {1}", np.subtract),
    "mul": Operation("{0} * {1}", np.multiply),
    "div": Operation("{0} / {1}", np.divide),
    "neg": Operation("-{0}", np.negative),
    "abs": Operation("abs({0})", np.abs),
    "square": Operation("{0} * {0}", np.square),
    "reciprocal": Operation("one / {0}", np.reciprocal),
    "exp": Operation("exp({0})", np.exp),
    "expm1": Operation("expm1({0})", np.expm1),
    "sigmoid": Operation("one / (one + exp(-{0}))", lambda u: 1 / (1 + np.exp(-u))),
    "ge": Operation("{0} >= {1}", np.greater_equal),
    "gt": Operation("{0} > {1}", np.greater),
    "le": Operation("{0} <= {1}", np.less_equal),
    "lt": Operation("{0} < {1}", np.less),
    "eq": Operation("{0} == {1}", np.equal),
    "ne": Operation("{0} != {1}", np.not_equal),
    "and": Operation("{0} & {1}", np.bitwise_and),
    "xor": Operation("{0} ^ {1}", np.bitwise_xor),
    "shift": Operation("{0} >> {1}", np.right_shift),
    "where": Operation("{1} if {0} else {2}", np.where),
    # Both pass NaN on.
    "maximum": Operation("{0} if ({0} > {1}) | ({0} != {0}) else {1}", np.maximum),
    "minimum": Operation("{0} if ({0} < {1}) | ({0} != {0}) else {1}", np.minimum),
    "fire": Operation("one if {0} >= zero else zero", lambda u: np.heaviside(u, np.ones_like(u))),
    # The same value, through which no gradient flows.
    "detach": Operation("{0}", np.asarray),
    "real": Operation("real({0})", np.asarray),
    "int": Operation("int64({0})", np.asarray),
})  # fmt: skip
"""All operations by name."""

LEAVES = ("input", "state", "parameter", "constant", "number", "gradient")
"""Where values come from: the arrays of a scan by their number, or a whole number that is written out."""


class Node(NamedTuple):
    """An operation on the results of earlier nodes, or a leaf, whose one argument is a number."""

    operation: str
    arguments: tuple[int, ...]
    kind: Kind


@dataclass(frozen=True)
class Program:
    """What a step does to one neuron.

    Parameters
    ----------
    nodes : tuple of Node
        In an order in which each comes after its arguments.
    outputs : tuple of int
        Nodes of what the step gives: its output, then the next state, entry by entry.
    slopes : tuple of (int, int)
        Each "fire" node, 1 where its argument is >= 0, with the node of the derivative that stands in for its own.
    learned : tuple of int
        Leaves "parameter" and "constant" whose gradients are wanted.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    slopes: tuple[tuple[int, int], ...] = ()
    learned: tuple[int, ...] = ()

    # All that is made of a program is looked up by it, several times in each scan.
    @cached_property
    def _hash(self) -> int:
        return hash((self.nodes, self.outputs, self.slopes, self.learned))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Program], tuple[object, ...]]:
        """Leave the hash behind: that of a text differs from process to process."""
        return Program, (self.nodes, self.outputs, self.slopes, self.learned)


class Builder:
    """Writes nodes down, each once."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes = list(nodes)
        self._known = {node: number for number, node in enumerate(self.nodes)}

    def add(self, operation: str, *arguments: int, kind: Kind = "real") -> int:
        """Return the number of a node, which is new if there is none like it."""
        node = Node(operation, arguments, kind)
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
        return self._known[node]

    def number(self, value: int, kind: Kind = "real") -> int:
        """Return the node of a whole number that is written out."""
        return self.add("number", value, kind=kind)


def ancestors(nodes: tuple[Node, ...], wanted: Iterable[int], known: Iterable[int] = ()) -> set[int]:
    """Return the nodes that must be computed for those that are wanted, themselves included, if some are known."""
    found: set[int] = set()
    known = set(known)
    waiting = [number for number in wanted if number not in known]
    while waiting:
        number = waiting.pop()
        if number in found:
            continue
        found.add(number)
        node = nodes[number]
        if node.operation not in LEAVES:
            waiting.extend(argument for argument in node.arguments if argument not in known)
    return found
