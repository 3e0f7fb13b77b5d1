"""Recurrent networks of 10^4 to 10^7 neurons in which as many spikes occur, whatever their size.

In every step a fixed number of neurons, drawn anew, is driven to fire; a spike adds a weight of int8 to each of its 100
targets one step later. Weights are small and cancel on average, so that neurons hardly fire on their own.

Each synapse is a hash of its place: so the reference works out only the rows of spikes that occur, and even a network
of 10^9 synapses is checked. Compared are the spikes of some steps, each neuron folded into the first 10^5 places, and
at last whose potential is above rest.

What crosses the border of a core's own caches is counted on paper: the lines of the rows of spikes, and, where the
neurons do not fit, for each synapse the line of its target, read and written. Both are where chance put them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Case, Entrant, Goal

NAME = "scale"
WORK = "scale"
SMALLEST = 10**4
SIZES = (SMALLEST, 10**5, 10**6, 10**7)
FITTING = 10**5
"""The largest network whose 50 MB of synapses fit the caches."""

OWN_CACHE = 2 * 2**20
"""Bytes that the largest cache of one core's own holds."""

LINE = 64
NEURON_BYTES = 8
FAN_OUT = 100
PARAMETERS = {
    "fan_out": FAN_OUT,
    "driven": 100,
    "steps": 3000,
    "segments": 12,
    "checked": 30,
    "decay": 0.95,
    "threshold": 0.5,
    "scale": 2.0**-8,
}
FOLD = 10**5
LARGEST = 5
"""Weights are from minus this to this."""


def cases() -> Iterator[Case]:
    """One for each size, the smallest beside all others."""
    for neurons in SIZES:
        smallest = Entrant("spikewright", "smallest", counts=neurons == FITTING)
        operations = float(PARAMETERS["driven"] * FAN_OUT)
        fits = neurons * NEURON_BYTES <= OWN_CACHE
        # What the smallest needs lies in the caches of one core, or almost.
        lines = PARAMETERS["driven"] * row_lines() if neurons > SMALLEST else 0.0
        yield Case(
            f"{neurons:.0e} neurons, {neurons * FAN_OUT:.0e} synapses, {PARAMETERS['driven']} spikes a step",
            {**PARAMETERS, "neurons": neurons},
            (Entrant("spikewright"), *([] if neurons == SMALLEST else [smallest])),
            (Goal("ours", 2 / 3),) if neurons == FITTING else (),
            bytes_moved=LINE * (lines + (0.0 if fits else 2 * operations)),
            per_unit={"synaptic operations": operations},
            random_lines=lines + (0.0 if fits else operations),
            units=PARAMETERS["steps"],
            threads=(1,),
        )


def row_lines() -> float:
    """Return how many lines the targets and weights of a source lie on, on average over where a row begins."""
    return sum((FAN_OUT * size + LINE - size) / LINE for size in (4, 1))


def inputs(parameters: dict[str, Any]) -> dict[str, NDArray[np.int32]]:
    """Return ``driven``, shape (segment, spike): neurons that are driven, as many in every step."""
    shape = parameters["segments"], parameters["steps"] * parameters["driven"]
    return {"driven": np.random.default_rng(0).integers(0, parameters["neurons"], shape, dtype=np.int32)}


def rows(sources: NDArray[np.integer], parameters: dict[str, Any]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Return the targets and weights of some sources, shape (source, synapse): one target in each of equal ranges."""
    fan_out = parameters["fan_out"]
    width = np.uint64(parameters["neurons"] // fan_out)
    ranges = np.arange(fan_out, dtype=np.uint64)
    # SplitMix64 of the number of the synapse.
    bits = (sources.astype(np.uint64)[:, None] * np.uint64(fan_out) + ranges) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    high, low = (bits ^ (bits >> np.uint64(31))) >> np.uint64(32), bits & np.uint64(2**32 - 1)
    targets = (high * width >> np.uint64(32)) + ranges * width
    weights = (low * np.uint64(2 * LARGEST + 1) >> np.uint64(32)).astype(np.int8) - np.int8(LARGEST)
    return targets.astype(np.int32), weights


def reference(parameters: dict[str, Any], inputs: dict[str, NDArray[np.int32]]) -> NDArray[np.bool_]:
    """Advance all neurons in every step, in float64."""
    driven = inputs["driven"][0].reshape(parameters["steps"], -1)[: parameters["checked"]]
    u = np.zeros(parameters["neurons"])
    sent = np.empty(0, np.int64)
    spikes = []
    for inputs_now in driven:
        u *= parameters["decay"]
        targets, weights = rows(sent, parameters)
        np.add.at(u, targets, weights * parameters["scale"])
        np.add.at(u, inputs_now, 1.0)
        sent = np.flatnonzero(u >= parameters["threshold"])
        u[sent] = 0.0
        spikes.append(sent)
    return folded(spikes, u)


def folded(spikes: list[NDArray[np.integer]], u: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return what is compared, shape (step + 1, place): spikes, then potentials above rest."""
    raster = np.zeros((len(spikes) + 1, FOLD), bool)
    for row, sent in zip(raster, spikes, strict=False):
        row[sent % FOLD] = True
    raster[-1, : len(u)] = u[:FOLD] > 0
    return raster
