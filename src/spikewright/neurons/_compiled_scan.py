"""The compiled scan of any neuron model as one node of torch's graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True, eq=False)
class Traced:
    """A step as a program, with the values of its leaves.

    Parameters
    ----------
    program : Program
        The step.
    constants, parameters : tuple
        Values of its leaves.
    receptors : int
        Inputs of the program.
    dtype : torch.dtype
        What the program takes for a real number.
    """

    program: kernels.Program
    constants: tuple[float | Tensor, ...]
    parameters: tuple[Tensor, ...]
    receptors: int
    dtype: torch.dtype

    @cached_property
    def learned(self) -> tuple[Tensor, ...]:
        """The values whose gradients are wanted."""
        values = (*self.constants, *self.parameters)
        return tuple(value for value in values if isinstance(value, Tensor) and value.requires_grad)

    @cached_property
    def operands(self) -> kernels.Operands:
        """What the program computes with, but for its inputs."""
        constants = torch.tensor([float(value) for value in self.constants], dtype=self.dtype).numpy()
        return kernels.Operands((), tuple(value.detach().contiguous().numpy() for value in self.parameters), constants)

    @cached_property
    def kept(self) -> tuple[torch.dtype, ...]:
        """Types of the values of each step that are kept for the backward pass."""
        types = {"real": self.dtype, "int": torch.int64, "bool": torch.bool}
        return tuple(types[kind] for kind in kernels.saved_kinds(self.program))


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
    return Traced(program, tuple(tape.constants), tuple(tape.parameters), receptors, x.dtype)


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
    tensors = (*inputs, *state, *traced.learned)
    output, *after = _Scan.apply(traced, steps, len(inputs), len(state), *tensors)  # type: ignore[no-untyped-call]
    return output, after


def precision(sequence: Tensor) -> torch.dtype:
    """Return the dtype of potentials and parameters: that of the sequence, or float32 beside bfloat16."""
    return torch.float32 if sequence.dtype == torch.bfloat16 else sequence.dtype


class Run(NamedTuple):
    """What a forward pass gives: its output, the state after the last step, and what the backward pass needs."""

    output: Tensor
    after: list[Tensor]
    saved: list[Tensor]


def run_forward(
    traced: Traced,
    steps: int,
    inputs: Sequence[Tensor],
    state: Iterable[Tensor],
    *,
    keep: bool,
    feedback: kernels.Feedback | None = None,
) -> Run:
    """Run a sequence through the compiled program.

    Parameters
    ----------
    traced, steps, inputs, state
        As :func:`compiled_scan` takes them.
    keep : bool
        Whether a backward pass follows.
    feedback : optional
        What the neurons of a sample, which are then in one row, bring to each other.
    """
    # Each entry gets memory of its own: a model may give one tensor for several.
    after = [entry.clone(memory_format=torch.contiguous_format) for entry in state]
    shape = (steps, *inputs[0].shape[1:])
    output = torch.empty(shape, dtype=inputs[0].dtype)
    saved = [torch.empty(shape, dtype=dtype) for dtype in (traced.kept if keep else ())]
    rows = rows_of(traced, output) if feedback is None else shape[1]
    kernels.scan_forward(
        traced.program,
        traced.operands._replace(inputs=sequences_of(inputs, rows), feedback=feedback),
        steps_of(after, rows),
        sequences_of([output], rows)[0],
        sequences_of(saved, rows),
        torch.get_num_threads(),
    )
    return Run(output, after, saved)


class _Scan(torch.autograd.Function):
    """The scan forward and backward. Only the fewest values from which all others follow are kept between the two."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(
        ctx: Any, traced: Traced, steps: int, inputs: int, entries: int, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        xs, state = tensors[:inputs], tensors[inputs : inputs + entries]
        run = run_forward(traced, steps, xs, state, keep=any(ctx.needs_input_grad))
        ctx.traced, ctx.shapes = traced, [x.shape for x in xs]
        ctx.save_for_backward(*run.saved)
        ctx.mark_non_differentiable(*(entry for entry in run.after if not entry.is_floating_point()))
        return run.output, *run.after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        traced, grad_output = ctx.traced, grads[0]
        rows = rows_of(traced, grad_output)
        grad_states = [grad.clone(memory_format=torch.contiguous_format) for grad in grads[1:]]
        # What is the same in all steps gets the sum of their gradients.
        grad_inputs = [
            torch.empty(shape, dtype=grad_output.dtype)
            if shape == grad_output.shape
            else torch.zeros(shape, dtype=traced.dtype)
            for shape in ctx.shapes
        ]
        grad_learned = [torch.zeros(grad_output.shape[1:], dtype=traced.dtype) for _ in traced.learned]
        kernels.scan_backward(
            traced.program,
            traced.operands,
            steps_of(grad_states, rows),
            sequences_of([grad_output], rows)[0],
            sequences_of(ctx.saved_tensors, rows),
            sequences_of(grad_inputs, rows),
            steps_of(grad_learned, rows),
            torch.get_num_threads(),
        )
        return None, None, None, None, *grad_inputs, *grad_states, *summed(traced.program, grad_learned)


def summed(program: kernels.Program, grads: list[Tensor]) -> list[Tensor]:
    """Sum the gradients of learned leaves over the samples, and those of constants over the neurons too."""
    constant = [program.nodes[number].operation == "constant" for number in program.learned]
    return [grad.sum() if single else grad.sum(0).flatten() for grad, single in zip(grads, constant, strict=True)]


def rows_of(traced: Traced, output: Tensor) -> int:
    """Return into how many rows a step is laid out: one for all samples if no neuron has values of its own."""
    return output.shape[1] if traced.parameters else 1


def sequences_of(tensors: Iterable[Tensor], rows: int) -> tuple[NDArray[np.generic], ...]:
    """View sequences as arrays of shape (time, row, neuron); copies only what is not contiguous."""
    arrays = []
    for tensor in tensors:
        array = kernels.array_of(tensor.contiguous())
        arrays.append(array.reshape(len(array), rows, -1))
    return tuple(arrays)


def steps_of(tensors: Iterable[Tensor], rows: int) -> tuple[NDArray[np.generic], ...]:
    """View single steps, contiguous, as arrays of shape (row, neuron)."""
    return tuple(tensor.numpy().reshape(rows, -1) for tensor in tensors)
