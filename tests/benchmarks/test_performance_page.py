"""The page that is made from the records."""

import importlib.util
import json
from pathlib import Path

import pytest

from benchmarks._case import Case, Entrant, Goal
from benchmarks._outcome import Outcome, record

SCRIPT = Path(__file__).parents[2] / "docs" / "make_performance.py"
MACHINE = {
    "processor": "a processor",
    "processors": 2,
    "threads": 1,
    "triad_bytes_per_second": 1e10,
    "first_touch_bytes_per_second": 2e9,
    "float32_flops": 1e11,
    "bfloat16_flops": 1e12,
    "system": "a system",
}
OURS, THEIRS, BESIDE = Entrant("spikewright"), Entrant("peer"), Entrant("peer", "compiled", counts=False)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The script with files of its own."""
    spec = importlib.util.spec_from_file_location("make_performance", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in (("RECORDS", "bench.json"), ("PAGE", "performance.md"), ("ROOFLINE", "roofline.svg")):
        monkeypatch.setattr(module, name, tmp_path / path)
    return module


def row(name, *, seconds, why=None, quantity="seconds"):
    """Return a record of ours, a peer of 4 s that differs in 0.2 % of spikes, and one beside it of 3 s."""
    outcome = Outcome(
        figures={OURS: seconds, THEIRS: [4.0], BESIDE: [3.0]},
        differ={OURS: 0.0, THEIRS: 0.002},
        failed={Entrant("third"): "no wheel"},
        versions={OURS: {"spikewright": "1.0"}, THEIRS: {"peer": "2.0", "torch": "3.0"}, BESIDE: {"peer": "2.0"}},
    )
    case = Case(name, {}, (OURS, THEIRS, BESIDE), (Goal("torch", 3.0),), bytes_moved=1e9, operations=1e10)
    made = record("train", case, outcome, families={"peer": "torch"}, quantity=quantity, machine=MACHINE)
    return {**made, "why": why}


def test_the_page_tells_all_records(page):
    """Ratios, goals, failures, slow cases with their reason, machine and versions; a roofline of what has times."""
    rows = [row("fast", seconds=[0.9, 1.0, 1.1]), row("slow", seconds=[2.0], why="bound by products")]
    page.RECORDS.write_text(json.dumps([*rows, row("memory", seconds=[2.0**20], quantity="bytes")]))
    page.main()
    text = page.PAGE.read_text()
    for words in (
        "| train | fast | 1 | 1 s | peer 2.0: 4 s | 4.00 | 4.00 of 3 over torch | yes |",
        "| train | slow | 1 | 2 s | peer 2.0: 4 s | 2.00 | 2.00 of 3 over torch | **no** |",
        "| spikewright 1.0 | 1 s | 950 ms to 1.05 s | 1.00 | 0 |",
        "| peer 2.0 | 4 s |  | 4.00 | 0.002 |",
        "| (peer 2.0, compiled) | 3 s |  | 3.00 |  |",
        "Not measured: third: no wheel",
        "| train | slow | 1 | 2.00 of 3 over torch | bound by products |",
        "| spikewright 1.0 | 1 MiB |",
        "| a processor | 1 of 2 | 10.0 | 2.0 | 100.0 | 1000.0 |",
        "peer 2.0, spikewright 1.0, torch 3.0.",
        "10% of what the memory's bandwidth allows",
    ):
        assert words in text, words
    assert "<svg" in page.ROOFLINE.read_text()


def test_points_lie_where_the_work_and_the_time_put_them(page):
    """1e10 operations on 1e9 bytes in 2 s are 5 GFLOP/s at 10 operations a byte."""
    ours, peer = page.points_of(row("slow", seconds=[2.0]))
    assert (ours["operations per byte"], ours["GFLOP/s"], peer["GFLOP/s"]) == (10, 5, 2.5)
    assert page.points_of(row("memory", seconds=[1.0], quantity="bytes")) == []
