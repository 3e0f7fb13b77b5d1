"""Threads that share the work of a kernel: those in which torch computes, where they can be had.

After each of its own loops torch lets the threads of OpenMP wait at full speed for some milliseconds. Threads of ours
would have to wait for a processor meanwhile; the threads of OpenMP themselves begin at once.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

Work = Callable[[], None]

_PROCESS = os.getpid()
"""The process that loaded this module. One that was forked from it has none of its threads, nor those of OpenMP."""

_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def share(kernel: Callable[..., Any], arrays: tuple[Any, ...], parts: list[tuple[Any, ...]]) -> None:
    """Run a kernel on each part of the work, in as many threads as there are parts.

    Parameters
    ----------
    kernel : callable
        Compiled, so that it runs without the lock of the interpreter.
    arrays, parts : tuple, and list of tuple
        Its first arguments, and for each part its last ones.
    """
    if len(parts) == 1:
        kernel(*arrays, *parts[0])
        return
    left, failures, done = iter(parts), [], []

    def work() -> None:
        """Do what is left, part by part."""
        try:
            for part in left:
                kernel(*arrays, *part)
                done.append(part)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            failures.append(error)

    together = _openmp() if os.getpid() == _PROCESS else None
    if together is None:
        _in_pool(work, len(parts))
    else:
        together(work, len(parts))
    if failures:
        raise failures[0]
    if len(done) < len(parts):
        # What strikes before ``work`` has begun is printed and dropped by ctypes, and that can be nothing else.
        raise KeyboardInterrupt


def cuts(length: int, threads: int) -> list[tuple[int, int]]:
    """Return ranges that are about equally long, one for each thread."""
    ends = [length * part // threads for part in range(threads + 1)]
    return list(itertools.pairwise(ends))


@lru_cache(maxsize=1)
def _openmp() -> Callable[[Work, int], None] | None:
    """Return what runs one function in several threads of torch's OpenMP at once; None where it is not GNU's or alike.

    torch makes the names of its OpenMP known to the whole process on Linux.
    """
    if sys.platform != "linux":
        return None
    try:
        begin = ctypes.CDLL(None).GOMP_parallel
    except AttributeError:
        return None
    begin.argtypes, begin.restype = (_CALLBACK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint), None

    def together(work: Work, threads: int) -> None:
        begin(_CALLBACK(lambda _: work()), None, threads, 0)

    return together


def _in_pool(work: Work, threads: int) -> None:
    pool = _pool(threads, os.getpid())
    waiting = [pool.submit(work) for _ in range(threads - 1)]
    work()
    for job in waiting:
        job.result()


@lru_cache(maxsize=8)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked process has none of its parent's
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="spikewright-scan")
