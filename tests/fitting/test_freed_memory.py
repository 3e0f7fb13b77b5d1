"""What becomes of freed memory, seen by the pages that the system has to give."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from spikewright.fitting import keep_freed_memory, return_freed_memory

GNU = platform.libc_ver()[0] == "glibc"

FAULTS = """
import json, resource, sys
import torch
from spikewright import fitting

def touch(blocks):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(blocks):
        torch.ones(40 << 20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

found = []
for name in sys.argv[1:]:
    done = getattr(fitting, name)()
    touch(3)
    found.append([done, touch(5)])
print(json.dumps(found))
"""


@pytest.mark.skipif(not GNU, reason="needs the GNU C library")
def test_memory_that_is_kept_is_not_touched_anew():
    """A block of 40 MiB is 10,240 pages of 4 KiB, or 20 of 2 MiB; five are touched after each setting in turn."""
    names = ["return_freed_memory", "keep_freed_memory"]
    answer = subprocess.run([sys.executable, "-c", FAULTS, *names], capture_output=True, text=True, check=True).stdout
    (done, returned), (done_again, kept) = json.loads(answer)
    assert done is done_again is True
    assert kept < 20
    assert returned >= 5 * 20


@pytest.mark.parametrize("set_", [keep_freed_memory, return_freed_memory])
def test_another_c_library_is_left_alone(set_, monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert set_() is False
