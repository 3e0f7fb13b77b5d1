"""The command as a process: what the shell sees, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import spikewright
from spikewright.compare import records, status
from spikewright.compare._store import Store

# Far longer than it takes, for a machine that does much else.
PATIENCE = 600


def start(*words: str) -> subprocess.Popen[str]:
    """Start ``python -m spikewright`` in a session of its own, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-m", "spikewright", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell ignores Ctrl-C for what it runs in the background, and its children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it only sets a signal
        env={**os.environ, "PYTHONPATH": str(Path(spikewright.__file__).parents[1])},
    )


def test_exit_code_and_streams():
    process = start("records", "nowhere")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("spikewright: nowhere/records.sqlite: no comparison there")
    assert err.count("\n") == 1


def finished(out: Path) -> int:
    return status(out).finished if Store(out).path.exists() and Store(out).path.stat().st_size else 0


@pytest.mark.timeout(4 * PATIENCE)
def test_ctrl_c_leaves_a_comparison_that_can_go_on(tmp_path):
    """All processes of the terminal hear it; one line says what to do; the same command goes on and repeats nothing."""
    out = tmp_path / "out"
    words = [
        "compare",
        "--data",
        "digits",
        "--methods",
        "Twin:epochs=100,architecture=16",
        "--seeds",
        "4",
        "--out",
        str(out),
    ]
    process = start(*words)
    end = time.monotonic() + PATIENCE
    while not finished(out):
        assert time.monotonic() < end, "it takes too long"
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    printed, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert printed == ""
    *ended, last = err.splitlines()
    assert last == "spikewright: stopped. A comparison goes on where it was with the same command."
    assert [line for line in ended if " accuracy " not in line] == []
    before = {record.cell: record for record in records(out)}
    assert 1 <= len(before) < 4

    process = start(*words, "--quiet")
    printed, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert printed.splitlines()[-1] == str(out / "report.html")
    after = {record.cell: record for record in records(out)}
    assert len(after) == 4
    # A record that was there has the same date and time of training, so the cell was not done again.
    assert {cell: (after[cell].date, after[cell].seconds) for cell in before} == {
        cell: (record.date, record.seconds) for cell, record in before.items()
    }
    assert list((out / "checkpoints").iterdir()) == []
