"""The derivative of a program: another program, and the least that must be kept for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import scipy

from spikewright.kernels._program import LEAVES, Builder, Node, Program, ancestors

_BYTES = MappingProxyType({"real": 4, "int": 8, "bool": 1})
_UNLIMITED = 1 << 20


@dataclass(frozen=True)
class Adjoint:
    """How gradients go back through one step of a program.

    Parameters
    ----------
    nodes : tuple of Node
        The program's, then those of the derivative, whose leaf "gradient" k is that of the program's output k.
    inputs, states, learned : tuple of int or None
        Nodes of the gradients with respect to each input, entry of the state and learned leaf; ``None`` where there is
        none.
    saved : tuple of int
        Nodes of the program whose values must be kept from the forward pass: the fewest bytes from which all else that
        is needed can be computed again.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int | None, ...]
    states: tuple[int | None, ...]
    learned: tuple[int | None, ...]
    saved: tuple[int, ...]


@lru_cache(maxsize=256)
def differentiate(program: Program) -> Adjoint:
    """Return the reverse-mode derivative of a program."""
    builder = Builder(program.nodes)
    gradients: defaultdict[int, list[int]] = defaultdict(list)
    for number, output in enumerate(program.outputs):
        if program.nodes[output].kind == "real":
            gradients[output].append(builder.add("gradient", number))
    slopes = dict(program.slopes)
    totals: dict[int, int] = {}
    for number in range(len(program.nodes) - 1, -1, -1):
        if not gradients[number]:
            continue
        total = totals[number] = _sum(builder, gradients[number])
        for argument, gradient in _pullback(builder, number, total, slopes.get(number)):
            if program.nodes[argument].kind == "real":
                gradients[argument].append(gradient)
    inputs, states = _of_leaves(program, totals, "input"), _of_leaves(program, totals, "state")
    learned = tuple(totals.get(leaf) for leaf in program.learned)
    wanted = [number for number in (*inputs, *states, *learned) if number is not None]
    return Adjoint(tuple(builder.nodes), inputs, states, learned, _saved(program, tuple(builder.nodes), wanted))


def _sum(builder: Builder, terms: list[int]) -> int:
    total = terms[0]
    for term in terms[1:]:
        total = builder.add("add", total, term)
    return total


def _of_leaves(program: Program, totals: dict[int, int], kind: str) -> tuple[int | None, ...]:
    """Return the gradients of all leaves of a kind, by their number."""
    leaves = {node.arguments[0]: number for number, node in enumerate(program.nodes) if node.operation == kind}
    count = len(program.outputs) - 1 if kind == "state" else max(leaves, default=-1) + 1
    return tuple(totals.get(leaves[index]) if index in leaves else None for index in range(count))


def _pullback(builder: Builder, number: int, gradient: int, slope: int | None) -> Iterator[tuple[int, int]]:
    """Yield each argument of a node with its part of the gradient."""
    node = builder.nodes[number]
    if slope is not None:
        yield node.arguments[0], builder.add("mul", gradient, slope)
        return
    rule = _RULES.get(node.operation)
    if rule is not None:
        yield from rule(builder, number, gradient, *node.arguments)


def _add(b: Builder, n: int, g: int, x: int, y: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001 - one signature
    yield x, g
    yield y, g


def _sub(b: Builder, n: int, g: int, x: int, y: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001
    yield x, g
    yield y, b.add("neg", g)


def _mul(b: Builder, n: int, g: int, x: int, y: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001
    yield x, b.add("mul", g, y)
    yield y, b.add("mul", g, x)


def _div(b: Builder, n: int, g: int, x: int, y: int) -> Iterator[tuple[int, int]]:
    part = b.add("div", g, y)
    yield x, part
    yield y, b.add("neg", b.add("mul", part, n))


def _neg(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001
    yield x, b.add("neg", g)


def _abs(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:
    signed = b.add("where", b.add("eq", n, x, kind="bool"), g, b.add("neg", g))
    # At 0 both signs are as good; torch takes none.
    nothing = b.number(0)
    yield x, b.add("where", b.add("eq", x, nothing, kind="bool"), nothing, signed)


def _square(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001
    yield x, b.add("mul", g, b.add("add", x, x))


def _reciprocal(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:
    yield x, b.add("neg", b.add("mul", g, b.add("square", n)))


def _exp(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:
    yield x, b.add("mul", g, n)


def _expm1(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:
    yield x, b.add("add", g, b.add("mul", g, n))


def _where(b: Builder, n: int, g: int, choice: int, x: int, y: int) -> Iterator[tuple[int, int]]:  # noqa: ARG001
    nothing = b.number(0)
    yield x, b.add("where", choice, g, nothing)
    yield y, b.add("where", choice, nothing, g)


def _extreme(b: Builder, n: int, g: int, x: int, y: int) -> Iterator[tuple[int, int]]:
    # Where both are equal each gets half, as torch has it.
    same, half = b.add("eq", x, y, kind="bool"), b.add("div", g, b.number(2))
    for argument in (x, y):
        whole = b.add("where", b.add("eq", n, argument, kind="bool"), g, b.number(0))
        yield argument, b.add("where", same, half, whole)


def _sigmoid(b: Builder, n: int, g: int, x: int) -> Iterator[tuple[int, int]]:
    yield x, b.add("mul", g, b.add("mul", n, b.add("sub", b.number(1), n)))


_RULES: MappingProxyType[str, Callable[..., Iterator[tuple[int, int]]]] = MappingProxyType({
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "abs": _abs,
    "square": _square,
    "reciprocal": _reciprocal,
    "exp": _exp,
    "expm1": _expm1,
    "sigmoid": _sigmoid,
    "where": _where,
    "maximum": _extreme,
    "minimum": _extreme,
})  # fmt: skip


def _saved(program: Program, nodes: tuple[Node, ...], wanted: list[int]) -> tuple[int, ...]:
    """Return a minimal cut between what a step receives and what its derivative needs of it."""
    size = len(program.nodes)
    moving = _moving(program.nodes)
    needed = {
        argument
        for number in ancestors(nodes, wanted)
        for argument in (nodes[number].arguments if number >= size and nodes[number].operation not in LEAVES else ())
        if argument < size and moving[argument]
    }
    needed |= {number for number in wanted if number < size and moving[number]}
    if not needed:
        return ()
    # Node n is entered at n and left at size + n; between them lies what it costs to keep.
    source, sink = 2 * size, 2 * size + 1
    edges = [(size + number, sink, _UNLIMITED) for number in needed]
    for number in ancestors(program.nodes, needed):
        node = program.nodes[number]
        if not moving[number]:
            continue
        edges.append((number, size + number, _BYTES[node.kind]))
        if node.operation in LEAVES:
            edges.append((source, number, _UNLIMITED))
        else:
            edges.extend((size + argument, number, _UNLIMITED) for argument in set(node.arguments) if moving[argument])
    tails, heads, limits = (np.array(column, np.int32) for column in zip(*edges, strict=True))
    capacity = scipy.sparse.csr_array((limits, (tails, heads)), shape=(sink + 1, sink + 1))
    residual = scipy.sparse.csr_array(capacity - scipy.sparse.csgraph.maximum_flow(capacity, source, sink).flow)
    residual.eliminate_zeros()
    reached = set(scipy.sparse.csgraph.breadth_first_order(residual, source, return_predecessors=False).tolist())
    return tuple(number for number in range(size) if number in reached and size + number not in reached)


def _moving(nodes: tuple[Node, ...]) -> list[bool]:
    """Return for each node whether it differs from step to step."""
    moving: list[bool] = []
    for node in nodes:
        leaf = node.operation in LEAVES
        moving.append(node.operation in ("input", "state") if leaf else any(moving[n] for n in node.arguments))
    return moving
