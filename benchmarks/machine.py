"""What this machine can do: ``python -m benchmarks.machine THREADS`` prints one JSON object."""

from __future__ import annotations

import json
import mmap
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

LINE = 64
MEBI = 2**20
REPEATS = 5


def triad() -> float:
    """Return bytes per second of ``a = b + 3 c`` over arrays that no cache holds; counted as STREAM does."""
    a, b, c = (torch.ones(64 * MEBI) for _ in range(3))
    return 3 * a.nbytes / fastest(lambda: torch.add(b, c, alpha=3.0, out=a))


def first_touch() -> float:
    """Return bytes per second at which fresh pages come from the system."""
    size = 256 * MEBI

    def touch() -> None:
        with mmap.mmap(-1, size) as fresh:
            for page in range(0, size, mmap.PAGESIZE):
                fresh[page] = 1

    return size / fastest(touch)


def random_lines() -> float:
    """Return cache lines per second that are read and written in no order, on one thread, from 1 GiB."""
    lines = np.zeros((1024 * MEBI // LINE, LINE // 8))
    places = np.random.default_rng(0).integers(0, len(lines), 4 * MEBI)
    add_one(lines, places)
    return len(places) / fastest(lambda: add_one(lines, places))


@njit(nogil=True)
def add_one(lines: NDArray[np.float64], places: NDArray[np.int64]) -> None:
    """Add 1 to one number of each line, as a synapse does."""
    for place in places:
        lines[np.uint64(place), 0] += 1.0


def product(dtype: torch.dtype) -> float:
    """Return floating-point operations per second of a square matrix product."""
    size = 2048
    a, b = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    return 2 * size**3 / fastest(lambda: a @ b)


def fastest(work: Callable[[], Tensor | None]) -> float:
    """Return the seconds of the fastest of some runs, after one that warms up."""
    times = []
    for _ in range(1 + REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def processor() -> str:
    """Return the processor's name, or its architecture where the system does not tell."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure all and print."""
    threads = int(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    torch.set_num_threads(threads)
    found = {
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "triad_bytes_per_second": triad(),
        "first_touch_bytes_per_second": first_touch(),
        "random_lines_per_second": random_lines(),
        "float32_flops": product(torch.float32),
        "bfloat16_flops": product(torch.bfloat16),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
