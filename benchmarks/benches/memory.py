"""Peak memory of the work of train-mlp, and how it grows with the steps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from benchmarks._case import Case, Entrant, Goal
from benchmarks.benches.train_mlp import PARAMETERS, PEERS, inputs, reference

__all__ = ["NAME", "WORK", "cases", "inputs", "reference"]

NAME = "memory"
WORK = "train_mlp"
STEPS = (25, 100, 400)
WAYS = ("", "recomputed")
# A step of sinabs takes longer than all others together, and more memory.
RIVALS = tuple(Entrant(peer) for peer in PEERS if peer != "sinabs")
GIVEN = {**PARAMETERS, "freed": "returned"}


def cases() -> Iterator[Case]:
    """Measure the peak at three lengths, as a user gets it and with recomputation, and the growth a step."""
    for way, steps in product(WAYS, STEPS):
        beside = Entrant("spikewright", "+".join(filter(None, ("bfloat16", way))), counts=False)
        yield Case(
            ", ".join(filter(None, (f"peak, {steps} steps", way))),
            {**GIVEN, "steps": steps},
            (Entrant("spikewright", way), *RIVALS, beside),
            (Goal("peers", 4.0),),
            measured="peaks",
            threads=(1,),
        )
    yield Case(
        f"growth a step, {STEPS[0]} to {STEPS[-1]} steps",
        GIVEN,
        (Entrant("spikewright", "recomputed"), *RIVALS),
        (Goal("peers", 10.0),),
        measured="growths",
        between=(STEPS[0], STEPS[-1]),
        threads=(1,),
    )
