"""Record the golden traces of the neuron models: ``python tests/golden/make_neuron_traces.py``.

Plain Python floats, one neuron at a time, nothing of the package. Models whose equations are linear between spikes are
not stepped at all: the potential at each grid time is the sum of the responses to all charges and resets before it, so
an error in a recursion cannot hide here. The others are loops that read like the paper. Run it again only to record on
purpose.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "neurons"
BATCH, NEURONS = 2, 3

Trace = dict[str, list[float]]
Parameter = float | list[float] | None


def relu(x: list[float], dt: float, neuron: int) -> Trace:
    """Positive part."""
    return {"output": [max(0.0, charge) for charge in x]}


def integrator(x: list[float], dt: float, neuron: int, tau_mem: float) -> Trace:
    """Sum of exponentials."""
    v = [math.fsum(x[k] * math.exp((k - t) * dt / tau_mem) for k in range(t + 1)) for t in range(len(x))]
    return {"output": v, "v": v}


def superpose(
    x: list[float],
    response: Callable[[int], float],
    fade: Callable[[int], float],
    start: Callable[[int], float],
    threshold: Callable[[int, list[int]], float],
    v_reset: float | None,
    *,
    once: bool = False,
) -> Trace:
    """Sum the responses to charges and resets at each grid time, and fire where the sum reaches the threshold.

    A spike takes the threshold of its time, or the distance to ``v_reset``, off the potential; that fades by ``fade``.
    """
    output, trace, spikes, taken = [], [], [], []
    for t in range(len(x)):
        charges = (x[k] * response(t - k) for k in range(t + 1))
        v = start(t) + math.fsum(charges) - math.fsum(c * fade(t - s) for s, c in zip(spikes, taken, strict=True))
        fires = v >= threshold(t, spikes) and not (once and spikes)
        cost = threshold(t, spikes) if v_reset is None else v - v_reset
        trace.append(v - cost if fires else v)
        output.append(float(fires))
        if fires:
            spikes.append(t)
            taken.append(cost)
    return {"output": output, "v": trace}


def integrate_and_fire(x, dt, neuron, v_threshold, v_reset, v_start) -> Trace:
    """No leak: every response is a step."""
    return superpose(x, lambda _: 1.0, lambda _: 1.0, lambda _: v_start, lambda *_: v_threshold, v_reset)


def lif(x, dt, neuron, tau_mem, v_threshold, v_leak, v_reset) -> Trace:
    """Every response is an exponential."""

    def fade(steps):
        return math.exp(-steps * dt / tau_mem)

    return superpose(x, fade, fade, lambda _: v_leak, lambda *_: v_threshold, v_reset)


def double_exponential(t: float, tau_mem: float, tau_syn: float) -> float:
    """Response of the membrane to an exponential current; the alpha kernel for equal time constants."""
    if tau_mem == tau_syn:
        return t / tau_mem * math.exp(-t / tau_mem)
    return tau_syn / (tau_syn - tau_mem) * (math.exp(-t / tau_syn) - math.exp(-t / tau_mem))


def cuba(x, dt, neuron, tau_mem, tau_syn, v_threshold, v_leak, v_reset) -> Trace:
    """Double exponentials."""
    return superpose(
        x,
        lambda steps: double_exponential(steps * dt, tau_mem, tau_syn),
        lambda steps: math.exp(-steps * dt / tau_mem),
        lambda _: v_leak,
        lambda *_: v_threshold,
        v_reset,
    )


def prompt_cuba(x, dt, neuron, tau_mem, tau_syn, gain, v_threshold, v_leak, v_reset) -> Trace:
    """Sums of powers of both decays."""

    def response(steps):
        return gain * math.fsum(math.exp(-k * dt / tau_syn - (steps - k) * dt / tau_mem) for k in range(steps + 1))

    return superpose(
        x, response, lambda steps: math.exp(-steps * dt / tau_mem), lambda _: v_leak, lambda *_: v_threshold, v_reset
    )


def alif(x, dt, neuron, tau_mem, tau_adapt, v_threshold, scale) -> Trace:
    """Exponentials, and a threshold that remembers all spikes."""
    rho = math.exp(-dt / tau_adapt)

    def fade(steps):
        return math.exp(-steps * dt / tau_mem)

    def threshold(t, spikes):
        return v_threshold + scale * math.fsum((1 - rho) * rho ** (t - 1 - s) for s in spikes)

    return superpose(x, fade, fade, lambda _: 0.0, threshold, None)


def current_if(x, dt, neuron, tau_syn, v_threshold, v_reset, once) -> Trace:
    """Saturating exponentials, no leak."""
    return superpose(
        x,
        lambda steps: 1 - math.exp(-steps * dt / tau_syn),
        lambda _: 1.0,
        lambda _: 0.0,
        lambda *_: v_threshold,
        v_reset,
        once=once,
    )


def scramble(word: int) -> int:
    """Hash of a 32-bit word: constants of the "lowbias32" family after an added golden ratio."""
    word = (word + 0x9E3779B9) % 2**32
    word = (word ^ word >> 16) * 0x7FEB352D % 2**32
    word = (word ^ word >> 15) * 0x846CA68B % 2**32
    return word ^ word >> 16


def escape_srm(x, dt, neuron, tau_mem, tau_syn, v_threshold, rate, softness, eta, tau_eta, seed) -> Trace:
    """Sum of kernels and the last spike's afterpotential; a hash decides."""
    output, trace, last = [], [], None
    for t in range(len(x)):
        v = math.fsum(x[k] * double_exponential((t - k) * dt, tau_mem, tau_syn) for k in range(t + 1))
        after = 0.0 if last is None else -eta * math.exp(-(t - last) * dt / tau_eta)
        p = 1 - math.exp(-rate * dt * math.exp((v + after - v_threshold) / softness))
        draw = scramble(scramble(scramble(seed) + t) + scramble(neuron)) // 512
        fires = (draw + 0.5) / 2**23 <= p
        last = t if fires else last
        output.append(float(fires))
        trace.append(v)
    return {"output": output, "v": trace}


def conductance_lif(x, dt, neuron, **p) -> Trace:
    """Conductances as sums of exponentials; the potential relaxes under their means over the step."""

    def conductance(t, sign, tau):
        opened = math.fsum(max(sign * x[k], 0) * math.exp((k - t + 1) * dt / tau) for k in range(t))
        return opened * tau / dt * (1 - math.exp(-dt / tau))

    v, theta, held = p["v_leak"], p["theta"], 0
    trace: Trace = {"output": [], "v": [], "theta": []}
    for t in range(len(x)):
        fires = False
        if held:
            held -= 1
        else:
            g_exc, g_inh = conductance(t, 1, p["tau_ge"]), conductance(t, -1, p["tau_gi"])
            total = 1 + g_exc + g_inh
            limit = (p["v_leak"] + g_exc * p["e_exc"] + g_inh * p["e_inh"]) / total
            v = limit - (limit - v) * math.exp(-total * dt / p["tau_mem"])
            fires = v >= p["v_threshold"] + theta - p["offset"]
        theta *= math.exp(-dt / p["tau_theta"])
        if fires:
            v, theta, held = p["v_reset"], theta + p["theta_plus"], round(p["tau_ref"] / dt)
        for name, value in (("output", float(fires)), ("v", v), ("theta", theta)):
            trace[name].append(value)
    return trace


def izhikevich(x, dt, neuron, a, b, c, d, v_threshold, v_start) -> Trace:
    """The paper's program with the test for a spike at the end of the step."""
    v, u, ms = v_start, b * v_start, 1000 * dt
    trace: Trace = {"output": [], "v": [], "u": []}
    for current in x:
        v = v + ms / 2 * (0.04 * v * v + 5 * v + 140 - u + current)
        v = v + ms / 2 * (0.04 * v * v + 5 * v + 140 - u + current)
        u = u + ms * a * (b * v - u)
        fires = v >= v_threshold
        if fires:
            v, u = c, u + d
        for name, value in (("output", float(fires)), ("v", v), ("u", u)):
            trace[name].append(value)
    return trace


def squid_rates(v: float) -> dict[str, tuple[float, float]]:
    """Opening and closing rates in 1 / ms."""
    return {
        "m": (0.1 * (v + 40) / (1 - math.exp(-(v + 40) / 10)), 4 * math.exp(-(v + 65) / 18)),
        "h": (0.07 * math.exp(-(v + 65) / 20), 1 / (1 + math.exp(-(v + 35) / 10))),
        "n": (0.01 * (v + 55) / (1 - math.exp(-(v + 55) / 10)), 0.125 * math.exp(-(v + 65) / 80)),
    }


def hodgkin_huxley(
    x, dt, neuron, g_na, g_k, g_leak, e_na, e_k, e_leak, capacitance, v_threshold, v_start, dt_max
) -> Trace:
    """Exponential Euler: gates first, then the potential."""
    parts = round(dt / dt_max)
    ms = 1000 * dt / parts
    v = v_start
    gates = {name: opening / (opening + closing) for name, (opening, closing) in squid_rates(v).items()}
    trace: Trace = {"output": [], "v": [], "m": [], "h": [], "n": []}
    for current in x:
        before, peak = v, -math.inf
        for _ in range(parts):
            for name, (opening, closing) in squid_rates(v).items():
                limit = opening / (opening + closing)
                gates[name] = limit + (gates[name] - limit) * math.exp(-ms * (opening + closing))
            sodium, potassium = g_na * gates["m"] ** 3 * gates["h"], g_k * gates["n"] ** 4
            total = sodium + potassium + g_leak
            limit = (sodium * e_na + potassium * e_k + g_leak * e_leak + current) / total
            v = limit + (v - limit) * math.exp(-ms * total / capacitance)
            peak = max(peak, v)
        for name, value in (("output", float(peak >= v_threshold > before)), ("v", v), *gates.items()):
            trace[name].append(value)
    return trace


@dataclass(frozen=True)
class Case:
    """What is recorded of one model: its loop, parameters (lists hold one value a neuron), step, and Gaussian drive."""

    model: Callable[..., Trace]
    parameters: dict[str, Parameter]
    dt: float
    steps: int
    mean: float
    spread: float


CASES = {
    "ALIF": Case(
        alif, {"tau_mem": 0.018, "tau_adapt": [0.03, 0.06, 0.1], "v_threshold": 0.8, "scale": 2.5}, 2e-3, 40, 0.2, 0.3
    ),
    "CUBA": Case(
        cuba,
        {"tau_mem": 0.02, "tau_syn": [0.005, 0.02, 0.04], "v_threshold": 0.9, "v_leak": -0.1, "v_reset": None},
        1.5e-3,
        40,
        0.25,
        0.6,
    ),
    "ConductanceLIF": Case(
        conductance_lif,
        {
            "tau_mem": 0.08,
            "v_leak": -66.0,
            "v_reset": -64.0,
            "v_threshold": -53.0,
            "e_exc": 2.0,
            "e_inh": [-95.0, -90.0, -80.0],
            "tau_ge": 2e-3,
            "tau_gi": 3e-3,
            "tau_ref": 2.1e-3,
            "theta": [18.0, 19.0, 20.0],
            "theta_plus": 0.4,
            "tau_theta": 0.5,
            "offset": 19.0,
        },
        7e-4,
        60,
        3.0,
        8.0,
    ),
    "CurrentIF": Case(
        current_if,
        {"tau_syn": [0.004, 0.008, 0.02], "v_threshold": 1.2, "v_reset": -0.2, "once": False},
        1e-3,
        40,
        0.15,
        0.4,
    ),
    "EscapeSRM": Case(
        escape_srm,
        {
            "tau_mem": 0.015,
            "tau_syn": [0.004, 0.015, 0.03],
            "v_threshold": 0.9,
            "rate": 90.0,
            "softness": 0.2,
            "eta": 1.5,
            "tau_eta": 0.006,
            "seed": 12345,
        },
        2e-3,
        40,
        0.15,
        0.4,
    ),
    "HodgkinHuxley": Case(
        hodgkin_huxley,
        {
            "g_na": 118.0,
            "g_k": [34.0, 36.0, 40.0],
            "g_leak": 0.32,
            "e_na": 52.0,
            "e_k": -76.0,
            "e_leak": -54.0,
            "capacitance": 1.1,
            "v_threshold": -5.0,
            "v_start": -63.0,
            "dt_max": 5e-5,
        },
        2e-4,
        50,
        25.0,
        10.0,
    ),
    "IF": Case(
        integrate_and_fire, {"v_threshold": 0.9, "v_reset": None, "v_start": [0.0, 0.2, 0.45]}, 1e-3, 40, 0.15, 0.4
    ),
    "Integrator": Case(integrator, {"tau_mem": [0.01, 0.02, 0.05]}, 2e-3, 40, 0.1, 0.5),
    "Izhikevich": Case(
        izhikevich,
        {
            "a": [0.02, 0.1, 0.02],
            "b": [0.2, 0.2, 0.25],
            "c": [-65.0, -65.0, -55.0],
            "d": [8.0, 2.0, 0.05],
            "v_threshold": 28.0,
            "v_start": -62.0,
        },
        8e-4,
        80,
        15.0,
        5.0,
    ),
    "LIF": Case(
        lif, {"tau_mem": [0.01, 0.02, 0.03], "v_threshold": 0.9, "v_leak": -0.1, "v_reset": -0.3}, 2e-3, 40, 0.25, 0.4
    ),
    "PromptCUBA": Case(
        prompt_cuba,
        {
            "tau_mem": 0.02,
            "tau_syn": [0.005, 0.02, 0.04],
            "gain": 0.4,
            "v_threshold": 0.9,
            "v_leak": -0.1,
            "v_reset": -0.2,
        },
        1.5e-3,
        40,
        0.1,
        0.3,
    ),
    "ReLU": Case(relu, {}, 1e-3, 5, 0.0, 1.0),
}


def record(name: str, case: Case) -> dict[str, object]:
    """Run every neuron of every sample and put the numbers together, time first."""
    source = random.Random(name)
    x = [
        [[source.gauss(case.mean, case.spread) for _ in range(NEURONS)] for _ in range(BATCH)]
        for _ in range(case.steps)
    ]
    runs = [
        [
            case.model([step[b][n] for step in x], case.dt, n, **{
                key: value[n] if isinstance(value, list) else value for key, value in case.parameters.items()
            })
            for n in range(NEURONS)
        ]
        for b in range(BATCH)
    ]  # fmt: skip
    trace = {
        key: [[[runs[b][n][key][t] for n in range(NEURONS)] for b in range(BATCH)] for t in range(case.steps)]
        for key in runs[0][0]
    }
    origin = f"tests/golden/make_neuron_traces.py, {case.model.__name__}: {case.model.__doc__.splitlines()[0]}"
    return {"origin": origin, "parameters": case.parameters, "dt": case.dt, "x": x, "trace": trace}


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for name, case in CASES.items():
        (HERE / f"{name}.json").write_text(json.dumps(record(name, case)) + "\n")
