"""Threads that share the work of a kernel; one pool for each number of them, kept for the process."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any


def share(kernel: Callable[..., Any], arrays: tuple[Any, ...], parts: list[tuple[Any, ...]]) -> None:
    """Run a kernel on each part of the work, each in a thread: its last arguments are those of the part."""
    first, *others = parts
    pool = _pool(len(parts), os.getpid()) if others else None
    waiting = [pool.submit(kernel, *arrays, *part) for part in others] if pool else []
    kernel(*arrays, *first)
    for job in waiting:
        job.result()


def cuts(length: int, threads: int) -> list[tuple[int, int]]:
    """Return ranges that are about equally long, one for each thread."""
    ends = [length * part // threads for part in range(threads + 1)]
    return list(itertools.pairwise(ends))


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked process has none of its parent's
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="spikewright-scan")
