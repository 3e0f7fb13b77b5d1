"""The text of a compiled scan, forward and backward, written from a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import indent

from spikewright.kernels._adjoint import Adjoint
from spikewright.kernels._program import LEAVES, OPERATIONS, Node, Program, ancestors

_HEAD = """\
from numba import int64
from spikewright.kernels._elementary import exp, expm1, narrow, wide

BLOCK = 2048


def scan(inputs, states, parameters, constants, outputs, saved, rows, columns):
    real = constants.dtype.type
    zero, one = real(0), real(1)
    steps = {sequence}.shape[0]
{constants}
    for row in range(rows[0], rows[1]):
        for first in range(columns[0], columns[1], BLOCK):
            part = slice(first, min(first + BLOCK, columns[1]))
{before}
            for t in range({order}):
{rows}
                for n in range(len({length})):
{body}
"""


def forward_source(program: Program, saved: tuple[int, ...], held: tuple[bool, ...], *, halved: bool) -> str:
    """Return the text of ``scan`` for the forward pass.

    Parameters
    ----------
    program : Program
        One step.
    saved : tuple of int
        Nodes whose values are kept.
    held : tuple of bool
        For each input whether it is the same in all steps, and so an array of one step.
    halved : bool
        Whether sequences that come in and go out are the bits of bfloat16; all else is in the precision of the run.
    """
    wanted = (*program.outputs, *saved)
    code = Code(program.nodes, wanted, {}, held, halved=halved)
    body = code.lines()
    body.append(f"y[n] = {_kept(code.names[program.outputs[0]], halved=halved)}")
    body += [f"w{k}[n] = {code.names[number]}" for k, number in enumerate(saved)]
    body += [f"s{k}[n] = {code.names[number]}" for k, number in enumerate(program.outputs[1:])]
    before = [f"s{k} = states[{k}][row, part]" for k in range(len(program.outputs) - 1)]
    rows = ["y = outputs[0][t, row, part]", *(f"w{k} = saved[{k}][t, row, part]" for k in range(len(saved)))]
    return _filled(code, before, rows, body, sequence="outputs[0]", order="steps", length="y")


def backward_source(program: Program, adjoint: Adjoint, held: tuple[bool, ...], *, halved: bool) -> str:
    """Return the text of ``scan`` for the backward pass.

    Its ``inputs`` are the gradient of the output; ``states`` those of the entries of the state, each overwritten by
    that before the first step; ``outputs`` those of the inputs; ``saved`` goes on with those of the learned leaves, to
    which is added. The gradient of an input that is held is in the precision of the run.
    """
    wanted = [number for number in (*adjoint.inputs, *adjoint.states, *adjoint.learned) if number is not None]
    known = {number: f"w{k}[n]" for k, number in enumerate(adjoint.saved)}
    code = Code(adjoint.nodes, wanted, known, (), halved=halved)
    body, size = code.lines(), len(adjoint.saved)
    before: list[str] = []
    rows = ["g0 = inputs[0][t, row, part]"]
    rows += [f"w{k} = saved[{k}][t, row, part]" for k in range(size)]
    for k, number in enumerate(adjoint.inputs):
        (before if held[k] else rows).append(f"x{k} = outputs[{k}][{'0' if held[k] else 't'}, row, part]")
        gradient = "zero" if number is None else code.names[number]
        body.append(f"x{k}[n] += {gradient}" if held[k] else f"x{k}[n] = {_kept(gradient, halved=halved)}")
    for k, number in enumerate(adjoint.learned):
        if number is not None:
            before.append(f"a{k} = saved[{size + k}][row, part]")
            body.append(f"a{k}[n] += {code.names[number]}")
    for k, number in enumerate(adjoint.states):
        if program.nodes[program.outputs[1 + k]].kind == "real":
            before.append(f"g{k + 1} = states[{k}][row, part]")
            body.append(f"g{k + 1}[n] = {'zero' if number is None else code.names[number]}")
    return _filled(code, before, rows, body, sequence="inputs[0]", order="steps - 1, -1, -1", length="g0")


def _filled(
    code: Code, before: list[str], rows: list[str], body: list[str], *, sequence: str, order: str, length: str
) -> str:
    """Fill the head with what differs: the array that has all steps, their order, and a row that has all neurons."""
    held, moving = code.input_rows()
    return _HEAD.format(
        constants=indented(code.constants(), 1),
        before=indented([*before, *held, *code.parameters()], 3),
        sequence=sequence,
        order=order,
        rows=indented([*rows, *moving], 4),
        length=length,
        body=indented(body, 5),
    )


def _kept(value: str, *, halved: bool) -> str:
    return f"narrow({value})" if halved else value


def indented(lines: Iterable[str], depth: int) -> str:
    """Return lines of text, so many levels deep."""
    return indent("\n".join(lines), " " * 4 * depth)


class Code:
    """The assignments that compute some nodes, and the names of all values."""

    def __init__(
        self,
        nodes: tuple[Node, ...],
        wanted: Iterable[int],
        known: Mapping[int, str],
        held: tuple[bool, ...],
        *,
        halved: bool,
    ) -> None:
        self.nodes = nodes
        self.halved = halved
        self.used = sorted(ancestors(nodes, wanted, known) | set(known))
        self.held = held
        self.names = {number: self._name(number, known) for number in self.used}
        self.known = known

    def _name(self, number: int, known: Mapping[int, str]) -> str:
        operation, arguments, kind = self.nodes[number]
        if number in known or operation not in LEAVES:
            return f"e{number}"
        index = arguments[0]
        if operation == "number":
            return f"real({index})" if kind == "real" else f"int64({index})"
        return {
            "input": f"wide(x{index}[n])" if self.halved else f"x{index}[n]",
            "state": f"s{index}[n]",
            "parameter": f"p{index}[n]",
            "constant": f"c{index}",
            # Only that of the output is a sequence.
            "gradient": f"wide(g{index}[n])" if self.halved and not index else f"g{index}[n]",
        }[operation]

    def lines(self) -> list[str]:
        """Return one assignment for each node that is not a leaf."""
        assignments = []
        for number in self.used:
            operation, arguments, _ = self.nodes[number]
            if number in self.known:
                assignments.append(f"e{number} = {self.known[number]}")
            elif operation not in LEAVES:
                expression = OPERATIONS[operation].expression.format(*(self.names[argument] for argument in arguments))
                assignments.append(f"e{number} = {expression}")
        return assignments

    def _leaves(self, kind: str) -> list[int]:
        leaves = [self.nodes[number] for number in self.used if number not in self.known]
        return sorted({leaf.arguments[0] for leaf in leaves if leaf.operation == kind})

    def constants(self) -> list[str]:
        """Return one assignment for each constant, so that it stays in a register."""
        return [f"c{k} = constants[{k}]" for k in self._leaves("constant")]

    def parameters(self) -> list[str]:
        """Return the part of each array of parameters that belongs to a block."""
        return [f"p{k} = parameters[{k}][part]" for k in self._leaves("parameter")]

    def input_rows(self) -> tuple[list[str], list[str]]:
        """Return the parts of the inputs that are held and of those that move."""
        held = [f"x{k} = inputs[{k}][0, row, part]" for k in self._leaves("input") if self.held[k]]
        moving = [f"x{k} = inputs[{k}][t, row, part]" for k in self._leaves("input") if not self.held[k]]
        return held, moving
