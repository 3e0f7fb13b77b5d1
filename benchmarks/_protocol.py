"""How entrants are compared: a process for each, in turn, spikes first, then times."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from benchmarks._case import ROUNDED, Case, Entrant
from benchmarks._commands import run_in_turn
from benchmarks._outcome import Outcome, Record, record
from benchmarks._peer import Peer, PeerError, Process, parameters_of

REST = 0.2
"""Seconds between two turns, in which the threads of the one before come to rest. What torch compiles is still busy
after 20 ms, at the cost of the next in turn: with a rest of that length, ours took 60 ms there and 34 ms elsewhere."""

FEWEST = 2
"""Steps of the run before memory is measured, which loads and compiles all that is loaded and compiled once."""

SLOW = 30.0
"""Seconds of one run after which an entrant is not asked for another."""


@dataclass(frozen=True)
class Protocol:
    """The way benches measure their cases; a bench names one of its methods as ``MEASURED``.

    Parameters
    ----------
    peers : mapping of str to Peer
    machine : dict
        What :mod:`benchmarks.machine` measured, with ``threads``.
    warm_ups, runs : int
    """

    peers: Mapping[str, Peer]
    machine: Record
    warm_ups: int = 3
    runs: int = 9

    def timed(self, bench: ModuleType, case: Case) -> Record:
        """Time all entrants of a case in turn."""
        outcome = Outcome()
        with ExitStack() as stack:
            ready = dict(self._ready(bench, case, outcome, stack))
            for number in range(self.warm_ups + self.runs):
                for entrant in [entrant for entrant in ready if entrant not in outcome.failed]:
                    time.sleep(REST)
                    seconds = _run(ready[entrant], entrant, outcome)
                    if seconds is not None and number >= self.warm_ups:
                        outcome.figures.setdefault(entrant, []).append(seconds / case.units)
        return self._record(bench, case, outcome, "seconds")

    def peaks(self, bench: ModuleType, case: Case) -> Record:
        """Measure by how much each entrant's resident memory grows above what it holds before its first run.

        Each is alone in a fresh process. It does the work once with few steps and drops it, then prepares the work of
        the case. Inputs and weights are there before; gradients, moments of the optimiser and all that is kept and
        computed come after, and so does what is compiled for the shapes of the case.
        """
        outcome = Outcome()
        for entrant in case.entrants:
            peak = self._peak(bench, case, entrant, outcome)
            if peak is not None:
                outcome.figures[entrant] = [peak]
        return self._record(bench, case, outcome, "bytes")

    def growths(self, bench: ModuleType, case: Case) -> Record:
        """Measure by how much each entrant's peak grows a step, between the two numbers of steps of the case."""
        outcome = Outcome()
        ends = [replace(case, parameters={**case.parameters, "steps": steps}) for steps in case.between]
        for entrant in case.entrants:
            short, long = (self._peak(bench, end, entrant, outcome) for end in ends)
            if short is not None and long is not None:
                outcome.figures[entrant] = [(long - short) / (case.between[1] - case.between[0])]
        return self._record(bench, case, outcome, "bytes")

    def commands(self, bench: ModuleType, case: Case) -> Record:
        """Time commands; see :mod:`benchmarks._commands`."""
        outcome = run_in_turn(case, threads=self.machine["threads"], warm_ups=self.warm_ups, runs=self.runs)
        return self._record(bench, case, outcome, "seconds")

    def _peak(self, bench: ModuleType, case: Case, entrant: Entrant, outcome: Outcome) -> float | None:
        """Return what an entrant's memory grows by; ``None`` if it fails."""
        raster = bench.reference(case.parameters, bench.inputs(case.parameters))
        short = replace(case, parameters={**case.parameters, "steps": FEWEST})
        with ExitStack() as stack:
            try:
                process = self._prepared(bench, short, entrant, outcome, stack)
                process.ask("run")
                process.ask("forget")
                self._prepare(process, bench, case, entrant)
                answer = process.ask("peak", runs=self.warm_ups)
                # Only now, and from the weights as they were: memory that was freed before the runs would hide theirs.
                self._prepare(process, bench, case, entrant)
                _check(process, entrant, raster, case, outcome)
            except PeerError as error:
                outcome.fail(entrant, error)
                return None
        return float(answer["peak"] - answer["before"])

    def _ready(
        self, bench: ModuleType, case: Case, outcome: Outcome, stack: ExitStack
    ) -> Iterator[tuple[Entrant, Process]]:
        """Start all, let them prepare, and yield those whose spikes are right."""
        raster = bench.reference(case.parameters, bench.inputs(case.parameters))
        for entrant in case.entrants:
            try:
                process = self._prepared(bench, case, entrant, outcome, stack)
                _check(process, entrant, raster, case, outcome)
            except PeerError as error:
                outcome.fail(entrant, error)
            else:
                yield entrant, process

    def _prepared(self, bench: ModuleType, case: Case, entrant: Entrant, outcome: Outcome, stack: ExitStack) -> Process:
        process = stack.enter_context(Process(self.peers[entrant.peer], entrant, self.machine["threads"]))
        outcome.versions[entrant] = process.versions
        self._prepare(process, bench, case, entrant)
        return process

    @staticmethod
    def _prepare(process: Process, bench: ModuleType, case: Case, entrant: Entrant) -> None:
        parameters = parameters_of(entrant, case.parameters)
        process.ask("prepare", bench=bench.__name__, work=bench.WORK, parameters=parameters)

    def _record(self, bench: ModuleType, case: Case, outcome: Outcome, quantity: str) -> Record:
        families = {name: peer.family for name, peer in self.peers.items()}
        return record(bench.NAME, case, outcome, families=families, quantity=quantity, machine=self.machine)


def _run(process: Process, entrant: Entrant, outcome: Outcome) -> float | None:
    try:
        seconds: float = process.ask("run")["seconds"]
    except PeerError as error:
        outcome.fail(entrant, error)
        return None
    if seconds > SLOW:
        outcome.fail(entrant, f"one run took {seconds:.0f} s, and no bench waits for more than {SLOW:.0f} s")
        return None
    return seconds


def _check(process: Process, entrant: Entrant, raster: NDArray[np.bool_] | None, case: Case, outcome: Outcome) -> None:
    """Note the fraction of spikes that differ, and raise if it is too large."""
    difference = _differ(process, raster)
    if difference is None:
        return
    outcome.differ[entrant] = difference
    if difference > max(case.tolerance, ROUNDED * entrant.rounded):
        raise PeerError(f"its spikes differ from the reference: {difference:.2g} of them")


def _differ(process: Process, raster: NDArray[np.bool_] | None) -> float | None:
    """Return the fraction of neurons and steps at which a peer's spikes are not the reference's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spikes.npy"
        if raster is None or not process.ask("spikes", path=str(path))["saved"]:
            return None
        theirs = np.load(path)
    if theirs.shape != raster.shape:
        raise PeerError(f"gives a raster of shape {theirs.shape}; the reference is {raster.shape}")
    return float(np.mean(theirs != raster))
