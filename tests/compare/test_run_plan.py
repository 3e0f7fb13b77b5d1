"""Comparisons: what is recorded, what fails, what is done again and what is not."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spikewright import data as room
from spikewright.checks import DataError, ModelError, SpikewrightError
from spikewright.compare import (
    Method,
    Plan,
    Record,
    evaluate_file,
    records,
    run_plan,
    split_methods,
    status,
    train,
)
from spikewright.data import Dataset
from spikewright.engines import run
from spikewright.exchange import load, load_notes

THREADS = {"backend": "sequential"}
SMALL = "SurrogateGradient:architecture=16,epochs=3,steps=4"


def begun(told: Path) -> list[str]:
    return [line for line in told.read_text().splitlines() if line.startswith("begin")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One comparison on digits, and its folder."""
    folder = tmp_path_factory.mktemp("comparison")
    ended = []
    plan = Plan(("digits",), (Method.from_text(SMALL), Method("Twin", {"epochs": 2})), seeds=(0, 1))
    return folder, run_plan(plan, folder, callback=ended.append, **THREADS), ended


def test_records_of_the_plan(finished):
    """One a method and seed, in the order of the plan; the twin's cells are there on request only."""
    folder, found, ended = finished
    assert [(record.method, record.seed) for record in found] == [
        (SMALL, 0),
        (SMALL, 1),
        ("Twin:epochs=2", 0),
        ("Twin:epochs=2", 1),
    ]
    assert records(folder) == found
    everything = records(folder, twins=True)
    assert len(everything) == len(ended) == 6
    assert {record.cell for record in everything} == {record.cell for record in ended}
    assert status(folder).finished == 6


def test_what_a_record_holds(finished):
    """Every figure of a record that had no error, against the saved network and the test part."""
    folder, found, _ = finished
    test = room.load("digits").read_test()
    for record in found:
        net = load(folder / record.model)
        activity = run(net, test.x)
        labels = torch.from_numpy(test.y)
        assert record.accuracy == activity.accuracy(labels)
        assert record.accuracy_over_time == activity.accuracy_over_time(labels).tolist()
        assert record.steps == len(record.accuracy_over_time) == activity.steps
        confusion = np.array(record.confusion)
        assert confusion.sum() == len(test)
        assert confusion.trace() / len(test) == pytest.approx(record.accuracy, abs=1e-12)
        assert confusion.sum(1).tolist() == np.bincount(test.y).tolist()
        assert record.parameters == sum(parameter.numel() for parameter in net.parameters())
        assert record.weight_bytes == 4 * record.parameters
        assert record.train_samples == 1257 * len(record.history)
        assert record.validation_accuracy == max(entry["validation_accuracy"] for entry in record.history)
        assert record.digests == {**room.load("digits").digests(), "test": test.digest()}
        assert record.energy_pj.keys() == record.twin_energy_pj.keys()
        assert record.error is None
        assert record.peak_memory_bytes > 50e6
        assert record.seconds > record.train_seconds > 0
        assert {"python", "spikewright", "torch", "numpy", "numba"} <= record.versions.keys()
        assert record.machine["threads"] == 1
        assert record.card["family"] == record.family


def test_counts_by_hand(finished):
    """64-16-10, constant analog input: a multiply-accumulate a synapse of the first layer, 10 additions a spike."""
    record = finished[1][0]
    assert record.multiply_accumulates == 64 * 16
    assert record.synaptic_operations == pytest.approx(10 * record.spikes, rel=1e-12)
    assert list(record.spikes_per_layer.values()) == [pytest.approx(record.spikes, rel=1e-12)]
    assert list(record.neurons_per_layer.values()) == [16]
    assert record.input_events == 0
    assert record.neuron_updates == 4 * (16 + 10)
    assert 0 < record.effective_multiply_accumulates < 64 * 16
    assert record.spikes_per_synapse == pytest.approx(record.spikes / 16, rel=1e-12)
    assert record.artificial_energy_pj["horowitz-45nm-fp32"] == pytest.approx(4.6 * (64 * 16 + 16 * 10))
    # The products of the first layer are the same in both, so those of the second are what spikes may cost.
    assert record.break_even["horowitz-45nm-fp32"] == pytest.approx(4.6 / 0.9)
    twin = finished[1][2]
    assert (twin.spikes_per_synapse, set(twin.break_even.values())) == (None, {None})


def test_training_is_counted(finished):
    """64-16-10 in 4 steps of a constant image: three rounds of 1257 samples in 51 batches.

    The history is the image, two values of each hidden neuron a step and its mask of dropout; of the twin, which has no
    steps, the image, a unit's value before and after the mask, and the mask.
    """
    spiking, twin = finished[1][0], finished[1][2]
    cost = spiking.train_cost
    assert cost["forward_multiply_accumulates"] == 3 * 1257 * 64 * 16
    assert cost["backward_multiply_accumulates"] == 3 * 1257 * 4 * 16 * 10
    assert cost["weight_updates"] == 3 * 51 * (65 * 16 + 17 * 10)
    assert cost["history_values"] == 64 + 4 * 2 * 16 + 16
    assert cost["forward_accumulates"] == cost["gradient_accumulates"] > 0
    uses = ("forward", "backward", "gradient", "weight")
    assert spiking.train_synaptic_operations == sum(n for name, n in cost.items() if name.startswith(uses))
    assert twin.train_cost["history_values"] == 64 + 3 * 200


def test_samples_that_are_drawn(finished):
    """Three test samples of different classes; events are within the run and the layer, and the image is the sample."""
    spiking, twin = finished[1][0], finished[1][2]
    test = room.load("digits").read_test()
    assert len(spiking.samples) == 3
    for view in spiking.samples:
        assert np.array(view.image).shape == (1, 8, 8)
        assert any(np.array_equal(np.array(view.image), np.round(x * 255)) for x in test.x[test.y == view.label])
        ((_, events),) = view.events.items()
        assert events == sorted(events)
        assert all(0 <= step < 4 and 0 <= neuron < 16 for step, neuron in events)
    assert len({view.label for view in spiking.samples}) == 3
    assert all(view.events == {} for view in twin.samples)


def test_twins_are_joined(finished):
    """The twin is the artificial network of the same hidden layers and seed; a twin is its own."""
    folder, found, _ = finished
    everything = {record.cell: record for record in records(folder, twins=True)}
    for record in found:
        twin = everything[record.twin]
        assert (twin.family, twin.seed) == ("artificial network", record.seed)
        assert record.twin_accuracy == twin.accuracy
        assert record.twin_multiply_accumulates == twin.multiply_accumulates
        assert record.twin_energy_pj == twin.energy_pj
    assert found[0].twin_multiply_accumulates == 64 * 16 + 16 * 10
    assert found[2].twin == found[2].cell


def test_interval_over_seeds(finished):
    """Half of the distance of two accuracies times t(0.975, 1)."""
    first, second, *_ = finished[1]
    half = 12.706204736 * abs(first.accuracy - second.accuracy) / 2
    assert first.accuracy_ci95 == pytest.approx(half, rel=1e-6)


def test_nothing_is_done_twice(finished):
    """A finished comparison returns the same records at once; a larger plan adds to it."""
    folder, found, _ = finished
    before = hashlib.sha256((folder / found[0].model).read_bytes()).hexdigest()
    ended = []
    plan = Plan(("digits",), (Method.from_text(SMALL), Method("Twin", {"epochs": 2})), seeds=(0, 1))
    assert run_plan(plan, folder, callback=ended.append, **THREADS) == found
    assert ended == []
    assert hashlib.sha256((folder / found[0].model).read_bytes()).hexdigest() == before
    assert list((folder / "checkpoints").iterdir()) == []


def test_seeds_repeat(finished, tmp_path):
    """The same cell in another folder has the same identity and the same network, bit for bit."""
    _, found, _ = finished
    plan = Plan(("digits",), (Method.from_text(SMALL),), seeds=(1,))
    (again,) = run_plan(plan, tmp_path, **THREADS)
    assert again.cell == found[1].cell
    assert again.accuracy == found[1].accuracy
    first, second = load(finished[0] / found[1].model).state_dict(), load(tmp_path / again.model).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_cell_that_fails(data, told, tmp_path):
    """It is a record with its error in one line; the others are there; only on request is it done again."""
    plan = Plan(
        (data,), split_methods("telling_learners:Failing:epochs=2,telling_learners:Telling:epochs=2"), seeds=(0, 1)
    )
    found = run_plan(plan, tmp_path / "out", n_jobs=2, backend="threading")
    errors = [record.error for record in found]
    assert errors == [None, "RuntimeError: odd seeds do not work", None, None]
    failed = found[1]
    assert (failed.accuracy, failed.energy_pj, failed.model) == (None, None, None)
    assert "raise RuntimeError" in failed.traceback
    assert failed.digests.keys() == {"train", "validation"}
    count = len(begun(told))
    assert [record.cell for record in run_plan(plan, tmp_path / "out", **THREADS)] == [record.cell for record in found]
    assert len(begun(told)) == count
    run_plan(plan, tmp_path / "out", retry=True, **THREADS)
    assert begun(told)[count:] == ["begin Failing 1"]


def test_a_budget_ends_a_fit(data, told, tmp_path):
    """A round under way ends; no other begins."""
    plan = Plan((data,), split_methods("telling_learners:Slow:epochs=200"), seeds=(0,), budget=0.2)
    (record,) = run_plan(plan, tmp_path / "out", **THREADS)
    assert 1 <= len(record.history) <= 5
    assert record.budget == 0.2


def test_an_interrupted_cell_goes_on(data, told, tmp_path, monkeypatch):
    """Ctrl-C in the midst of a fit leaves a checkpoint; the plan goes on after the last round, to the same bits."""
    plan = Plan((data,), split_methods("telling_learners:Telling:epochs=6"), seeds=(0,))
    (whole,) = run_plan(plan, tmp_path / "whole", **THREADS)
    told.write_text("")
    monkeypatch.setattr("telling_learners.Telling.pause", lambda *_: interrupt(told))
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, tmp_path / "out", **THREADS)
    assert {path.suffix for path in (tmp_path / "out" / "checkpoints").iterdir()} == {".safetensors", ".claim"}
    monkeypatch.setattr("telling_learners.Telling.pause", lambda *_: None)
    (record,) = run_plan(plan, tmp_path / "out", **THREADS)
    # Round 3 was interrupted before its end, so it is done again; 0 to 2 are not.
    assert [line for line in told.read_text().splitlines() if line.startswith("round")] == [
        f"round Telling 0 {number}" for number in (0, 1, 2, 3, 3, 4, 5)
    ]
    assert list((tmp_path / "out" / "checkpoints").iterdir()) == []
    assert (record.accuracy, record.validation_accuracy) == (whole.accuracy, whole.validation_accuracy)
    one, other = load(tmp_path / "whole" / whole.model), load(tmp_path / "out" / record.model)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_stopping_while_a_record_is_told_says_nothing_else(data, told, tmp_path, recwarn):
    """Ctrl-C may come while nobody waits for the workers; those that go on are ended without a word."""

    def stop(_: Record) -> None:
        raise KeyboardInterrupt

    plan = Plan((data,), split_methods("telling_learners:Slow"), seeds=tuple(range(8)))
    gc.collect()
    recwarn.clear()  # what others left behind
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, tmp_path / "out", callback=stop)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
    assert 1 <= len(records(tmp_path / "out")) < 8


def interrupt(told: Path) -> None:
    if told.read_text().splitlines()[-1] == "round Telling 0 3":
        raise KeyboardInterrupt


def test_a_cell_that_failed_goes_on_when_it_is_tried_again(data, told, tmp_path, monkeypatch):
    """Its rounds are kept, not what was half written; once it has succeeded nothing is left."""
    plan = Plan((data,), split_methods("telling_learners:Telling:epochs=4"), seeds=(0,))

    def fail(*_):
        if told.read_text().splitlines()[-1] == "round Telling 0 2":
            raise MemoryError("too little memory")

    monkeypatch.setattr("telling_learners.Telling.pause", fail)
    (failed,) = run_plan(plan, tmp_path / "out", **THREADS)
    assert "too little memory" in failed.error
    run_plan(plan, tmp_path / "out", **THREADS)
    assert [path.suffix for path in (tmp_path / "out" / "checkpoints").iterdir()] == [".safetensors"]
    monkeypatch.setattr("telling_learners.Telling.pause", lambda *_: None)
    (record,) = run_plan(plan, tmp_path / "out", retry=True, **THREADS)
    assert record.error is None
    assert [line for line in told.read_text().splitlines() if line.startswith("round")] == [
        f"round Telling 0 {number}" for number in (0, 1, 2, 2, 3)
    ]
    assert list((tmp_path / "out" / "checkpoints").iterdir()) == []


def test_the_test_part_is_read_once_and_last(data, told, tmp_path, monkeypatch):
    """Not before the fit has ended, and once a cell."""
    order = []
    load_data = room.load

    def watched(*args, **kwargs) -> Dataset:
        dataset = load_data(*args, **kwargs)

        def read():
            order.append(told.read_text().splitlines()[-1])
            return dataset.read_test()

        return replace(dataset, read_test=read)

    monkeypatch.setattr("spikewright.compare._work.load", watched)
    monkeypatch.setattr("spikewright.compare._cell.load", watched)
    run_plan(
        Plan((data,), split_methods("telling_learners:Telling:epochs=3"), seeds=(0, 1)), tmp_path / "out", **THREADS
    )
    assert order == ["round Telling 0 2", "round Telling 1 2"]


def test_data_that_change_under_way(data, told, tmp_path, monkeypatch):
    """A cell is not recorded with the hashes of other data."""
    load_data = room.load

    def changed(*args, **kwargs) -> Dataset:
        dataset = load_data(*args, **kwargs)
        return replace(dataset, train=dataset.validation)

    monkeypatch.setattr("spikewright.compare._work.load", changed)
    (record,) = run_plan(
        Plan((data,), split_methods("telling_learners:Telling"), seeds=(0,)), tmp_path / "out", **THREADS
    )
    assert "the data have changed since the comparison was planned" in record.error


def test_wrong_plans_leave_nothing(data, tmp_path):
    """Methods and data are looked up before anything is written."""
    with pytest.raises(SpikewrightError, match="no such method"):
        run_plan(Plan((data,), (Method("Nothing"),)), tmp_path / "out")
    with pytest.raises(DataError, match="neither a file or folder nor a known data set"):
        run_plan(Plan(("nothing",), (Method("Twin"),)), tmp_path / "out")
    with pytest.raises(ValueError, match="n_jobs: must be >= 1"):
        run_plan(Plan((data,), (Method("Twin"),)), tmp_path / "out", n_jobs=0)
    assert not (tmp_path / "out").exists()


def test_unknown_backend(data, tmp_path):
    with pytest.raises(SpikewrightError, match=r"backend 'nothing': .*loky.*threading"):
        run_plan(Plan((data,), (Method("Twin"),)), tmp_path / "out", backend="nothing")


def test_train_and_evaluate(data, tmp_path):
    """A model file knows its classes, and gives the accuracy that the learner's own network gives."""
    learner = train(
        Method("Twin", {"epochs": 100, "architecture": "12", "learning_rate": 0.01}),
        data,
        tmp_path / "net.safetensors",
        seed=2,
    )
    assert load_notes(tmp_path / "net.safetensors")["classes"] == ["ant", "bee", "cat"]
    found = evaluate_file(tmp_path / "net.safetensors", data)
    test = room.load(data).read_test()
    assert found.accuracy == np.mean(learner.predict(test.x) == test.y)
    assert found.accuracy > 0.8
    assert (found.steps, found.multiply_accumulates) == (1, 16 * 12 + 12 * 3)


def test_a_model_of_other_data_is_refused(data, tmp_path):
    train(Method("Twin", {"epochs": 1}), data, tmp_path / "net.safetensors")
    with pytest.raises(
        ModelError, match=r"net.safetensors: is for .*own.npz with classes \['ant'.*digits has .*Name the data"
    ):
        evaluate_file(tmp_path / "net.safetensors", "digits")
