"""The scan of neurons that act on all others of their layer, one step later and all with one weight.

What a neuron receives from the others is the weight times the number of spikes in the step before, less its own. So the
step is one program of two inputs: charges from outside, and those from the others.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikewright.kernels._generated import compiled
from spikewright.kernels._program import Program
from spikewright.kernels._scan import Operands, evaluate
from spikewright.kernels._source import Code, indented

Array: TypeAlias = NDArray[np.generic]

_TEXT = """\
import numpy as np
from numba import int32, int64
from spikewright.kernels._elementary import exp, expm1


def scan(inputs, states, parameters, constants, weight, output):
    real = constants.dtype.type
    zero, one, strength = real(0), real(1), real(weight)
    steps, batch, neurons = output.shape
    part = slice(0, neurons)
    x1 = np.empty(neurons, constants.dtype)
{constants}
{parameters}
    for row in range(batch):
        x1[:] = zero
{states}
        for t in range(steps):
            x0, y = inputs[0][t, row], output[t, row]
            count = int32(0)
            for n in range(neurons):
{body}
            for n in range(neurons):
                x1[n] = strength * (real(count) - y[n])
"""


def lateral_scan_reference(
    program: Program, operands: Operands, states: tuple[Array, ...], weight: float, output: Array
) -> None:
    """Run a program over a sequence, step by step.

    Parameters
    ----------
    program : Program
        One step; its output is 0 or 1. Input 0 comes from outside and input 1 from the other neurons.
    operands : Operands
        What it computes with; ``inputs`` holds input 0 alone, shape (time, batch, neuron).
    states : tuple of array, shape (batch, neuron)
        Entries of the state before the first step; overwritten by those after the last.
    weight : float
        What a spike brings to every other neuron.
    output : array, shape (time, batch, neuron)
        Written: the spikes of each step.
    """
    real = output.dtype.type
    fired = np.zeros(output.shape[1:], output.dtype)
    for t, charges in enumerate(operands.inputs[0]):
        others = real(weight) * (fired.sum(-1, keepdims=True) - fired)
        leaves = {"input": [charges, others], "state": states}
        values = evaluate(program.nodes, program.outputs, {}, leaves, operands)
        output[t] = fired = values[program.outputs[0]]
        # All entries first: each may depend on all.
        for state, value in zip(states, [np.array(values[number]) for number in program.outputs[1:]], strict=True):
            state[:] = value


def lateral_scan(program: Program, operands: Operands, states: tuple[Array, ...], weight: float, output: Array) -> None:
    """Do what :func:`lateral_scan_reference` does, compiled, sample by sample; all arrays are contiguous."""
    compiled(_source(program))(operands.inputs, states, operands.parameters, operands.constants, float(weight), output)


def _source(program: Program) -> str:
    """Return the text of ``scan``."""
    code = Code(program.nodes, program.outputs, {}, (False, True), halved=False)
    fired = code.names[program.outputs[0]]
    # The sum is narrowed at each addition, because one of 64 bits would halve the vectors.
    body = [*code.lines(), f"y[n] = {fired}", f"count = int32(count + int32({fired} != zero))"]
    body += [f"s{k}[n] = {code.names[number]}" for k, number in enumerate(program.outputs[1:])]
    return _TEXT.format(
        constants=indented(code.constants(), 1),
        parameters=indented(code.parameters(), 1),
        states=indented([f"s{k} = states[{k}][row]" for k in range(len(program.outputs) - 1)], 2),
        body=indented(body, 4),
    )
