"""A network as one self-contained C99 file: whole numbers, static memory, work only where spikes arrive."""

from __future__ import annotations

from functools import singledispatch
from math import prod

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import ModelError
from spikewright.network import INPUT
from spikewright.quantised import (
    FixedPointIntegrator,
    FixedPointLIF,
    IntegerLayer,
    IntegerNetwork,
    IntegerNeuron,
    IntegerSynapses,
)

DECAY = """\
/* What is left of v, rounded towards 0; the factor has 15 binary places. */
static int64_t decayed(int64_t v, int64_t factor) {
    return v < 0 ? -((-v * factor) >> 15) : (v * factor) >> 15;
}

static int64_t saturated(int64_t v, int bits) {
    const int64_t high = ((int64_t)1 << (bits - 1)) - 1;
    return v > high ? high : v < -high - 1 ? -high - 1 : v;
}

/* Add the weights of what each source sent. */
static void deliver(const int32_t *sent, int sources, const int32_t *starts, const int32_t *targets,
                    const int16_t *weights, int64_t *sums) {
    for (int source = 0; source < sources; source++) {
        if (!sent[source]) continue;
        for (int32_t k = starts[source]; k < starts[source + 1]; k++) {
            sums[targets[k]] += (int64_t)sent[source] * weights[k];
        }
    }
}
"""

FACE = """\
/* Written by spikewright. One call of {prefix}_step a time step; {prefix}_reset before each sample.
   Input: {what}. Output: {output}. */
#include <stdint.h>
#include <string.h>

#define {PREFIX}_INPUTS {inputs}
#define {PREFIX}_OUTPUTS {outputs}

void {prefix}_reset(void);
void {prefix}_step(const int32_t input[{PREFIX}_INPUTS], int32_t output[{PREFIX}_OUTPUTS]);
"""


def c_source(network: IntegerNetwork, *, prefix: str = "network") -> str:
    """Return the C99 text of a network in generic fixed point.

    The functions ``PREFIX_reset`` and ``PREFIX_step`` give what :class:`~spikewright.engines.FixedPoint` does, in every
    step. All memory is static, nothing but ``stdint.h`` and ``string.h`` is used, and right shifts act on numbers that
    are not negative. Sums of a step have 64 bits, and values that travel between layers 32.

    Parameters
    ----------
    network : IntegerNetwork
        Of LIF or IF neurons, the last layer of integrators perhaps.
    prefix : str
        A C identifier; starts the names that others see.

    Raises
    ------
    ModelError
        If the network has other neurons or delays, or the prefix is no identifier.
    """
    if not prefix.isascii() or not prefix.isidentifier():
        raise ModelError(f"c_source.prefix: must be a C identifier; got {prefix!r}.")
    last = network.layers[-1]
    face = FACE.format(
        prefix=prefix,
        PREFIX=prefix.upper(),
        inputs=prod(network.shape),
        outputs=prod(last.shape),
        what=f"values times {2**network.input_bits}" if network.input_bits else "spikes, or counts of them",
        output="spikes" if last.neuron.spiking else "potentials in units of the integer network",
    )
    numbers = {layer.name: number for number, layer in enumerate(network.layers)}
    parts = [face, DECAY]
    for layer in network.layers:
        parts += [_synapses(layer, numbers), _neurons(layer.neuron, numbers[layer.name], network)]
    return "\n".join([*parts, _run(network, numbers, prefix)])


def _synapses(layer: IntegerLayer, numbers: dict[str, int]) -> str:
    """Return the arrays of a layer's synapses."""
    arrays = []
    for index, synapses in enumerate(layer.synapses):
        own = synapses.source == layer.name
        if synapses.delay != int(own):
            raise ModelError(f"c_source: layer {layer.name!r} has delays, which the C text does not hold.")
        name = f"{numbers[layer.name]}_{index}"
        arrays += [
            _array("int32_t", f"starts_{name}", synapses.starts),
            _array("int32_t", f"targets_{name}", synapses.targets),
            _array("int16_t", f"weights_{name}", synapses.weights),
        ]
    count = prod(layer.shape)
    return f"/* {layer.name} */\n{''.join(arrays)}static int32_t sent_{numbers[layer.name]}[{count}];\n"


@singledispatch
def _neurons(neuron: IntegerNeuron, number: int, network: IntegerNetwork) -> str:
    """Return the state, the parameters and the step of a layer's neurons."""
    raise ModelError(
        f"c_source: layer {network.layers[number].name!r} is of {type(neuron).__name__}; the C text has IF, LIF and "
        "Integrator neurons in generic fixed point."
    )


@_neurons.register
def _(neuron: FixedPointLIF, number: int, network: IntegerNetwork) -> str:  # noqa: ARG001
    count = len(neuron.threshold)
    names = ["decay", "threshold", "leak", "bias", *(["start_v"] if neuron.start_v.any() else [])]
    after = "v[k] - threshold_{0}[k]"
    if neuron.reset is not None:
        names, after = [*names, "reset"], "reset_{0}[k]"
    arrays = "".join(_array("int32_t", f"{name}_{number}", getattr(neuron, name)) for name in names)
    return f"""{arrays}static int64_t v_{number}[{count}];

static void neurons_{number}(const int64_t *x) {{
    int64_t *v = v_{number};
    for (int k = 0; k < {count}; k++) {{
        const int64_t left = leak_{number}[k] + decayed(v[k] - leak_{number}[k], decay_{number}[k]);
        v[k] = saturated(left + x[k] * {2**neuron.fraction} + bias_{number}[k], {neuron.bits});
        sent_{number}[k] = v[k] >= threshold_{number}[k];
        if (sent_{number}[k]) v[k] = {after.format(number)};
    }}
}}
"""


@_neurons.register
def _(neuron: FixedPointIntegrator, number: int, network: IntegerNetwork) -> str:  # noqa: ARG001
    count = len(neuron.bias)
    arrays = "".join(_array("int32_t", f"{name}_{number}", getattr(neuron, name)) for name in ("decay", "bias"))
    return f"""{arrays}static int64_t v_{number}[{count}];

static void neurons_{number}(const int64_t *x) {{
    int64_t *v = v_{number};
    for (int k = 0; k < {count}; k++) {{
        v[k] = saturated(decayed(v[k], decay_{number}[k]) + x[k] * {2**neuron.fraction} + bias_{number}[k],
        {neuron.bits}); sent_{number}[k] = (int32_t)v[k];
    }}
}}
"""


def _run(network: IntegerNetwork, numbers: dict[str, int], prefix: str) -> str:
    """Return the two functions that others call."""
    resets, steps = [], []
    for layer in network.layers:
        number, count = numbers[layer.name], prod(layer.shape)
        first = f"start_v_{number}[k]" if layer.neuron.start(1)[0].any() else "0"
        resets.append(f"    for (int k = 0; k < {count}; k++) v_{number}[k] = {first};")
        resets.append(f"    memset(sent_{number}, 0, sizeof sent_{number});")
        steps += _step(layer, number, numbers, network)
    last = len(network.layers) - 1
    return "\n".join(
        [
            f"void {prefix}_reset(void) {{",
            *resets,
            "}",
            "",
            f"void {prefix}_step(const int32_t input[{prefix.upper()}_INPUTS],",
            f"                   int32_t output[{prefix.upper()}_OUTPUTS]) {{",
            f"    static int64_t sums[{max(prod(layer.shape) for layer in network.layers)}];",
            *steps,
            f"    memcpy(output, sent_{last}, sizeof sent_{last});",
            "}",
            "",
        ]
    )


def _step(layer: IntegerLayer, number: int, numbers: dict[str, int], network: IntegerNetwork) -> list[str]:
    lines = [f"    memset(sums, 0, {prod(layer.shape)} * sizeof *sums);"]
    # The input first: its sum of products is rounded before anything else is added.
    order = sorted(range(len(layer.synapses)), key=lambda index: layer.synapses[index].source != INPUT)
    for index in order:
        synapses = layer.synapses[index]
        lines.append(f"    deliver({_call(synapses, f'{number}_{index}', numbers)}, sums);")
        if synapses.source == INPUT and network.input_bits:
            lines += _shift(prod(layer.shape), network.input_bits)
    return [*lines, f"    neurons_{number}(sums);"]


def _call(synapses: IntegerSynapses, name: str, numbers: dict[str, int]) -> str:
    sent = "input" if synapses.source == INPUT else f"sent_{numbers[synapses.source]}"
    return f"{sent}, {len(synapses.starts) - 1}, starts_{name}, targets_{name}, weights_{name}"


def _shift(count: int, bits: int) -> list[str]:
    """Divide sums by a power of 2, to the nearest, halves up; without a shift of a negative number."""
    half, mask = 2 ** (bits - 1), 2**bits - 1
    return [
        f"    for (int k = 0; k < {count}; k++) {{",
        f"        const int64_t x = sums[k] + {half};",
        f"        sums[k] = x < 0 ? -((-x + {mask}) >> {bits}) : x >> {bits};",
        "    }",
    ]


def _array(kind: str, name: str, values: NDArray[np.int64]) -> str:
    """Return the definition of a constant array; an empty one has an element that is not used."""
    limits = np.iinfo(np.int16 if kind == "int16_t" else np.int32)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise ModelError(f"c_source: {name} reaches {np.abs(values).max()}, which is no {kind}.")
    rows = ",\n".join("    " + ", ".join(str(value) for value in row) for row in _rows(values.tolist() or [0]))
    return f"static const {kind} {name}[{max(len(values), 1)}] = {{\n{rows}\n}};\n"


def _rows(values: list[int]) -> list[list[int]]:
    return [values[start : start + 16] for start in range(0, len(values), 16)]
