"""The scan of any neuron model over time: its program, compiled forward and backward, each beside its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels._adjoint import differentiate
from spikewright.kernels._feedback import Feedback, Slot
from spikewright.kernels._generated import Kernel, compiled
from spikewright.kernels._program import LEAVES, OPERATIONS, Kind, Node, Program, ancestors
from spikewright.kernels._source import backward_source, forward_source
from spikewright.kernels._threads import cuts, share

# Any: reals in the precision of the run, int64 or truth values.
Array: TypeAlias = NDArray[Any]

_WORTH_A_THREAD = 4096
"""Neurons in a batch below which waking a thread costs more than it saves."""


class Operands(NamedTuple):
    """What a program computes with.

    ``inputs`` are arrays of shape (time, batch, neuron), or (1, batch, neuron) for what is the same in all steps; they
    may be the bits of bfloat16 as uint16, and so is then the output, while all else is float32;
    ``parameters`` have one value a neuron, shape (neuron,); ``constants``, shape (constant,), are in the precision of
    the run. Where there is ``feedback``, what it brings is one input more of the program, the last, and the output is 0
    or 1.
    """

    inputs: tuple[Array, ...]
    parameters: tuple[Array, ...]
    constants: Array
    feedback: Feedback | None = None


def scan_forward_reference(
    program: Program,
    operands: Operands,
    states: tuple[Array, ...],
    output: Array,
    saved: tuple[Array, ...],
    threads: int,
) -> None:
    """Run a program over a sequence, step by step.

    Parameters
    ----------
    program : Program
        One step.
    operands : Operands
        What it computes with.
    states : tuple of array, shape (batch, neuron)
        Entries of the state before the first step; overwritten by those after the last.
    output : array, shape (time, batch, neuron)
        Written: the output of each step.
    saved : tuple of array, shape (time, batch, neuron)
        Written: what the backward pass needs (:func:`saved_kinds`); empty where there is none.
    threads : int
        How many threads share the work; the result does not depend on it.
    """
    del threads
    kept = differentiate(program).saved if saved else ()
    fired = np.zeros(output.shape[1:], operands.constants.dtype)
    for t in range(len(output)):
        inputs = [_wide(x[min(t, len(x) - 1)]) for x in operands.inputs]
        if operands.feedback is not None:
            inputs.append(operands.feedback.charges(fired))
        leaves: dict[str, Sequence[Array]] = {"input": inputs, "state": states}
        values = _evaluate(program.nodes, (*program.outputs, *kept), {}, leaves, operands)
        fired = values[program.outputs[0]]
        for array, number in zip((output, *saved), (program.outputs[0], *kept), strict=True):
            array[t] = _narrow(values[number]) if _halved(array) else values[number]
        # All entries first: each may depend on all.
        for state, value in zip(states, [np.array(values[number]) for number in program.outputs[1:]], strict=True):
            state[:] = value


def scan_backward_reference(
    program: Program,
    operands: Operands,
    grad_states: tuple[Array, ...],
    grad_output: Array,
    saved: tuple[Array, ...],
    grad_inputs: tuple[Array, ...],
    grad_learned: tuple[Array, ...],
    threads: int,
) -> None:
    """Carry gradients back through :func:`scan_forward_reference`.

    Parameters
    ----------
    program, operands, saved, threads
        As forward.
    grad_states : tuple of array, shape (batch, neuron)
        Gradients with respect to the entries of the state after the last step; overwritten by those before the first.
        Those of integers are left alone.
    grad_output : array, shape (time, batch, neuron)
        Gradient with respect to the output of each step.
    grad_inputs : tuple of array, shapes of the inputs
        Written: gradients with respect to them; where the input is the same in all steps it is added to, and not in
        bfloat16.
    grad_learned : tuple of array, shape (batch, neuron)
        Gradients with respect to the learned leaves are added to these, for each neuron of each sample.
    """
    del threads
    adjoint = differentiate(program)
    results = (*adjoint.inputs, *adjoint.states, *adjoint.learned)
    wanted = [number for number in results if number is not None]
    for t in range(len(grad_output) - 1, -1, -1):
        known = {number: array[t] for number, array in zip(adjoint.saved, saved, strict=True)}
        values = _evaluate(adjoint.nodes, wanted, known, {"gradient": [_wide(grad_output[t]), *grad_states]}, operands)
        nothing = np.zeros(grad_output.shape[1:], operands.constants.dtype)
        found = [nothing if number is None else np.array(values[number]) for number in results]
        for gradient, value in zip(grad_inputs, found, strict=False):
            if len(gradient) != len(grad_output):
                gradient[0] += value
            else:
                gradient[t] = _narrow(value) if _halved(gradient) else value
        for gradient, value in zip(grad_states, found[len(grad_inputs) :], strict=False):
            if np.issubdtype(gradient.dtype, np.floating):
                gradient[:] = value
        for gradient, value in zip(grad_learned, found[len(grad_inputs) + len(grad_states) :], strict=True):
            gradient[:] = gradient + value


def _wide(x: Array) -> Array:
    """Return the values of an array that may be the bits of bfloat16."""
    return (x.astype(np.uint32) << 16).view(np.float32) if _halved(x) else x


def _narrow(x: Array) -> Array:
    """Return the bits of the nearest bfloat16 of float32; of two that are as near, the even one."""
    bits = x.astype(np.float32).view(np.uint32)
    rounded: Array = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return rounded


def _evaluate(
    nodes: tuple[Node, ...],
    wanted: tuple[int, ...] | list[int],
    known: Mapping[int, Array],
    leaves: Mapping[str, Sequence[Array]],
    operands: Operands,
) -> dict[int, Array]:
    """Return the values of the nodes that are wanted and of all that they need."""
    arrays: dict[str, Any] = {"parameter": operands.parameters, "constant": operands.constants, **leaves}
    types = {"real": operands.constants.dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
    values: dict[int, Array] = dict(known)
    value: Array | int
    for number in sorted(ancestors(nodes, wanted, known)):
        operation, arguments, kind = nodes[number]
        if operation == "number":
            value = arguments[0]
        elif operation in LEAVES:
            value = arrays[operation][arguments[0]]
        else:
            value = OPERATIONS[operation].meaning(*(values[argument] for argument in arguments))
        values[number] = np.asarray(value, types[kind])
    return values


def scan_forward(
    program: Program,
    operands: Operands,
    states: tuple[Array, ...],
    output: Array,
    saved: tuple[Array, ...],
    threads: int,
) -> None:
    """Do what :func:`scan_forward_reference` does, compiled.

    All arrays are contiguous along their last axis, and none that is written overlaps another.
    """
    feedback = operands.feedback
    slot, values = (None, ()) if feedback is None else (feedback.slot, feedback.values)
    kernel = _forward(program, _held(operands.inputs, output), slot, kept=bool(saved), halved=_halved(output))
    arrays = (operands.inputs, states, operands.parameters, operands.constants, (output,), saved, values)
    share(kernel, arrays, _parts(output, threads, together=slot is not None))


def scan_backward(
    program: Program,
    operands: Operands,
    grad_states: tuple[Array, ...],
    grad_output: Array,
    saved: tuple[Array, ...],
    grad_inputs: tuple[Array, ...],
    grad_learned: tuple[Array, ...],
    threads: int,
) -> None:
    """Do what :func:`scan_backward_reference` does, compiled.

    All arrays are contiguous along their last axis, and none that is written overlaps another.
    """
    kernel = _backward(program, _held(grad_inputs, grad_output), halved=_halved(grad_output))
    arrays = (grad_output,), grad_states, operands.parameters, operands.constants, grad_inputs, saved + grad_learned, ()
    share(kernel, arrays, _parts(grad_output, threads, together=False))


# The text is written once for each kind of run, not for each run.
@lru_cache(maxsize=256)
def _forward(program: Program, held: tuple[bool, ...], slot: Slot | None, *, kept: bool, halved: bool) -> Kernel:
    saved = differentiate(program).saved if kept else ()
    return compiled(forward_source(program, saved, held, slot, halved=halved))


@lru_cache(maxsize=256)
def _backward(program: Program, held: tuple[bool, ...], *, halved: bool) -> Kernel:
    return compiled(backward_source(program, differentiate(program), held, halved=halved))


def backward_step(program: Program, *, held: bool) -> Kernel:
    """Return the compiled :func:`scan_backward`, for a loop that calls it on one step after another.

    It takes arrays of one step: (gradient of the output,), those of the states, the parameters, the constants, those of
    the inputs, what was saved followed by those of the learned leaves, an empty tuple; and then the range of rows and
    of columns.

    Parameters
    ----------
    program : Program
        One step of two inputs.
    held : bool
        Whether input 0 is the same in all steps, so that its gradient is added to.
    """
    return _backward(program, (held, False), halved=False)


@lru_cache(maxsize=256)
def saved_kinds(program: Program) -> tuple[Kind, ...]:
    """Return the kinds of the values that a forward pass must keep for the backward pass."""
    return tuple(program.nodes[number].kind for number in differentiate(program).saved)


def inputs_are_added(program: Program) -> bool:
    """Return whether a step only adds its inputs 0 and 1, so that both have one gradient."""
    inputs = differentiate(program).inputs
    return len(inputs) == 2 and inputs[0] == inputs[1]


def _halved(sequence: Array) -> bool:
    return bool(sequence.dtype == np.uint16)


def _held(inputs: tuple[Array, ...], sequence: Array) -> tuple[bool, ...]:
    return tuple(len(x) != len(sequence) for x in inputs)


def _parts(sequence: Array, threads: int, *, together: bool) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the samples and the neurons of each thread: its share of the samples, or else of the neurons.

    Neurons of one sample that need each other stay together.
    """
    _, batch, neurons = sequence.shape
    if threads == 1 or batch * neurons < _WORTH_A_THREAD:
        return [((0, batch), (0, neurons))]
    if together or batch >= threads:
        return [(samples, (0, neurons)) for samples in cuts(batch, min(threads, max(1, batch)))]
    return [((0, batch), part) for part in cuts(neurons, threads)]
