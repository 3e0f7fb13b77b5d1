"""Tensors that write down what is computed from them: how a model's ``step`` becomes a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from torch import Tensor

from spikewright.kernels import Builder, Kind
from spikewright.neurons._surrogate import Surrogate

Value: TypeAlias = "Tensor | float | int | bool"


class UntraceableError(Exception):
    """A step does something that has no place in a program; it is run as it stands."""


@dataclass
class Tape:
    """What is written down during one step.

    Parameters
    ----------
    dtype : torch.dtype
        What the program takes for a real number.
    neurons : tuple of int
        Shape of one sample.
    """

    dtype: torch.dtype
    neurons: tuple[int, ...]
    builder: Builder = field(default_factory=Builder)
    slopes: dict[int, int] = field(default_factory=dict)
    constants: list[float | Tensor] = field(default_factory=list)
    parameters: list[Tensor] = field(default_factory=list)
    captured: list[Tensor] = field(default_factory=list)

    def leaf(self, operation: str, index: int, value: Tensor) -> Symbol:
        """Return a symbol for an input or an entry of the state."""
        return self.symbol(value, self.builder.add(operation, index, kind=self.kind(value)))

    def symbol(self, value: Tensor, *nodes: int) -> Symbol:
        """Return a symbol for nodes that have a value; there are several if it has a last axis of receptors."""
        symbol = value.detach().as_subclass(Symbol)
        symbol.tape, symbol.nodes = self, nodes
        return symbol

    def kind(self, value: Tensor) -> Kind:
        """Return what the elements of a tensor are in a program."""
        kinds: dict[torch.dtype, Kind] = {self.dtype: "real", torch.int64: "int", torch.bool: "bool"}
        if value.dtype not in kinds:
            raise UntraceableError(f"a step in {self.dtype} that has values in {value.dtype}")
        return kinds[value.dtype]

    def operand(self, value: Value, kind: Kind) -> int:
        """Return the node of what an operation takes, of a kind where it can be chosen."""
        if isinstance(value, Symbol):
            return value.node
        if isinstance(value, Tensor):
            return self._captured(value)
        if kind != "real" or isinstance(value, bool):
            return self.builder.number(int(value), kind)
        return self._constant(float(value))

    def _captured(self, value: Tensor) -> int:
        """Return the leaf of a tensor that does not come from the input or the state."""
        if value.ndim == 0 and value.is_floating_point():
            return self._constant(value)
        kind = self.kind(value)
        try:
            each = value.expand(1, *self.neurons)[0].reshape(-1)
        except RuntimeError:
            raise UntraceableError(f"a parameter of shape {tuple(value.shape)}") from None
        for number, known in enumerate(self.captured):
            if known is value:
                return self.builder.add("parameter", number, kind=kind)
        self.captured.append(value)
        self.parameters.append(each)
        return self.builder.add("parameter", len(self.parameters) - 1, kind=kind)

    def _constant(self, value: float | Tensor) -> int:
        for number, known in enumerate(self.constants):
            if known is value or (isinstance(value, float) and isinstance(known, float) and _same(known, value)):
                return self.builder.add("constant", number)
        self.constants.append(value)
        return self.builder.add("constant", len(self.constants) - 1)


def _same(a: float, b: float) -> bool:
    return a == b and math.copysign(1, a) == math.copysign(1, b)


class Symbol(Tensor):
    """A tensor with a value, used as an example, that knows the nodes it stands for."""

    tape: Tape
    nodes: tuple[int, ...]

    @property
    def node(self) -> int:
        """The one node that it stands for."""
        if len(self.nodes) != 1:
            raise UntraceableError("an operation on all receptors at once")
        return self.nodes[0]

    # Any: whatever torch's functions take and give.
    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Do what torch does, and write it down."""
        del types
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():  # noqa: SLF001 - as torch's documentation shows
            result = func(*args, **(kwargs or {}))
        if func.__name__ == "__get__" and not isinstance(result, Tensor):
            return result
        if func.__name__ not in _RULES:
            raise UntraceableError(f"{func.__name__}()")
        return _RULES[func.__name__](_tape(args), result, *args, **(kwargs or {}))


def _tape(args: tuple[Any, ...]) -> Tape:
    for arg in args:
        for entry in arg if isinstance(arg, list | tuple) else (arg,):
            if isinstance(entry, Symbol):
                return entry.tape
    raise UntraceableError("an operation that takes a symbol by keyword")


Rule: TypeAlias = Callable[..., Any]
"""Takes the tape, what torch gave, and what the function took; returns the symbol of the result."""


def _arithmetic(operation: str) -> Rule:
    """Return the rule of a function whose arguments are of the kind of its result."""

    def rule(tape: Tape, result: Tensor, *args: Value) -> Symbol:
        kind = tape.kind(result)
        return tape.symbol(result, tape.builder.add(operation, *_alike(tape, kind, *args), kind=kind))

    return rule


def _reversed(*operations: str) -> Rule:
    """Return the rule of an operator whose right side is the tensor, after other operations on that side."""

    def rule(tape: Tape, result: Tensor, right: Value, left: Value) -> Symbol:
        kind = tape.kind(result)
        first, second = _alike(tape, kind, left, right)
        for operation in operations[:-1]:
            second = tape.builder.add(operation, second, kind=kind)
        return tape.symbol(result, tape.builder.add(operations[-1], first, second, kind=kind))

    return rule


def _comparison(operation: str) -> Rule:
    def rule(tape: Tape, result: Tensor, left: Value, right: Value) -> Symbol:
        with torch._C.DisableTorchFunctionSubclass():  # noqa: SLF001 - what is asked here is not part of the step
            kind = tape.kind(torch.empty((), dtype=torch.result_type(left, right)))
        return tape.symbol(result, tape.builder.add(operation, *_alike(tape, kind, left, right), kind="bool"))

    return rule


def _alike(tape: Tape, kind: Kind, *args: Value) -> list[int]:
    """Return the operands, each turned into the kind if it is of another."""
    return [_turned(tape, tape.operand(arg, kind), kind) for arg in args]


def _turned(tape: Tape, node: int, kind: Kind) -> int:
    return node if tape.builder.nodes[node].kind == kind else tape.builder.add(kind, node, kind=kind)


def _where(tape: Tape, result: Tensor, choice: Symbol, left: Value, right: Value) -> Symbol:
    kind = tape.kind(result)
    operands = (tape.operand(choice, "bool"), *_alike(tape, kind, left, right))
    return tape.symbol(result, tape.builder.add("where", *operands, kind=kind))


def _cast(tape: Tape, result: Tensor, value: Symbol, *_: object) -> Symbol:
    return tape.symbol(result, _turned(tape, value.node, tape.kind(result)))


def _relu(tape: Tape, result: Tensor, value: Symbol) -> Symbol:
    return tape.symbol(result, _bounded(tape, "le", value.node, tape.builder.number(0)))


def _clamp(
    tape: Tape,
    result: Tensor,
    value: Symbol,
    min: Value | None = None,  # noqa: A002 - as torch
    max: Value | None = None,  # noqa: A002
) -> Symbol:
    node, kind = value.node, tape.kind(result)
    for operation, bound in (("lt", min), ("gt", max)):
        if bound is not None:
            node = _bounded(tape, operation, node, tape.operand(bound, kind))
    return tape.symbol(result, node)


def _bounded(tape: Tape, operation: str, node: int, bound: int) -> int:
    """Return the bound where the comparison holds, else the value; so NaN passes, and gradients on the bound do."""
    kind = tape.builder.nodes[node].kind
    return tape.builder.add("where", tape.builder.add(operation, node, bound, kind="bool"), bound, node, kind=kind)


def _power(tape: Tape, result: Tensor, value: Symbol, exponent: Value) -> Symbol:
    if not isinstance(exponent, int) or not 1 <= exponent <= 8:
        raise UntraceableError(f"a power of {exponent}")
    node = value.node
    for _ in range(exponent - 1):
        node = tape.builder.add("mul", node, value.node, kind=tape.kind(result))
    return tape.symbol(result, node)


def _filled(number: int) -> Rule:
    def rule(tape: Tape, result: Tensor, *_: object, **__: object) -> Symbol:
        return tape.symbol(result, tape.builder.number(number, tape.kind(result)))

    return rule


def _stack(tape: Tape, result: Tensor, tensors: Sequence[Symbol], dim: int = 0) -> Symbol:
    if dim not in (-1, result.ndim - 1):
        raise UntraceableError("a stack along another axis than the last")
    return tape.symbol(result, *(tape.operand(tensor, "real") for tensor in tensors))


def _unbind(tape: Tape, result: tuple[Tensor, ...], value: Symbol, dim: int = 0) -> tuple[Symbol, ...]:
    if dim not in (-1, value.ndim - 1) or len(result) != len(value.nodes):
        raise UntraceableError("an unbind along another axis than that of the receptors")
    return tuple(tape.symbol(part, node) for part, node in zip(result, value.nodes, strict=True))


def _fire(tape: Tape, result: Tensor, surrogate: Surrogate, u: Symbol) -> Symbol:
    node = tape.builder.add("fire", u.node)
    tape.slopes[node] = tape.operand(surrogate.derivative(u), "real")
    return tape.symbol(result, node)


_RULES: MappingProxyType[str, Rule] = MappingProxyType({
    "add": _arithmetic("add"),
    "sub": _arithmetic("sub"),
    "mul": _arithmetic("mul"),
    "div": _arithmetic("div"),
    "neg": _arithmetic("neg"),
    "abs": _arithmetic("abs"),
    "__abs__": _arithmetic("abs"),
    "square": _arithmetic("square"),
    "reciprocal": _arithmetic("reciprocal"),
    "exp": _arithmetic("exp"),
    "expm1": _arithmetic("expm1"),
    "sigmoid": _arithmetic("sigmoid"),
    "maximum": _arithmetic("maximum"),
    "minimum": _arithmetic("minimum"),
    "bitwise_and": _arithmetic("and"),
    "__and__": _arithmetic("and"),
    "__rand__": _arithmetic("and"),
    "bitwise_xor": _arithmetic("xor"),
    "__xor__": _arithmetic("xor"),
    "__rshift__": _arithmetic("shift"),
    "detach": _arithmetic("detach"),
    "__rsub__": _reversed("sub"),
    "rsub": _reversed("sub"),
    "__rdiv__": _reversed("reciprocal", "mul"),
    "__rtruediv__": _reversed("reciprocal", "mul"),
    "ge": _comparison("ge"),
    "gt": _comparison("gt"),
    "le": _comparison("le"),
    "lt": _comparison("lt"),
    "eq": _comparison("eq"),
    "__eq__": _comparison("eq"),
    "ne": _comparison("ne"),
    "__ne__": _comparison("ne"),
    "where": _where,
    "to": _cast,
    "long": _cast,
    "relu": _relu,
    "clamp": _clamp,
    "pow": _power,
    "__pow__": _power,
    "zeros_like": _filled(0),
    "ones_like": _filled(1),
    "stack": _stack,
    "unbind": _unbind,
    "__call__": _fire,
})  # fmt: skip
