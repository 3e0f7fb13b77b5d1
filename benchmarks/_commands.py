"""Commands, each run in a process of its own, in turn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks._case import Case
from benchmarks._outcome import Outcome
from benchmarks._peer import ROOT, environment


def run_in_turn(case: Case, *, threads: int, warm_ups: int, runs: int) -> Outcome:
    """Time the commands of a case.

    Its parameters are ``commands``, the words of each by name of the entrant, ``{bin}`` for where the project's own
    programs are; and ``says``, true where a command prints the seconds that count. Each run finds an empty cache of
    kernels where ``says`` is true, because only the first use builds them.
    """
    outcome = Outcome(versions={entrant: {entrant.peer: version(entrant.peer)} for entrant in case.entrants})
    for number in range(warm_ups + runs):
        for entrant in [entrant for entrant in case.entrants if entrant not in outcome.failed]:
            try:
                seconds = _run(case.parameters["commands"][entrant.peer], case.parameters.get("says", False), threads)
            except subprocess.CalledProcessError as error:
                outcome.fail(entrant, (error.stderr.strip().splitlines() or [error])[-1])
                continue
            if number >= warm_ups:
                outcome.figures.setdefault(entrant, []).append(seconds)
    return outcome


def _run(words: list[str], says: bool, threads: int) -> float:  # noqa: FBT001 - one of the case's parameters
    command = [word.format(bin=Path(sys.executable).parent) if "{bin}" in word else word for word in words]
    with tempfile.TemporaryDirectory() as cache:
        about = {**environment("", threads), **({"NUMBA_CACHE_DIR": cache} if says else {})}
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=about, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    return float(done.stdout) if says else seconds
