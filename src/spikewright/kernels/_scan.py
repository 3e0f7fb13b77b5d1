"""The scan of any neuron model over time: its program, compiled forward and backward, each beside its reference."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels._adjoint import differentiate
from spikewright.kernels._generated import Kernel, compiled
from spikewright.kernels._program import LEAVES, OPERATIONS, Kind, Node, Program, ancestors
from spikewright.kernels._source import backward_source, forward_source

# Any: reals in the precision of the run, int64 or truth values.
Array: TypeAlias = NDArray[Any]

_WORTH_A_THREAD = 4096
"""Neurons in a batch below which waking a thread costs more than it saves."""


class Operands(NamedTuple):
    """What a program computes with.

    ``inputs`` are arrays of shape (time, batch, neuron), or (1, batch, neuron) for what is the same in all steps; they
    may be the bits of bfloat16 as uint16, and so is then the output, while all else is float32;
    ``parameters`` have one value a neuron, shape (neuron,); ``constants``, shape (constant,), are in the precision of
    the run.
    """

    inputs: tuple[Array, ...]
    parameters: tuple[Array, ...]
    constants: Array


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
    for t in range(len(output)):
        leaves: dict[str, Sequence[Array]] = {
            "input": [_wide(x[min(t, len(x) - 1)]) for x in operands.inputs],
            "state": states,
        }
        values = evaluate(program.nodes, (*program.outputs, *kept), {}, leaves, operands)
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
        values = evaluate(adjoint.nodes, wanted, known, {"gradient": [_wide(grad_output[t]), *grad_states]}, operands)
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


def evaluate(
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
    """Do what :func:`scan_forward_reference` does, compiled; all arrays are contiguous along their last axis."""
    kept = differentiate(program).saved if saved else ()
    kernel = _forward(program, kept, _held(operands.inputs, output), _halved(output))
    share(kernel, (operands.inputs, states, operands.parameters, operands.constants, (output,), saved), threads)


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
    """Do what :func:`scan_backward_reference` does, compiled; all arrays are contiguous along their last axis."""
    kernel = _backward(program, _held(grad_inputs, grad_output), _halved(grad_output))
    arrays = ((grad_output,), grad_states, operands.parameters, operands.constants, grad_inputs, saved + grad_learned)
    share(kernel, arrays, threads)


# The text is written once for each kind of run, not for each run.
@lru_cache(maxsize=256)
def _forward(program: Program, saved: tuple[int, ...], held: tuple[bool, ...], halved: bool) -> Kernel:
    return compiled(forward_source(program, saved, held, halved=halved))


@lru_cache(maxsize=256)
def _backward(program: Program, held: tuple[bool, ...], halved: bool) -> Kernel:
    return compiled(backward_source(program, differentiate(program), held, halved=halved))


def saved_kinds(program: Program) -> tuple[Kind, ...]:
    """Return the kinds of the values that a forward pass must keep for the backward pass."""
    return tuple(program.nodes[number].kind for number in differentiate(program).saved)


def _halved(sequence: Array) -> bool:
    return bool(sequence.dtype == np.uint16)


def _held(inputs: tuple[Array, ...], sequence: Array) -> tuple[bool, ...]:
    return tuple(len(x) != len(sequence) for x in inputs)


def share(kernel: Kernel, arrays: tuple[tuple[Array, ...] | Array, ...], threads: int) -> None:
    """Run a kernel on all neurons of all samples, each thread on its share of the samples, or else of the neurons."""
    _, batch, neurons = arrays[4][0].shape
    if threads == 1 or batch * neurons < _WORTH_A_THREAD:
        kernel(*arrays, (0, batch), (0, neurons))
        return
    cuts = np.linspace(0, batch if batch >= threads else neurons, threads + 1).astype(int).tolist()
    parts = list(itertools.pairwise(cuts))
    jobs = [(part, (0, neurons)) if batch >= threads else ((0, batch), part) for part in parts]
    pool = _pool(threads, os.getpid())
    waiting = [pool.submit(kernel, *arrays, *job) for job in jobs[1:]]
    kernel(*arrays, *jobs[0])
    for job in waiting:
        job.result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked process has none of its parent's
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="spikewright-scan")
