"""What the comparisons with integer simulators share: drawn specifications, and our states for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from spikewright import kernels
from spikewright.neurons import IF
from spikewright.quantised import Floats, LoihiCUBA, Speck, SpeckIF, XyloLIF


def draw_xylo(seed: int, *, shift: int, rate: float, recurrent: int) -> dict[str, Any]:
    """Return neurons of Xylo with random numbers; a large shift and many spikes make their states saturate."""
    rng = np.random.default_rng(seed)
    inputs, hidden, outputs, steps = 5, 9, 3, 120

    def draw(low: int, high: int, *shape: int) -> Any:
        return rng.integers(low, high, shape).tolist()

    return {
        "inputs": rng.poisson(rate, (steps, inputs)).clip(0, 15).tolist(),
        "w_in": draw(-128, 128, inputs, hidden),
        "w_rec": draw(-recurrent, recurrent + 1, hidden, hidden),
        "w_out": draw(-128, 128, hidden, outputs),
        "shift": shift,
        "threshold": draw(50, 4000, hidden),
        "threshold_out": draw(50, 4000, outputs),
        "bias": draw(-30, 31, hidden),
        "bias_out": draw(-30, 31, outputs),
        "dash_mem": draw(0, 6, hidden),
        "dash_mem_out": draw(0, 6, outputs),
        "dash_syn": draw(0, 6, hidden),
        "dash_syn_out": draw(0, 6, outputs),
    }


def run_xylo(spec: dict[str, Any]) -> dict[str, Any]:
    """Return our states for a specification, in the simulator's order: outputs see the spikes of the step before."""
    given = {name: np.array(value) for name, value in spec.items()}
    hidden = XyloLIF(given["dash_syn"], given["dash_mem"], given["threshold"], given["bias"])
    last = XyloLIF(given["dash_syn_out"], given["dash_mem_out"], given["threshold_out"], given["bias_out"], most=1)
    states, fired = [hidden.start(1), last.start(1)], np.zeros((1, len(given["threshold"])), np.int64)
    found: dict[str, list[list[int]]] = {name: [] for name in ("i_syn", "v", "spikes")}
    found |= {f"{name}_out": [] for name in found}
    for arriving in given["inputs"]:
        sums = [hidden.held(states[0]), last.held(states[1])]
        deliver(arriving[None], given["w_in"] << given["shift"], sums[0])
        deliver(fired, given["w_rec"] << given["shift"], sums[0])
        deliver(fired, given["w_out"] << given["shift"], sums[1])
        fired, states[0] = hidden.step(sums[0], states[0])
        out, states[1] = last.step(sums[1], states[1])
        for state, spikes, suffix in ((states[0], fired, ""), (states[1], out, "_out")):
            for name, values in (("i_syn", state.i_syn), ("v", state.v), ("spikes", spikes)):
                found[name + suffix].append(values[0].tolist())
    return found


def deliver(sent: NDArray[np.int64], weights: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
    """Add dense weights, shape (source, target), as the engine does."""
    sources, targets = weights.shape
    starts = np.arange(sources + 1) * targets
    kernels.deliver_integers(
        sent, starts, np.tile(np.arange(targets), sources), weights.ravel(), *XyloLIF.accumulator, sums
    )


def draw_loihi(seed: int, *, size: int) -> dict[str, Any]:
    """Return neurons of Loihi with random numbers; large sums of weights drive the potential into saturation."""
    rng = np.random.default_rng(seed)
    steps, neurons = 120, 12
    sparse = rng.random((steps, neurons)) < 0.4
    return {
        "inputs": (rng.integers(-size, size + 1, (steps, neurons)) * sparse).tolist(),
        "du": int(rng.integers(1500, 4096)),
        "dv": int(rng.integers(0, 300)),
        "vth": int(rng.integers(size, 3 * size)),
        "bias_mant": rng.integers(-400, 401, neurons).tolist(),
        "bias_exp": rng.integers(0, 8, neurons).tolist(),
    }


def run_loihi(spec: dict[str, Any]) -> dict[str, Any]:
    """Return our states for a specification."""
    count = len(spec["bias_mant"])
    neuron = LoihiCUBA(
        decay_u=np.full(count, spec["du"]),
        decay_v=np.full(count, spec["dv"]),
        threshold=np.full(count, spec["vth"]),
        bias=np.array(spec["bias_mant"]) << np.array(spec["bias_exp"]),
    )
    state = neuron.start(1)
    found: dict[str, list[list[int]]] = {"u": [], "v": [], "spikes": []}
    for arriving in np.array(spec["inputs"]):
        spikes, state = neuron.step(arriving[None], state)
        for name, values in (("u", state.u), ("v", state.v), ("spikes", spikes)):
            found[name].append(values[0].tolist())
    return found


def draw_speck(seed: int, *, rate: float, threshold: float, low: float) -> dict[str, Any]:
    """Return a layer of Speck with random numbers. The largest weight is positive: sinabs has one more below zero."""
    rng = np.random.default_rng(seed)
    steps, inputs, neurons = 120, 7, 9
    weights = rng.uniform(-0.9, 0.9, (neurons, inputs)).astype(np.float32)
    weights[2, 3] = 1.0
    return {
        "inputs": rng.poisson(rate, (steps, inputs)).tolist(),
        "weights": weights.tolist(),
        "bias": rng.uniform(-0.2, 0.2, neurons).astype(np.float32).tolist(),
        "threshold": threshold,
        "low": low,
    }


def run_speck(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers that we make of a layer, and its states."""
    weights, bias = np.array(spec["weights"]), np.array(spec["bias"])
    neuron = IF(v_threshold=spec["threshold"])
    matrices = (scipy.sparse.csr_array(weights),)
    layer = Floats("layer", neuron, (len(bias),), matrices, bias, 1e-3, analog=False, last=False)
    whole = Speck().convert(layer)
    made = whole.neuron
    low = int(np.rint(spec["low"] / whole.step[0]))
    integer = SpeckIF(made.threshold, made.bias, made.start_v, low=low)
    table, state = whole.weights[0].toarray(), integer.start(1)
    found: dict[str, Any] = {"weights": table.tolist(), "bias": made.bias.tolist(), "spikes": [], "v": []}
    found |= {"threshold": int(made.threshold[0]), "low": low}
    for arriving in np.array(spec["inputs"]):
        spikes, state = integer.step((table @ arriving)[None], state)
        found["spikes"].append(spikes[0].tolist())
        found["v"].append(state.v[0].tolist())
    return found
