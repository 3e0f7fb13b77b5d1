"""Processes are killed at any moment; no finished cell is lost or repeated, and every other one goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest
import torch

from spikewright.checks import SpikewrightError
from spikewright.compare import Plan, Record, _run_plan, records, run_plan, split_methods, status
from spikewright.compare._store import Store
from spikewright.compare._work import Work, perform
from spikewright.exchange import load

# Far longer than it takes, for a machine that does much else.
PATIENCE = 600
METHOD = "telling_learners:Slow:epochs=12"
SEEDS = (0, 1, 2, 3)
SCRIPT = """
import sys
from spikewright.compare import Plan, run_plan, split_methods

if __name__ == "__main__":
    data, method, seeds, out = sys.argv[1:]
    run_plan(Plan((data,), split_methods(method), tuple(range(int(seeds)))), out)
"""


def start(data: str, out: Path) -> subprocess.Popen[bytes]:
    """Start a comparison in a process of its own, with two worker processes."""
    folder = Path(os.environ["TOLD"]).parent
    (folder / "run.py").write_text(SCRIPT)
    path = os.pathsep.join([str(folder / "modules"), *sys.path])
    command = [sys.executable, str(folder / "run.py"), data, METHOD, str(len(SEEDS)), str(out)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=None)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def finished(out: Path) -> frozenset[str]:
    return Store(out).finished() if Store(out).path.exists() and status(out).cells else frozenset()


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if "LokyProcess" in " ".join(child.cmdline())]


def lines(told: Path, word: str) -> list[str]:
    return [line for line in told.read_text().splitlines() if line.startswith(word)]


@pytest.mark.timeout(4 * PATIENCE)
def test_killed_workers_and_comparison(data, told, tmp_path):
    """A worker, then the whole comparison, are killed at moments that nobody chose; then it is run to its end."""
    moment = random.Random(8)
    out = tmp_path / "out"
    # One cell does not end before the comparison is killed, however long the machine lets this test wait.
    hold = told.with_name(f"{told.name}.hold{SEEDS[-1]}")
    hold.touch()
    process = start(data, out)
    try:
        wait_for(lambda: len(lines(told, "round")) >= 4)
        time.sleep(moment.uniform(0, 0.3))
        workers(process)[0].kill()
        wait_for(lambda: len(finished(out)) >= 2)
        time.sleep(moment.uniform(0, 0.3))
        orphans = workers(process)
    finally:
        process.kill()
        process.wait()
    # Workers end with the comparison, though it could not tell them to.
    _, alive = psutil.wait_procs(orphans, timeout=PATIENCE)
    assert not alive
    done = {record.seed for record in records(out)}
    assert 2 <= len(done) < len(SEEDS)
    before = Counter(lines(told, "begin"))
    hold.unlink()

    assert start(data, out).wait(PATIENCE) == 0
    found = records(out)
    assert [record.seed for record in found] == list(SEEDS)
    assert [record.error for record in found] == [None] * len(SEEDS)
    assert list((out / "checkpoints").iterdir()) == []
    # Nothing that was finished was begun again.
    after = Counter(lines(told, "begin"))
    assert {seed for seed in SEEDS if after[f"begin Slow {seed}"] > before[f"begin Slow {seed}"]} == set(SEEDS) - done
    # What was not finished went on: two cells at a time lose at most the round under way, each of the two times.
    rounds = Counter(lines(told, "round"))
    assert set(rounds) == {f"round Slow {seed} {number}" for seed in SEEDS for number in range(12)}
    assert sum(rounds.values()) - len(rounds) <= 4
    # And to the same bits as a comparison that was never stopped.
    (whole, *_) = run_plan(Plan((data,), split_methods(METHOD), (0,)), tmp_path / "whole", backend="sequential")
    one, other = load(out / found[0].model), load(tmp_path / "whole" / whole.model)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    assert found[0].accuracy == whole.accuracy


def killed_with(cell: str | None) -> Callable[[_run_plan._Pool, Iterable[Work]], Iterator[Record]]:
    """Return a pool whose workers are killed whenever they work on a method, or at once if it is None."""

    def run(pool: _run_plan._Pool, works: Iterable[Work]) -> Iterator[Record]:
        for work in works:
            if cell is None:
                raise BrokenProcessPool("a worker was killed")
            if work.planned.method.startswith(cell):
                # What a killed worker leaves: a claim that nobody holds.
                work.claim.parent.mkdir(exist_ok=True)
                work.claim.touch()
                raise BrokenProcessPool("a worker was killed")
            yield perform(work)

    return run


def test_a_cell_that_kills_its_worker_each_time(data, told, tmp_path, monkeypatch):
    """It fails with a clear word, and the cells after it are done."""
    monkeypatch.setattr(_run_plan._Pool, "run", killed_with("telling_learners:Slow"))
    plan = Plan((data,), split_methods("telling_learners:Slow,telling_learners:Telling:epochs=1"), (0, 1))
    ended = []
    found = run_plan(plan, tmp_path / "out", callback=ended.append)
    assert [record.method for record in found if record.error] == ["telling_learners:Slow"] * 2
    assert all("the process was killed while it worked on this cell alone" in r.error for r in found if r.error)
    assert [record.accuracy is None for record in found] == [True, True, False, False]
    assert len(ended) == 4
    assert list((tmp_path / "out" / "checkpoints").iterdir()) == []


def test_workers_that_cannot_even_begin(data, told, tmp_path, monkeypatch):
    """The comparison does not try for ever."""
    monkeypatch.setattr(_run_plan._Pool, "run", killed_with(None))
    with pytest.raises(
        SpikewrightError, match=r"the workers were killed 3 times before a cell ended .* Free some memory"
    ):
        run_plan(Plan((data,), split_methods("telling_learners:Telling"), (0,)), tmp_path / "out")
