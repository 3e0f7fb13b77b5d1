"""The text of a compiled scan, forward and backward, written from a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import indent

from spikewright.kernels._adjoint import Adjoint
from spikewright.kernels._feedback import Slot
from spikewright.kernels._loops import Written, cut
from spikewright.kernels._program import LEAVES, OPERATIONS, Node, Program, ancestors

_TEXT = """\
import numpy as np
from numba import int32, int64, uint32
from spikewright.kernels._elementary import exp, expm1, narrow, wide
from spikewright.kernels._present import SPARE, list_row


def scan(inputs, states, parameters, constants, outputs, saved, feedback, rows, columns):
    real = constants.dtype.type
    zero, one = real(0), real(1)
    steps = {sequence}.shape[0]
    block = max(1, {block})
    group = max(1, {together} // block)
{once}
    for top in range(rows[0], rows[1], group):
        bottom = min(top + group, rows[1])
        for first in range(columns[0], columns[1], block):
            part = slice(first, min(first + block, columns[1]))
{parameters}
{start}
            for t in range({order}):
                for row in range(top, bottom):
{step}
{loops}
{after}
"""

_TOGETHER = 2048
"""Neurons that go through all steps before the next ones do: few enough that their states stay in the fastest cache.
Of a narrow layer they are those of several samples, which follow one another in memory."""

_TOGETHER_FED_BACK = 1 << 15
"""The same where neurons need each other: beside the matrix that they share, their states stay in the second cache."""


def forward_source(
    program: Program, saved: tuple[int, ...], held: tuple[bool, ...], slot: Slot | None, *, halved: bool
) -> str:
    """Return the text of ``scan`` for the forward pass.

    Parameters
    ----------
    program : Program
        One step.
    saved : tuple of int
        Nodes whose values are kept.
    held : tuple of bool
        For each input from outside whether it is the same in all steps, and so an array of one step.
    slot : Slot or None
        What the neurons bring to each other is one input more.
    halved : bool
        Whether sequences that come in and go out are the bits of bfloat16; all else is in the precision of the run.
    """
    code = Code(program.nodes, (*program.outputs, *saved), {}, own=None if slot is None else len(held), halved=halved)
    written = [Written("y[n] = narrow({})" if halved else "y[n] = {}", program.outputs[0])]
    written += [Written(f"w{k}[n] = {{}}", number) for k, number in enumerate(saved)]
    written += [
        Written(f"s{k}[n] = {{}}", number, code.leaf("state", k)) for k, number in enumerate(program.outputs[1:])
    ]
    step = ["y = outputs[0][t, row, part]", *(f"w{k} = saved[{k}][t, row, part]" for k in range(len(saved)))]
    step += [f"s{k} = states[{k}][row, part]" for k in range(len(program.outputs) - 1)]
    for k in code.leaves("input"):
        if k < len(held):
            step.append(f"x{k} = inputs[{k}][{0 if held[k] else 't'}, row, part]")
    return _filled(code, step, written, slot, sequence="outputs[0]", order="steps", length="y")


def backward_source(program: Program, adjoint: Adjoint, held: tuple[bool, ...], *, halved: bool) -> str:
    """Return the text of ``scan`` for the backward pass.

    Its ``inputs`` are the gradient of the output; ``states`` those of the entries of the state, each overwritten by
    that before the first step; ``outputs`` those of the inputs; ``saved`` goes on with those of the learned leaves, to
    which is added. The gradient of an input that is held is in the precision of the run.
    """
    wanted = [number for number in (*adjoint.inputs, *adjoint.states, *adjoint.learned) if number is not None]
    known = {number: f"w{k}[n]" for k, number in enumerate(adjoint.saved)}
    code, size = Code(adjoint.nodes, wanted, known, own=None, halved=halved), len(adjoint.saved)
    step = ["g0 = inputs[0][t, row, part]", *(f"w{k} = saved[{k}][t, row, part]" for k in range(size))]
    written: list[Written] = []
    for k, number in enumerate(adjoint.inputs):
        step.append(f"x{k} = outputs[{k}][{0 if held[k] else 't'}, row, part]")
        moving = "= narrow({})" if halved else "= {}"
        written.append(Written(f"x{k}[n] {'+= {}' if held[k] else moving}", number))
    for k, number in enumerate(adjoint.learned):
        if number is not None:
            step.append(f"a{k} = saved[{size + k}][row, part]")
            written.append(Written(f"a{k}[n] += {{}}", number))
    for k, number in enumerate(adjoint.states):
        if program.nodes[program.outputs[1 + k]].kind == "real":
            step.append(f"g{k + 1} = states[{k}][row, part]")
            written.append(Written(f"g{k + 1}[n] = {{}}", number, code.leaf("gradient", k + 1)))
    return _filled(code, step, written, None, sequence="inputs[0]", order="steps - 1, -1, -1", length="g0")


def _filled(
    code: Code,
    step: list[str],
    written: list[Written],
    slot: Slot | None,
    *,
    sequence: str,
    order: str,
    length: str,
) -> str:
    """Fill the text with what differs: the array that has all steps, their order, and a row that has all neurons."""
    loops, carried = code.loops(written)
    if slot is None:
        slot, block, together = Slot(), f"min(columns[1] - columns[0], {_TOGETHER})", _TOGETHER
    else:
        # Neurons that need each other go through a step together.
        block, together = "columns[1]", _TOGETHER_FED_BACK
    loops[-1].append(slot.inside)
    return _TEXT.format(
        sequence=sequence,
        block=block,
        together=together,
        once=_indented([*(f"c{k} = constants[{k}]" for k in code.leaves("constant")), *carried, slot.once], 1),
        parameters=_indented((f"p{k} = parameters[{k}][part]" for k in code.leaves("parameter")), 3),
        start=_indented([slot.start], 3),
        order=order,
        step=_indented([*step, slot.before], 5),
        loops=_indented((f"for n in range(len({length})):\n{_indented(loop, 1)}" for loop in loops), 5),
        after=_indented([slot.after], 5),
    )


def _indented(lines: Iterable[str], depth: int) -> str:
    return indent("\n".join(lines), " " * 4 * depth)


class Code:
    """The assignments that compute some nodes, and the names of all values."""

    def __init__(
        self, nodes: tuple[Node, ...], wanted: Iterable[int], known: Mapping[int, str], *, own: int | None, halved: bool
    ) -> None:
        self.nodes = nodes
        self.known = known
        self.own = own
        self.halved = halved
        self.used = sorted(ancestors(nodes, wanted, known) | set(known))
        self.names = {number: self._name(number) for number in self.used}

    def _name(self, number: int) -> str:
        operation, arguments, kind = self.nodes[number]
        if number in self.known or operation not in LEAVES or self._is_replaced(number):
            return f"e{number}"
        index = arguments[0]
        if operation == "number":
            return f"real({index})" if kind == "real" else f"int64({index})"
        if operation == "input" and index == self.own:
            return "own[n]"
        return {
            "input": f"wide(x{index}[n])" if self.halved else f"x{index}[n]",
            "parameter": f"p{index}[n]",
            "constant": f"c{index}",
            # Of a step's output, which is a sequence.
            "gradient": "wide(g0[n])" if self.halved else "g0[n]",
        }[operation]

    def _is_replaced(self, number: int) -> bool:
        """Return whether a value is overwritten in the step that reads it."""
        operation, arguments, _ = self.nodes[number]
        return operation == "state" or (operation == "gradient" and arguments[0] > 0)

    def loops(self, written: list[Written]) -> tuple[list[list[str]], list[str]]:
        """Return the lines of each loop over the neurons, and those that make rows for values between two loops."""
        computed = [n for n in self.used if n not in self.known and self.nodes[n].operation not in LEAVES]
        loops = cut(self.nodes, computed, written)
        carried = {n for loop in loops for n in loop.needed.difference(loop.computed).intersection(computed)}
        bodies = []
        for loop in loops:
            body = [self._read(n, row=n in carried) for n in sorted(loop.needed.difference(loop.computed))]
            body += [f"e{n} = {self._expression(n)}" for n in loop.computed]
            body += [f"b{n}[n] = e{n}" for n in loop.computed if n in carried]
            body += [text.format("zero" if n is None else self.names[n]) for text, n, _ in loop.written]
            bodies.append([line for line in body if line])
        types = {"real": "constants.dtype", "int": "np.int64", "bool": "np.bool_"}
        return bodies, [f"b{n} = np.empty(block, {types[self.nodes[n].kind]})" for n in sorted(carried)]

    def _read(self, number: int, *, row: bool) -> str:
        """Return the assignment of a value that another loop or pass computed, or that this loop overwrites."""
        if row:
            return f"e{number} = b{number}[n]"
        if number in self.known:
            return f"e{number} = {self.known[number]}"
        operation, arguments, _ = self.nodes[number]
        return f"e{number} = {operation[0]}{arguments[0]}[n]" if self._is_replaced(number) else ""

    def _expression(self, number: int) -> str:
        operation, arguments, _ = self.nodes[number]
        return OPERATIONS[operation].expression.format(*(self.names[argument] for argument in arguments))

    def leaves(self, kind: str) -> list[int]:
        """Return which leaves of a kind are used."""
        leaves = [self.nodes[number] for number in self.used if number not in self.known]
        return sorted({leaf.arguments[0] for leaf in leaves if leaf.operation == kind})

    def leaf(self, kind: str, index: int) -> int | None:
        """Return the node of a leaf, ``None`` if it is not used."""
        return next((n for n in self.used if self.nodes[n][:2] == (kind, (index,))), None)
