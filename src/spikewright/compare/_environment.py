"""On what a cell ran: versions, machine, threads, memory."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
from importlib.metadata import version
from pathlib import Path

import numba
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from spikewright.compare._record import Json

_LIBRARIES = ("spikewright", "torch", "numpy", "numba", "scipy", "scikit-learn", "joblib")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that can change a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}


def machine() -> dict[str, Json]:
    """Return processor, system, number of cores, and number of threads that this process uses."""
    return {
        "processor": _processor(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def use_one_thread() -> None:
    """Let torch, Numba and the linear algebra libraries use one thread in this process from now on.

    Cells run side by side, one a core; and sums in one thread have the same bits on every machine of a kind.
    """
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    threadpool_limits(1)


def peak_memory_bytes() -> int:
    """Return the largest resident memory that this process had so far."""
    # Linux counts in KiB, macOS in bytes. Where there is a status file it is preferred: what getrusage says may still
    # include the memory of the parent from which the process was forked.
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if found:
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found[1].strip() if found else platform.processor() or platform.machine()
