"""The compiled scan of any neuron model as one node of torch's graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikewright import kernels
from spikewright.neurons._symbol import Tape, UntraceableError

Step: TypeAlias = Callable[[Any, Any], tuple[Tensor, Any]]
"""Takes an input and a state, gives an output and the next state."""

LARGEST = 1000
"""Nodes of a program beyond which it is not compiled: that would take minutes."""


class Traced(NamedTuple):
    """A step as a program, with the values of its leaves."""

    program: kernels.Program
    constants: tuple[float | Tensor, ...]
    parameters: tuple[Tensor, ...]
    receptors: int


def trace(step: Step, x: Tensor, state: tuple[Tensor, ...], neurons: tuple[int, ...]) -> Traced:
    """Write down what a step does.

    Parameters
    ----------
    step : callable
        Takes ``x`` and a state.
    x : Tensor, shape (1, neuron...) or (1, neuron..., receptor)
        Input like those to come; its values do not matter.
    state : NamedTuple of Tensor, shape (1, neuron...)
        State like those to come.
    neurons : tuple of int
        Shape of one sample.

    Raises
    ------
    UntraceableError
        If the step does what no program can.
    """
    tape = Tape(x.dtype, neurons)
    receptors = x.shape[-1] if x.ndim > 1 + len(neurons) else 1
    charge = tape.symbol(x, *(tape.builder.add("input", k) for k in range(receptors)))
    entries = [tape.leaf("state", k, entry) for k, entry in enumerate(state)]
    output, after = step(charge, type(state)(*entries))
    outputs = [
        tape.operand(output, "real"),
        *(tape.operand(new, tape.kind(old)) for new, old in zip(after, state, strict=True)),
    ]
    nodes = tuple(tape.builder.nodes)
    if len(nodes) > LARGEST:
        raise UntraceableError(f"a step of {len(nodes)} operations")
    learned = [
        tape.builder.add(name, k)
        for name, values in (("constant", tape.constants), ("parameter", tape.parameters))
        for k, value in enumerate(values)
        if isinstance(value, Tensor) and value.requires_grad
    ]
    program = kernels.Program(nodes, tuple(outputs), tuple(tape.slopes.items()), tuple(learned))
    return Traced(program, tuple(tape.constants), tuple(tape.parameters), receptors)


def compiled_scan(
    traced: Traced, steps: int, inputs: tuple[Tensor, ...], state: tuple[Tensor, ...]
) -> tuple[Tensor, list[Tensor]]:
    """Run a sequence through the compiled program; differentiable with respect to all that is learned.

    Parameters
    ----------
    traced : Traced
        The step.
    steps : int
        How many, >= 1.
    inputs : tuple of Tensor, shape (time, batch, neuron...) or (1, batch, neuron...)
        One for each receptor; of one step if all steps are alike.
    state : tuple of Tensor, shape (batch, neuron...)
        State before the first step.

    Returns
    -------
    output : Tensor, shape (time, batch, neuron...)
    state : list of Tensor
        State after the last step.
    """
    learned = [value for value in (*traced.constants, *traced.parameters) if is_learned(value)]
    tensors = (*inputs, *state, *learned)
    output, *after = _Scan.apply(traced, steps, len(inputs), len(state), *tensors)  # type: ignore[no-untyped-call]
    return output, after


def precision(sequence: Tensor) -> torch.dtype:
    """Return the dtype of potentials and parameters: that of the sequence, or float32 beside bfloat16."""
    return torch.float32 if sequence.dtype == torch.bfloat16 else sequence.dtype


def is_learned(value: float | Tensor) -> bool:
    """Return whether a value is a tensor whose gradient is wanted."""
    return isinstance(value, Tensor) and value.requires_grad


class _Scan(torch.autograd.Function):
    """The scan forward and backward. Only the fewest values from which all others follow are kept between the two."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(
        ctx: Any, traced: Traced, steps: int, inputs: int, entries: int, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        xs, states = tensors[:inputs], tensors[inputs : inputs + entries]
        after = [state.clone(memory_format=torch.contiguous_format) for state in states]
        output = torch.empty((steps, *xs[0].shape[1:]), dtype=xs[0].dtype)
        kinds = kernels.saved_kinds(traced.program) if any(ctx.needs_input_grad) else ()
        saved = [torch.empty(output.shape, dtype=dtype_of(kind, output)) for kind in kinds]
        rows = rows_of(traced, output)
        operands = kernels.Operands(
            sequences_of(xs, rows),
            tuple(value.detach().contiguous().numpy() for value in traced.parameters),
            torch.tensor([float(value) for value in traced.constants], dtype=precision(output)).numpy(),
        )
        results = sequences_of([output, *saved], rows)
        kernels.scan_forward(
            traced.program, operands, steps_of(after, rows), results[0], results[1:], torch.get_num_threads()
        )
        ctx.traced, ctx.operands, ctx.shapes = traced, operands._replace(inputs=()), [x.shape for x in xs]
        ctx.save_for_backward(*saved)
        ctx.mark_non_differentiable(*(state for state in after if not state.is_floating_point()))
        return output, *after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        program, grad_output = ctx.traced.program, grads[0]
        rows = rows_of(ctx.traced, grad_output)
        grad_states = [grad.clone(memory_format=torch.contiguous_format) for grad in grads[1:]]
        # What is the same in all steps gets the sum of their gradients.
        real = precision(grad_output)
        grad_inputs = [
            torch.empty_like(grad_output, memory_format=torch.contiguous_format)
            if shape == grad_output.shape
            else torch.zeros(shape, dtype=real)
            for shape in ctx.shapes
        ]
        grad_learned = [torch.zeros(grad_output.shape[1:], dtype=real) for _ in program.learned]
        kernels.scan_backward(
            program,
            ctx.operands,
            steps_of(grad_states, rows),
            sequences_of([grad_output], rows)[0],
            sequences_of(ctx.saved_tensors, rows),
            sequences_of(grad_inputs, rows),
            steps_of(grad_learned, rows),
            torch.get_num_threads(),
        )
        return None, None, None, None, *grad_inputs, *grad_states, *summed(program, grad_learned)


def summed(program: kernels.Program, grads: list[Tensor]) -> list[Tensor]:
    """Sum the gradients of learned leaves over the samples, and those of constants over the neurons too."""
    constant = [program.nodes[number].operation == "constant" for number in program.learned]
    return [grad.sum() if single else grad.sum(0).flatten() for grad, single in zip(grads, constant, strict=True)]


def dtype_of(kind: str, like: Tensor) -> torch.dtype:
    """Return the dtype of values of a kind beside a sequence."""
    return {"real": precision(like), "int": torch.int64, "bool": torch.bool}[kind]


def rows_of(traced: Traced, output: Tensor) -> int:
    """Return into how many rows a step is laid out: one for all samples if no neuron has values of its own."""
    return output.shape[1] if traced.parameters else 1


def sequences_of(tensors: Iterable[Tensor], rows: int) -> tuple[NDArray[np.generic], ...]:
    """View sequences as arrays of shape (time, row, neuron); copies only what is not contiguous."""
    views = [tensor.detach().contiguous().view(len(tensor), rows, -1) for tensor in tensors]
    # NumPy has no bfloat16.
    return tuple((view.view(torch.uint16) if view.dtype == torch.bfloat16 else view).numpy() for view in views)


def steps_of(tensors: Iterable[Tensor], rows: int) -> tuple[NDArray[np.generic], ...]:
    """View single steps as arrays of shape (row, neuron)."""
    return tuple(tensor.view(rows, -1).numpy() for tensor in tensors)
