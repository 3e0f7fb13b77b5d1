"""The record store: what goes in comes out; what is damaged or of another kind is refused in one line."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from spikewright.checks import DataError, SpikewrightError
from spikewright.compare import Cell, ChipVerdict, DataFacts, Method, Planned, Record, SampleView, records, status
from spikewright.compare._record import LATER
from spikewright.compare._store import Store
from spikewright.data import DataShape

RESULTS = Path(__file__).parents[2] / "results"
FACTS = DataFacts("d", DataShape((1, 2, 2), 10, 2), ("a", "b"), (("train", "1"), ("validation", "2")))


def planned(seed: int, *, method: str = "M", asked_for: bool = True, twin: str | None = None) -> Planned:
    return Planned(Cell(Method("p:M"), FACTS, seed), method, asked_for, twin)


def record(seed: int, **results) -> Record:
    return Record(
        cell=planned(seed).cell.identity,
        method="M",
        learner="p:M",
        settings={"epochs": 3},
        card={"family": "f"},
        family="f",
        data="d",
        classes=["a", "b"],
        digests={"train": "1"},
        seed=seed,
        budget=None,
        seconds=1.5,
        versions={"python": "3"},
        machine={"cores": 2},
        date="2025-01-01T00:00:00+00:00",
        **results,
    )


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "a comparison")
    store.create()
    return store


def test_round_trip(store):
    """Every field comes back, and a sample view as one."""
    view = SampleView(label=1, decision=0, image=[[[0, 255]]], events={"input": [[0, 1]]})
    chips = {"loihi-1": ChipVerdict(3, 128), "odin": ChipVerdict(None, 1, "too much", 2)}
    whole = record(
        0, accuracy=0.25, energy_pj={"h": 1.5}, samples=[view], chips=chips, history=[{"round": 1, "loss": 0.1}]
    )
    store.plan([planned(0)])
    store.write(whole)
    assert store.find(whole.cell) == whole
    assert store.finished() == {whole.cell}
    assert [entry for entry, *_ in store.read()] == [whole]


def test_numbers_that_json_lacks_become_none(store):
    store.write(record(0, accuracy=math.nan, history=[{"loss": math.inf}]))
    found = store.find(record(0).cell)
    assert found.accuracy is None
    assert found.history == [{"loss": None}]


def test_the_first_record_stays(store):
    """A cell that somehow ends twice is one record."""
    store.write(record(0, accuracy=0.5))
    store.write(record(0, accuracy=0.6))
    assert store.find(record(0).cell).accuracy == 0.5


def test_twins_are_joined(store):
    twin, alone = record(1, accuracy=0.9, multiply_accumulates=5.0, energy_pj={"h": 7.0}), record(2, accuracy=0.4)
    store.plan([planned(0, twin=twin.cell), planned(1, asked_for=False, twin=twin.cell), planned(2, twin="not there")])
    for entry in (record(0, accuracy=0.8), twin, alone):
        store.write(entry)
    first, last = records(store.folder)
    assert (first.twin_accuracy, first.twin_multiply_accumulates, first.twin_energy_pj) == (0.9, 5.0, {"h": 7.0})
    assert (last.twin_accuracy, last.twin_multiply_accumulates, last.twin_energy_pj) == (None, None, None)
    assert [entry.seed for entry in records(store.folder, twins=True)] == [0, 1, 2]


def test_interval_over_seeds(store):
    """By hand for 0.90, 0.92, 0.94 as in the tests of the statistics; the failed seed has none."""
    store.plan([planned(seed) for seed in range(4)])
    for seed, accuracy in enumerate([0.90, 0.92, 0.94]):
        store.write(record(seed, accuracy=accuracy))
    store.write(record(3, error="broke"))
    assert [entry.accuracy_ci95 for entry in records(store.folder)] == [pytest.approx(0.0496828, abs=1e-6)] * 3 + [None]


def test_a_later_plan_comes_first(store):
    """Cells of earlier plans stay, after those of the last; a twin that was once asked for keeps its name."""
    store.plan([planned(0), planned(1, method="T", asked_for=False)])
    store.plan([planned(1, method="Mine"), planned(2)])
    for seed in range(3):
        store.write(record(seed))
    assert [(entry.seed, entry.method) for entry, *_ in store.read()] == [(1, "Mine"), (2, "M"), (0, "M")]
    store.plan([planned(1, method="T", asked_for=False)])
    assert store.read()[0][0].method == "Mine"
    assert store.counts() == (1, 1, 0)


def test_status(store):
    store.plan([planned(seed) for seed in range(3)])
    store.write(record(0))
    store.write(record(1, error="broke"))
    now = status(store.folder)
    assert (now.cells, now.finished, now.failed, now.running) == (3, 2, 1, ())


def test_failed_cells_can_be_forgotten(store):
    store.write(record(0))
    store.write(record(1, error="broke"))
    store.forget_failed()
    assert store.finished() == {record(0).cell}


def test_many_writers(store):
    """Writers wait for each other."""
    threads = [threading.Thread(target=store.write, args=(record(seed),)) for seed in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.finished()) == 20


def test_two_that_make_it(tmp_path):
    """Making a store that is there changes nothing."""
    threads = [threading.Thread(target=Store(tmp_path / "c").create) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Store(tmp_path / "c").counts() == (0, 0, 0)


def refused(folder, message):
    with pytest.raises(DataError, match=message) as caught:
        records(folder)
    assert str(caught.value).startswith(str(folder / "records.sqlite"))
    assert "\n" not in str(caught.value)


def test_no_comparison(tmp_path):
    refused(tmp_path, "no comparison there. Run 'spikewright compare --out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like one" * 30, b"SQLite format 3\x00" + b"\xff" * 2000]
)
def test_damaged(tmp_path, content):
    (tmp_path / "records.sqlite").write_bytes(content)
    refused(tmp_path, "not a readable record store .* Name another folder")


def test_truncated(store):
    store.plan([planned(seed) for seed in range(50)])
    for seed in range(50):
        store.write(record(seed))
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[: len(whole) // 2])
    refused(store.folder, "not a readable record store|a record in it is damaged")


def test_empty_or_other_database(tmp_path):
    sqlite3.connect(tmp_path / "records.sqlite").execute("CREATE TABLE other (x)").connection.close()
    refused(tmp_path, "a database, but no record store of spikewright")
    with pytest.raises(DataError, match="no record store of spikewright"):
        Store(tmp_path).create()


@pytest.mark.parametrize(("version", "word"), [(2, "a later"), (0, "an earlier")])
def test_other_version(store, version, word):
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    refused(store.folder, f"of version {version}; this spikewright reads version 1. Install {word} spikewright")


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"cell": "a"})])
def test_damaged_record(store, text):
    store.plan([planned(0)])
    with sqlite3.connect(store.path) as connection:
        connection.execute("INSERT INTO records VALUES (?, NULL, ?)", (planned(0).cell.identity, text))
    connection.close()
    refused(store.folder, "a record in it is damaged")


def test_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SpikewrightError, match=r"file: cannot be made .* Name another folder"):
        Store(tmp_path / "file").create()


def test_fields(store):
    """A record has the fields of its class, all of them and no others."""
    with pytest.raises(DataError, match="missing or unknown: speed"):
        Record.from_dict({**record(0).to_dict(), "speed": 1})
    assert replace(record(0)).to_dict().keys() == record(0).to_dict().keys()


def test_records_of_an_earlier_version():
    """Those that the project itself keeps were written before break-even was recorded; they still read."""
    kept = [
        entry for path in RESULTS.glob("*.json") if path.name != "bench.json" for entry in json.loads(path.read_text())
    ]
    assert kept
    for values in kept:
        read = Record.from_dict({**values, "samples": None})
        assert read.energy_pj == values["energy_pj"]
    older = {name: value for name, value in record(0).to_dict().items() if name not in LATER}
    assert Record.from_dict(older).break_even is None
    assert Record.from_dict(older).train_cost is None
    assert Record.from_dict(older).chips is None
    with pytest.raises(DataError, match="missing or unknown: accuracy"):
        Record.from_dict({name: value for name, value in older.items() if name != "accuracy"})
