"""One peer at work in a process of its own: ``python -m benchmarks.worker MODULE THREADS``.

Reads one JSON object a line and answers each with one. Needs NumPy and what the peer's module imports, nothing else.

=========== ======================================== ==========================
``do``      takes                                    answers
=========== ======================================== ==========================
``prepare`` ``bench``, ``work``, ``parameters``      ``{}``
``spikes``  ``path``: where to save the raster       ``{"saved": true}``, false if the work has no spikes
``run``                                              ``{"seconds": ...}``
``forget``                                           ``{}``: the job is dropped, what it took is free again
``peak``    ``runs``                                 ``{"before": ..., "peak": ...}``, resident bytes
=========== ======================================== ==========================

An error is answered by ``{"error": "Type: message"}``. What a library prints goes to the error stream.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._case import Job

_STATUS = Path("/proc/self/status")


class Worker:
    """What the driver's words do.

    Parameters
    ----------
    peer : module
        One of ``benchmarks/peers``, with a function for each kind of work it can express.
    """

    def __init__(self, peer: Any) -> None:  # a module has no narrower type
        self.peer = peer
        self.job: Job | None = None

    def prepare(self, bench: str, work: str, parameters: dict[str, Any]) -> dict[str, object]:
        """Make the inputs and hand them to the peer."""
        if not hasattr(self.peer, work):
            raise NotImplementedError(f"has no {work}")
        inputs = importlib.import_module(bench).inputs(parameters)
        self.job = getattr(self.peer, work)(parameters, inputs)
        return {}

    def spikes(self, path: str) -> dict[str, object]:
        """Save the raster for the driver to compare."""
        if self.job.spikes is None:
            return {"saved": False}
        np.save(path, np.asarray(self.job.spikes(), dtype=bool))
        return {"saved": True}

    def run(self) -> dict[str, object]:
        """Time one run."""
        started = time.perf_counter()
        self.job.run()
        return {"seconds": time.perf_counter() - started}

    def forget(self) -> dict[str, object]:
        """Drop the job; what it made the libraries load stays."""
        self.job = None
        _return_freed()
        return {}

    def peak(self, runs: int) -> dict[str, object]:
        """Run, and return the resident memory when all was prepared and at its highest."""
        _return_freed()
        before = _resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        for _ in range(runs):
            self.job.run()
        return {"before": before, "peak": _resident("VmHWM")}


def _return_freed() -> None:
    """Collect what nobody holds, and give memory that is free in the C library's pools back to the system."""
    gc.collect()
    library = ctypes.CDLL(None)
    # Of glibc; others have no such pools.
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def _resident(key: str) -> int:
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def main() -> None:
    """Import the peer, say what it is, then obey."""
    # Some libraries take as many threads as there are processors, whatever they are told.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-int(sys.argv[2]) :])
    # What a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(work: Callable[[], dict[str, object]]) -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - any failure of a peer is a result
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), file=answers, flush=True)

    worker = None

    def begin() -> dict[str, object]:
        nonlocal worker
        worker = Worker(importlib.import_module(sys.argv[1]))
        versions = {name: version(name) for name in (*worker.peer.DISTRIBUTIONS, "numpy")}
        return {"versions": {**versions, "python": platform.python_version()}}

    answer(begin)
    for line in sys.stdin:
        message = json.loads(line)
        answer(lambda message=message: getattr(worker, message.pop("do"))(**message))


if __name__ == "__main__":
    main()
