"""The protocol, with two peers made up for it, in the project's own environment."""

import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import _peer
from benchmarks._case import Case, Entrant, Goal
from benchmarks._outcome import Outcome, by_family, record
from benchmarks._peer import Peer
from benchmarks._protocol import Protocol
from benchmarks._records import merge, read, reason
from benchmarks._table import figures, show, title, written

MACHINE = {"threads": 1, "triad_bytes_per_second": 1e9}
FIELDS = {
    "bench",
    "case",
    "threads",
    "ours_seconds",
    "peers_seconds",
    "ratio",
    "at_least",
    "spikes_differ",
    "bandwidth_share",
    "machine",
    "date",
}

BENCH = """
import numpy as np

NAME, WORK = "tiny-work", "work"


def inputs(parameters):
    return {"x": np.random.default_rng(0).random((4, 2, 3))}


def reference(parameters, inputs):
    return inputs["x"] > 0.5
"""

PEER = """
import os
import sys
from pathlib import Path

import numpy as np

from benchmarks._case import Job

DISTRIBUTIONS = ("numpy",)
LOADED = []


def work(parameters, inputs):
    print("a library that talks")
    about = parameters.get("NAME", {})
    if about.get("declines"):
        raise ValueError("not this shape")
    done = []

    def run():
        if not LOADED:
            LOADED.append(np.ones((about.get("loads", 0), 2**20), dtype=np.uint8))
        done.append(np.ones((about.get("megabytes", 0) * parameters.get("steps", 1), 2**20), dtype=np.uint8).nbytes)
        with Path(parameters["log"]).open("a") as log:
            log.write("NAME ")
        if len(done) == about.get("fails_at"):
            raise RuntimeError("enough")
        if len(done) == about.get("dies_at"):
            sys.exit("out of words") if about.get("talks") else os._exit(3)

    return Job(run, lambda: (inputs["x"] > about.get("threshold", 0.5)))
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A bench of two peers and a protocol that knows them."""
    (tmp_path / "tiny_bench.py").write_text(BENCH)
    for name in ("mine", "theirs"):
        (tmp_path / f"{name}_peer.py").write_text(PEER.replace("NAME", name))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(_peer.VARIANTS, "here", ({"PYTHONPATH": str(tmp_path)}, {}))
    peers = {name: Peer(name, f"{name}_peer", family=name) for name in ("mine", "theirs")}
    yield importlib.import_module("tiny_bench"), Protocol(peers, MACHINE, warm_ups=1, runs=2), tmp_path / "log"
    del sys.modules["tiny_bench"]


def case_of(log, **about):
    """Return a case; ``about`` is what the peers are told."""
    return Case(
        "a case",
        {"log": str(log), **about},
        (Entrant("mine", "here"), Entrant("theirs", "here")),
        (Goal("theirs", 0.0), Goal("bandwidth", 1e12)),
        bytes_moved=1e3,
    )


MINE, THEIRS = f"mine {np.__version__}, here", f"theirs {np.__version__}, here"


def test_they_run_in_turn_and_the_record_says_all(tiny):
    """A B A B, warm-ups too; medians of the runs that count; all fields of the record."""
    bench, protocol, log = tiny
    row = protocol.timed(bench, case_of(log))
    assert log.read_text().split() == ["mine", "theirs"] * 3
    assert row.keys() >= FIELDS
    assert (row["bench"], row["case"], row["threads"]) == ("tiny-work", "a case", 1)
    assert row["ours"] == MINE
    assert row["ratio"] == row["peers_seconds"][THEIRS] / row["ours_seconds"] > 0
    assert row["spikes_differ"] == 0
    assert row["peers_spikes_differ"] == {THEIRS: 0}
    assert row["quartiles"].keys() == {MINE, THEIRS}
    assert row["bandwidth_share"] == pytest.approx(1e3 / row["ours_seconds"] / 1e9)
    assert [goal["met"] for goal in row["goals"]] == [True, False]
    assert not row["met"]
    assert row["versions"][THEIRS]["numpy"] == np.__version__
    assert json.loads(json.dumps(row)) == row


def test_units_divide_the_time(tiny):
    """What the record says is for one unit."""
    bench, protocol, log = tiny
    case = replace(case_of(log), units=10**9)
    assert 0 < protocol.timed(bench, case)["ours_seconds"] < 1e-6


def test_no_time_counts_where_spikes_differ(tiny):
    """The fraction is recorded in place of a time, and within the tolerance beside it."""
    bench, protocol, log = tiny
    x = bench.inputs({})["x"]
    fraction = float(np.mean((x > 0.5) != (x > 0.9)))
    row = protocol.timed(bench, case_of(log, theirs={"threshold": 0.9}))
    assert row["peers_spikes_differ"] == {THEIRS: fraction}
    assert row["peers_seconds"] == {}
    assert row["ratio"] is None
    assert "spikes differ" in row["failed"][THEIRS]
    assert "theirs" not in log.read_text()
    allowed = replace(case_of(log, theirs={"threshold": 0.9}), tolerance=fraction)
    assert protocol.timed(bench, allowed)["peers_seconds"].keys() == {THEIRS}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"declines": True}, "ValueError: not this shape"),
        ({"fails_at": 3}, "RuntimeError: enough"),
        ({"dies_at": 2}, "ended with code 3: a library that talks"),
        ({"dies_at": 2, "talks": True}, "ended with code 1: out of words"),
    ],
)
def test_a_peer_that_fails_is_a_record(tiny, about, words):
    """Whenever it fails, the others go on."""
    bench, protocol, log = tiny
    row = protocol.timed(bench, case_of(log, theirs=about))
    assert row["failed"] == {THEIRS: words}
    assert row["peers_seconds"] == {}
    assert THEIRS not in row["quartiles"]
    assert log.read_text().split().count("mine") == 3


def test_a_peer_that_is_not_there_is_a_record(tiny, tmp_path, monkeypatch):
    """Its module, its environment, or the reason why that could not be made."""
    bench, protocol, log = tiny
    monkeypatch.setattr(_peer, "ENVIRONMENTS", tmp_path)
    (tmp_path / "broken.failed").write_text("no wheel\n")
    for theirs, words in (
        (Peer("theirs", "no_such_module", "theirs"), "ModuleNotFoundError: No module named 'no_such_module'"),
        (Peer("theirs", "theirs_peer", "theirs", "nowhere"), "there is no environment .bench/nowhere"),
        (Peer("theirs", "theirs_peer", "theirs", "broken"), "could not be installed: no wheel"),
    ):
        row = replace(protocol, peers={**protocol.peers, "theirs": theirs}).timed(bench, case_of(log))
        assert row["failed"]["theirs, here"].startswith(words)
        assert row["ours_seconds"] > 0


def test_peaks_and_growths_are_those_of_the_work(tiny):
    """An array of so many megabytes raises the peak by as many, and one of so many a step by as many a step."""
    bench, protocol, log = tiny
    case = case_of(log, mine={"megabytes": 32}, theirs={"megabytes": 96})
    row = protocol.peaks(bench, case)
    assert row["ours_bytes"] == pytest.approx(32 * 2**20, rel=0.1)
    assert row["ratio"] == pytest.approx(3, rel=0.2)
    row = protocol.growths(bench, replace(case, between=(1, 3), entrants=case.entrants[:1]))
    assert row["ours_bytes"] == pytest.approx(32 * 2**20, rel=0.1)


def test_what_is_loaded_once_is_no_part_of_a_peak(tiny):
    """What the first run of a process loads is there before the measurement, for whoever loads it."""
    bench, protocol, log = tiny
    row = protocol.peaks(bench, case_of(log, mine={"megabytes": 32, "loads": 64}, theirs={"megabytes": 32}))
    assert row["ours_bytes"] == pytest.approx(32 * 2**20, rel=0.1)
    assert row["ratio"] == pytest.approx(1, rel=0.1)


def test_commands_are_timed_by_what_they_say(tiny):
    """A limit is met where limit and rival together take longer; a command that fails says why."""
    bench, protocol, _ = tiny
    entrants = (Entrant("numpy"), Entrant("torch"))
    words = {"numpy": ["{bin}/python", "-c", "print(0.5)"], "torch": ["{bin}/python", "-c", "print(0.4)"]}
    case = Case("words", {"commands": words, "limit": 0.3, "says": True}, entrants, (Goal("limit", 1.0),))
    row = protocol.commands(bench, case)
    assert row["ours_seconds"] == 0.5
    assert row["goals"][0]["ratio"] == pytest.approx(1.4)
    assert row["met"]
    words["torch"][-1] = "raise ValueError('no')"
    assert list(protocol.commands(bench, case)["failed"].values()) == ["ValueError: no"]


def row_of(bench="scan", case="a", threads=1, **about):
    """Return a record of one time."""
    outcome = Outcome(figures={Entrant("mine"): [2.0]})
    made = record(
        bench,
        Case(case, {}, (Entrant("mine"),)),
        outcome,
        families={},
        quantity="seconds",
        machine={**MACHINE, "threads": threads},
    )
    return {**made, "why": None, **about}


def test_a_record_replaces_its_own_only(tmp_path):
    """The same bench, case and threads; cases that are no more are dropped."""
    path = tmp_path / "results" / "bench.json"
    for row in (row_of(), row_of(threads=2), row_of(case="old"), row_of(bench="other", case="old")):
        merge(path, [row], ["a", "old"])
    merge(path, [row_of(ours_seconds=3.0)], ["a"])
    found = {(row["bench"], row["case"], row["threads"]): row["ours_seconds"] for row in read(path)}
    assert found == {("scan", "a", 1): 3.0, ("scan", "a", 2): 2.0, ("other", "old", 1): 2.0}
    assert [entry.name for entry in path.parent.iterdir()] == ["bench.json"]


FAMILIES = {"fast": "torch", "slow": "torch", "compiled": "xla"}


def row_over(*goals):
    """Return a record of ours at 2 s beside two torch peers at 6 and 8 s and one of XLA at 5 s."""
    seconds = {"mine": 2.0, "fast": 6.0, "slow": 8.0, "compiled": 5.0}
    outcome = Outcome(figures={Entrant(name): [value] for name, value in seconds.items()})
    case = Case("a", {}, tuple(map(Entrant, seconds)), goals, bytes_moved=1e9)
    return record("scan", case, outcome, families=FAMILIES, quantity="seconds", machine=MACHINE)


def test_a_record_for_each_family_that_has_a_goal(tmp_path):
    """Ratio and goal of each are over the same peers; all are replaced together."""
    row = row_over(Goal("torch", 3.0), Goal("xla", 4.0), Goal("bandwidth", 0.5))
    rows = by_family(row)
    assert [part["case"] for part in rows] == ["a, over torch", "a, over xla"]
    assert [part["peers_seconds"] for part in rows] == [{"fast": 6.0, "slow": 8.0}, {"compiled": 5.0}]
    assert [part["beside_seconds"] for part in rows] == [{"compiled": 5.0}, {"fast": 6.0, "slow": 8.0}]
    assert [(part["ratio"], part["at_least"], part["met"]) for part in rows] == [(3.0, 3.0, True), (2.5, 4.0, False)]
    assert [[goal["over"] for goal in part["goals"]] for part in rows] == [["torch", "bandwidth"], ["xla", "bandwidth"]]
    path = tmp_path / "bench.json"
    merge(path, rows, ["a"])
    merge(path, rows, ["a"])
    assert read(path) == rows


@pytest.mark.parametrize("goals", [(), (Goal("peers", 2.0),), (Goal("torch", 3.0), Goal("bandwidth", 0.5))])
def test_one_record_where_goals_are_over_the_same_peers(goals):
    row = row_over(*goals)
    assert by_family(row) == [row]
    assert row["ratio"] == (row["goals"][0]["ratio"] if goals else 2.5)


def test_only_what_falls_short_has_a_reason(tmp_path):
    """The first entry that fits is taken."""
    path = tmp_path / "why.toml"
    path.write_text(
        '[[short]]\nbench = "scan"\nthreads = 2\nwhy = "two"\n[[short]]\nbench = "scan"\ncase = "a"\nwhy = "any"\n'
    )
    assert reason(row_of(met=True), path) is None
    assert reason(row_of(met=False), path) == "any"
    assert reason(row_of(met=False, threads=2), path) == "two"
    assert reason(row_of(met=False, case="b"), path) is None


def test_the_table_shows_each_figure_and_failure(capsys):
    """Ours first, in units that suit."""
    row = row_of(peers_seconds={"theirs 1.0": 0.004}, failed={"third": "no"}, why="because", threads=2)
    show(row)
    shown = capsys.readouterr().out
    assert title(row) == "scan: a, 2 threads"
    assert list(figures(row)) == ["mine", "theirs 1.0"]
    for words in ("scan: a, 2 threads", "2 s", "4 ms", "failed: third: no", "because"):
        assert words in shown
    assert written(3 * 2**20, "bytes") == "3 MiB"
