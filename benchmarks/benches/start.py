"""How long a user waits before anything happens."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks._case import Case, Entrant, Goal

NAME = "start"
FIRST_USE = """
import time, torch
from spikewright import LIF
x = torch.zeros(2, 1, 3, requires_grad=True)
started = time.perf_counter()
LIF(tau_mem=0.02).scan(x, dt=1e-3)[0].sum().backward()
print(time.perf_counter() - started)
"""
OURS = Entrant("spikewright")
GOALS = (Goal("limit", 1.0),)


def cases() -> Iterator[Case]:
    """Time the command line, the import beside torch's own, and the first scan, before any kernel is built."""
    shown = {"limit": 0.3, "commands": {"spikewright": ["{bin}/spikewright", "--help"]}}
    yield Case("spikewright --help within 0.3 s", shown, (OURS,), GOALS, measured="commands", threads=(1,))
    for words in ("import spikewright", "from spikewright import LIF, Layer, Network"):
        imports = {"spikewright": ["{bin}/python", "-c", words], "torch": ["{bin}/python", "-c", "import torch"]}
        yield Case(
            f"{words}, within 0.3 s more than import torch",
            {"limit": 0.3, "commands": imports},
            (OURS, Entrant("torch")),
            GOALS,
            measured="commands",
            threads=(1,),
        )
    first = {"limit": 2.0, "says": True, "commands": {"spikewright": ["{bin}/python", "-c", FIRST_USE]}}
    yield Case("first scan within 2 s, no kernel built", first, (OURS,), GOALS, measured="commands", threads=(1,))
