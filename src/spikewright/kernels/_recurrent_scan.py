"""The scan of neurons that act on each other, one step later, each pair with a weight of its own.

A step is one program of two inputs: charges from outside, and those from the layer's own spikes. The latter are found
by adding the rows of weights of the neurons that fired, so that a silent neuron costs nothing.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels._adjoint import differentiate
from spikewright.kernels._generated import Kernel, compiled
from spikewright.kernels._program import Program
from spikewright.kernels._scan import Operands, evaluate, share
from spikewright.kernels._source import Code, backward_source, indented

Array: TypeAlias = NDArray[np.generic]

# Four rows at a time, so that the sum is loaded and stored once for them; they are added in the order of one by one.
_TEXT = """\
import numpy as np
from numba import int64
from spikewright.kernels._elementary import exp, expm1


def scan(inputs, states, parameters, constants, outputs, saved, feedback, rows, columns):
    real = constants.dtype.type
    zero, one = real(0), real(1)
    weights, bias = feedback
    steps, _, neurons = outputs[0].shape
    part = slice(0, neurons)
    x1 = np.empty(neurons, constants.dtype)
    fired = np.empty(neurons, np.int64)
{constants}
{parameters}
    for row in range(rows[0], rows[1]):
        count = 0
{states}
        for t in range(steps):
            x1[:] = bias
            k = 0
            while k + 4 <= count:
                a, b, c, d = weights[fired[k]], weights[fired[k + 1]], weights[fired[k + 2]], weights[fired[k + 3]]
                for n in range(neurons):
                    x1[n] = (((x1[n] + a[n]) + b[n]) + c[n]) + d[n]
                k += 4
            for last in range(k, count):
                a = weights[fired[last]]
                for n in range(neurons):
                    x1[n] += a[n]
{sequences}
            for n in range(neurons):
{body}
            count = 0
            for n in range(neurons):
                fired[count] = n
                count += y[n] != zero
"""


def recurrent_scan_reference(
    program: Program,
    operands: Operands,
    states: tuple[Array, ...],
    weights: Array,
    bias: Array,
    output: Array,
    saved: tuple[Array, ...],
    threads: int,
) -> None:
    """Run a program over a sequence, step by step.

    Parameters
    ----------
    program : Program
        One step; its output is 0 or 1. Input 0 comes from outside and input 1 from the layer's own spikes.
    operands : Operands
        What it computes with; ``inputs`` holds input 0 alone, shape (time, batch, neuron), or (1, batch, neuron) if it
        is the same in all steps.
    states : tuple of array, shape (batch, neuron)
        Entries of the state before the first step; overwritten by those after the last.
    weights : array, shape (source, target)
        What a spike brings, one step later.
    bias : array, shape (target,)
        What arrives in every step.
    output : array, shape (time, batch, neuron)
        Written: the spikes of each step.
    saved : tuple of array, shape (time, batch, neuron)
        Written: what the backward pass needs (:func:`saved_kinds`); empty where there is none.
    threads : int
        How many threads share the samples; the result does not depend on it.
    """
    del threads
    kept = differentiate(program).saved if saved else ()
    fired = np.zeros(output.shape[1:], output.dtype)
    outside = operands.inputs[0]
    for t in range(len(output)):
        own = np.tile(bias, (len(fired), 1))
        for sample, source in np.argwhere(fired):
            own[sample] += weights[source]
        leaves = {"input": [outside[min(t, len(outside) - 1)], own], "state": states}
        values = evaluate(program.nodes, (*program.outputs, *kept), {}, leaves, operands)
        output[t] = fired = values[program.outputs[0]]
        for array, number in zip(saved, kept, strict=True):
            array[t] = values[number]
        # All entries first: each may depend on all.
        for state, value in zip(states, [np.array(values[number]) for number in program.outputs[1:]], strict=True):
            state[:] = value


def recurrent_scan(
    program: Program,
    operands: Operands,
    states: tuple[Array, ...],
    weights: Array,
    bias: Array,
    output: Array,
    saved: tuple[Array, ...],
    threads: int,
) -> None:
    """Do what :func:`recurrent_scan_reference` does, compiled, sample by sample; all arrays are contiguous."""
    kept = differentiate(program).saved if saved else ()
    kernel = compiled(_source(program, kept, held=len(operands.inputs[0]) != len(output)))
    arrays = (operands.inputs, states, operands.parameters, operands.constants, (output,), saved, (weights, bias))
    # A thread has whole samples: neurons of one need each other.
    share(kernel, arrays, min(threads, max(1, output.shape[1])))


def backward_step(program: Program, *, held: bool) -> Kernel:
    """Return the compiled :func:`scan_backward`, for a loop that calls it on one step after another.

    It takes arrays of one step: (gradient of the output,), those of the states, the parameters, the constants, those of
    the inputs, what was saved followed by those of the learned leaves; and then the range of rows and of columns.

    Parameters
    ----------
    program : Program
        One step of two inputs.
    held : bool
        Whether input 0 is the same in all steps, so that its gradient is added to.
    """
    return compiled(backward_source(program, differentiate(program), (held, False), halved=False))


def inputs_are_added(program: Program) -> bool:
    """Return whether a step only adds its inputs 0 and 1, so that both have one gradient."""
    inputs = differentiate(program).inputs
    return len(inputs) == 2 and inputs[0] == inputs[1]


def _source(program: Program, saved: tuple[int, ...], *, held: bool) -> str:
    """Return the text of ``scan``."""
    code = Code(program.nodes, (*program.outputs, *saved), {}, (held, True), halved=False)
    body = [*code.lines(), f"y[n] = {code.names[program.outputs[0]]}"]
    body += [f"w{k}[n] = {code.names[number]}" for k, number in enumerate(saved)]
    body += [f"s{k}[n] = {code.names[number]}" for k, number in enumerate(program.outputs[1:])]
    sequences = [f"x0, y = inputs[0][{'0' if held else 't'}, row], outputs[0][t, row]"]
    sequences += [f"w{k} = saved[{k}][t, row]" for k in range(len(saved))]
    return _TEXT.format(
        constants=indented(code.constants(), 1),
        parameters=indented(code.parameters(), 1),
        states=indented([f"s{k} = states[{k}][row]" for k in range(len(program.outputs) - 1)], 2),
        sequences=indented(sequences, 3),
        body=indented(body, 4),
    )
