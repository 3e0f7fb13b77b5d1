"""What the C library does with memory that is freed: keep it for the next request, or give it back to the system."""

from __future__ import annotations

import ctypes
import platform

# Names of parameters of mallopt, from malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_NEVER = 2**31 - 1
_SMALLEST_MAPPED = 1 << 17
_MOST_MAPPED = 1 << 16


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, which makes training faster.

    The GNU C library gives large blocks back to the system as soon as they are freed. The next block of the size is
    then new memory, and the first touch of a page costs more than most arithmetic on it. The setting holds for the
    whole process, whatever library allocates, until :func:`return_freed_memory`. The loop that trains a learner calls
    it.

    Returns
    -------
    bool
        Whether it was done: false where the C library is not that of GNU, as on macOS and Windows.
    """
    return _set({_MMAP_MAX: 0, _TRIM_THRESHOLD: _NEVER})


def return_freed_memory() -> bool:
    """Let this process give the memory that it frees back to the system, which makes training leaner.

    Blocks of 128 KiB and more come from the system and go back to it, so that the process is no larger than what lives
    in it; a heap that holds them all is left with holes into which no later block fits. This is slower, see
    :func:`keep_freed_memory`, and holds for the whole process too. The loop that trains a learner calls it where the
    learner recomputes. Holes that are there already are still filled and kept, so call it early.

    Returns
    -------
    bool
        Whether it was done.
    """
    # A threshold that is set is no longer raised to the sizes that were freed. What is free now goes back at once.
    done = _set({_MMAP_MAX: _MOST_MAPPED, _MMAP_THRESHOLD: _SMALLEST_MAPPED, _TRIM_THRESHOLD: _SMALLEST_MAPPED})
    if done:
        ctypes.CDLL(None).malloc_trim(0)
    return done


def _set(parameters: dict[int, int]) -> bool:
    """Tell the GNU C library; return whether it is there and took all."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(name, value) == 1 for name, value in parameters.items())
