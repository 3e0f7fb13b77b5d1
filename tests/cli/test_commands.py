"""The commands: what they print, where, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import spikewright
from spikewright.cli._app import app, run
from spikewright.compare import methods, records
from spikewright.exchange import load, save

# What the issue asks of every record.
FIELDS = [
    "method",
    "family",
    "data",
    "seed",
    "accuracy",
    "accuracy_ci95",
    "validation_accuracy",
    "twin_accuracy",
    "steps",
    "latency_steps",
    "spikes",
    "synaptic_operations",
    "multiply_accumulates",
    "twin_multiply_accumulates",
    "neuron_updates",
    "parameters",
    "weight_bytes",
    "state_bytes",
    "energy_pj",
    "twin_energy_pj",
    "train_seconds",
    "train_samples",
    "train_synaptic_operations",
    "train_cost",
    "peak_memory_bytes",
    "error",
    "cell",
    "versions",
]
COMMANDS = [
    *("compare", "train", "evaluate", "convert", "cost", "export", "methods", "place", "quantise", "records", "report"),
    *("data list", "data fetch", "data verify"),
]
TWO = "Twin:epochs=2,architecture=16,SurrogateGradient:epochs=1,steps=3,architecture=16"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    """The folder of a comparison on digits."""
    folder = tmp_path_factory.mktemp("cli") / "comparison"
    words = f"compare --data digits --methods {TWO} --seeds 2 --backend sequential --quiet --out"
    assert run([*words.split(), str(folder)]) == 0
    return folder


def refused(capsys: pytest.CaptureFixture[str], words: str, message: str, code: int = 2) -> None:
    """The command fails with one line on standard error and nothing on standard output."""
    assert run(words.split()) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("spikewright: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_with_examples(command):
    found = CliRunner().invoke(app(), [*command.split(), "--help"], prog_name="spikewright")
    assert found.exit_code == 0
    assert "Examples" in found.output
    assert f"spikewright {command}".strip() in " ".join(found.output.split("Examples")[1].split())


@pytest.mark.parametrize("words", ["", "data"])
def test_no_command_is_help(capsys, words):
    assert run(words.split()) == 0
    assert "Usage: spikewright" in capsys.readouterr().out


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"{spikewright.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("bogus", "No such command 'bogus'"),
        ("compare", "Missing option '--out'"),
        ("compare --out {out} --fast", "No such option"),
        ("compare --out {out} --methods Nothing", "'Nothing': no such method. There are"),
        ("compare --out {out} --methods Twin:depth=3", "Twin: has no parameter 'depth'"),
        ("compare --out {out} --methods Twin:epochs=x", "Twin.epochs: must be a whole number"),
        ("compare --out {out} --methods Twin,Twin", "methods: must differ; got 'Twin' twice"),
        ("compare --out {out} --data nothing", "nothing: neither a file or folder nor a known data set"),
        ("compare --out {out} --seeds 0", "'--seeds'"),
        ("compare --out {out} --jobs 0", "'--jobs'"),
        ("compare --out {out} --budget -1", "Plan.budget: must be > 0 seconds"),
        ("compare --out {out} --plan nothing.toml", "nothing.toml: not a readable plan"),
        ("compare --out {out} --data mnist --data-root nowhere", "nowhere: the data root is not a folder"),
        ("compare --out {out} --methods Twin --backend nothing", "backend 'nothing'"),
        ("train --data digits --method Nothing --out {out}", "no such method"),
        ("train --data nothing --method Twin --out {out}", "nothing: neither a file"),
        ("train --data digits --method 3 --out {out}", "is no method"),
        # Before anything is trained or read: --out is a file, and this is a folder.
        ("train --data digits --method Twin --out {folder}", "'--out': file"),
        ("train --data digits --method Twin --out {out} --checkpoint {folder}", "'--checkpoint': file"),
        ("convert nothing.safetensors --data digits --out {folder}", "'--out': file"),
        ("export nothing.safetensors --to nir --out {folder}", "'--out': file"),
        ("place nothing.safetensors --chip all --draw {folder}", "'--draw': file"),
        ("report nowhere --out {folder}", "'--out': file"),
        ("evaluate nothing.safetensors --data digits", "nothing.safetensors: no such file"),
        ("evaluate pyproject.toml --data digits", "not a readable model file"),
        ("cost nothing.safetensors --data digits", "nothing.safetensors: no such file"),
        ("cost nothing.safetensors --data digits --samples 0", "'--samples'"),
        ("methods Nothing", "no such method"),
        ("records nowhere", "nowhere/records.sqlite: no comparison there"),
        ("report nowhere", "nowhere/records.sqlite: no comparison there"),
        ("data fetch nothing", "nothing: no known data set"),
        ("data verify nothing", "nothing: no known data set"),
    ],
)
def test_wrong_use(capsys, tmp_path, words, message):
    """One line on standard error, exit code 2."""
    if "pyproject.toml" in words:
        (tmp_path / "pyproject.toml").write_text("[project]\n")
        words = words.replace("pyproject.toml", str(tmp_path / "pyproject.toml"))
    refused(capsys, words.format(out=tmp_path / "out", folder=tmp_path), message)


def test_what_nobody_expected(capsys, monkeypatch):
    """Still one line, and exit code 1; --traceback shows more."""

    def broken(**_):
        raise RuntimeError("the\nsky fell")

    monkeypatch.setattr("spikewright.compare.train", lambda *args, **kwargs: broken())
    words = "train --data digits --method Twin --out x"
    refused(capsys, words, "RuntimeError: the sky fell", code=1)
    assert run(["--traceback", *words.split()]) == 1
    assert "in broken" in capsys.readouterr().err


def test_ctrl_c(capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("spikewright.compare.run_plan", stop)
    refused(capsys, "compare --out x", "stopped. A comparison goes on where it was with the same command", code=130)


def test_compare_prints_table_and_page(capsys, comparison):
    """Done again, it does nothing, and prints the same."""
    before = {path: path.stat().st_mtime_ns for path in comparison.glob("models/*")}
    words = f"compare --data digits --methods {TWO} --seeds 2 --backend sequential --quiet --out"
    assert run([*words.split(), str(comparison)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    *table, page = printed.out.splitlines()
    assert page == str(comparison / "report.html")
    assert Path(page).read_text().lstrip().lower().startswith("<!doctype html>")
    assert any("Surrogate" in line for line in table)
    assert {path: path.stat().st_mtime_ns for path in comparison.glob("models/*")} == before


def test_records_as_json(capsys, comparison):
    """Nothing but JSON on standard output; a list of objects with what the issue asks."""
    assert run(["records", str(comparison), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    found = json.loads(printed.out)
    assert [record["seed"] for record in found] == [0, 1, 0, 1]
    for record in found:
        assert set(FIELDS) <= set(record)
        assert record["error"] is None
        assert 0 <= record["accuracy"] <= 1
        assert record["accuracy_ci95"] >= 0
        assert isinstance(record["energy_pj"], dict)
        assert isinstance(record["twin_energy_pj"], dict)
    assert found == [record.to_dict() for record in records(comparison)]


def test_records_with_twins(capsys, comparison):
    assert run(["records", str(comparison), "--json", "--twins"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(records(comparison, twins=True)) == 6


def test_records_as_table(capsys, comparison):
    assert run(["records", str(comparison)]) == 0
    assert "Twin" in capsys.readouterr().out


def test_report(capsys, comparison, tmp_path):
    assert run(["report", str(comparison), "--out", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_text() == (comparison / "report.html").read_text()


def test_a_cell_that_fails(capsys, tmp_path):
    """The others are there, the exit code is 1, and standard error says which failed."""
    words = "compare --methods Twin:epochs=1,learning_rate=-1,Twin:epochs=1 --seeds 1 --backend sequential --out"
    assert run([*words.split(), str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "failed: ValueError: learning_rate: must be > 0" in printed.err
    assert str(tmp_path / "out" / "report.html") in printed.out
    assert [record.error is None for record in records(tmp_path / "out")] == [False, True]


def test_a_plan_file(capsys, tmp_path):
    """Options replace what it says."""
    plan = tmp_path / "plan.toml"
    plan.write_text('data = ["digits"]\nmethods = ["Twin:epochs=1", "Twin:epochs=2"]\nseeds = [3, 4]\n')
    words = f"compare --plan {plan} --methods Twin:epochs=1 --backend sequential --quiet --out {tmp_path / 'out'}"
    assert run(words.split()) == 0
    assert [(record.method, record.seed) for record in records(tmp_path / "out")] == [
        ("Twin:epochs=1", 3),
        ("Twin:epochs=1", 4),
    ]


def test_train_and_evaluate(capsys, tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    np.savez(tmp_path / "own.npz", x=y[:, None] * 0.8 + rng.random((60, 5)) * 0.1, y=y)
    model = tmp_path / "m.safetensors"
    train = (
        f"train --data {tmp_path / 'own.npz'} --method Twin:epochs=60,architecture=8,learning_rate=0.01 --out {model}"
    )
    assert run([*train.split(), "--seed", "2", "--checkpoint", str(tmp_path / "checkpoint")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("validation accuracy 1.0000 after ")
    # 5 x 8 and 8 x 2 synapses; of a sample the input is kept, and 8 units before and after a mask, and it.
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "MACs 56 Forward: products of a weight with an analog value." in lines
    assert "history 29 Numbers of one sample kept at once to learn from it." in lines
    assert (tmp_path / "checkpoint").exists()
    assert run(["evaluate", str(model), "--data", str(tmp_path / "own.npz"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy"] == 1.0
    assert found["multiply_accumulates"] == 5 * 8 + 8 * 2
    assert run(["evaluate", str(model), "--data", str(tmp_path / "own.npz")]) == 0
    assert "1.0000" in capsys.readouterr().out
    refused(capsys, f"evaluate {model} --data digits", "Name the data it was trained on")
    model.write_bytes(model.read_bytes()[:200])
    refused(capsys, f"evaluate {model} --data digits", "not a readable model file")


def test_methods(capsys):
    assert run(["methods"]) == 0
    printed = capsys.readouterr().out
    assert all(cls.__name__ in printed for cls in methods())


def test_card_of_a_method(capsys):
    assert run(["methods", "SurrogateGradient"]) == 0
    printed = capsys.readouterr().out
    assert "Spatio-temporal backpropagation" in " ".join(printed.replace("│", " ").split())
    assert "learning_rate" in printed


def test_data_list(capsys):
    assert run(["data", "list"]) == 0
    assert "digits" in capsys.readouterr().out


def test_data_verify(capsys, tmp_path):
    """A good file is named; a damaged one gives exit code 1."""
    assert run(["data", "verify", "digits"]) == 0
    assert capsys.readouterr().out.endswith("digits.csv.gz: good\n")
    (tmp_path / "mnist").mkdir()
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{part}-ubyte.gz").write_bytes(b"damaged")
    assert run(["data", "verify", "mnist", "--data-root", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert not any(line.endswith("good") for line in lines)


def test_cost(capsys, comparison):
    """Counts by hand, an energy for every model, and the constants; as JSON and as tables."""
    twin, spiking = (str(comparison / records(comparison)[number].model) for number in (0, 2))
    words = ["cost", spiking, "--data", "digits", "--samples", "20"]
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 20
    assert found["network"]["total"]["multiply_accumulates"] == 64 * 16
    assert found["network"]["total"]["dense_synaptic_operations"] == 3 * 16 * 10
    assert found["artificial"]["total"]["multiply_accumulates"] == 64 * 16 + 16 * 10
    assert not found["artificial"]["trained"]
    assert list(found["energy"]) == [model.name for model in spikewright.cost.ENERGY_MODELS]
    arithmetic = found["energy"]["horowitz-45nm-fp32"]
    assert arithmetic["artificial_pj"] == pytest.approx(4.6 * (64 * 16 + 16 * 10))
    assert arithmetic["constants"]["synaptic_operation"] == 0.9
    assert run([*words, "--twin", twin]) == 0
    printed = capsys.readouterr().out
    assert "horowitz-45nm-fp32" in printed
    assert "network wins" in " ".join(printed.split())
    assert "trained" in printed
    assert run([*words, "--twin", twin, "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["artificial"]["total"]
    assert 0 < total["effective_multiply_accumulates"] < total["multiply_accumulates"] == 64 * 16 + 16 * 10


def test_cost_of_a_network_for_other_data(capsys, comparison, tmp_path):
    np.savez(tmp_path / "own.npz", x=np.zeros((60, 5)), y=np.arange(60) % 2)
    model = next(comparison.glob("models/*.safetensors"))
    refused(capsys, f"cost {model} --data {tmp_path / 'own.npz'}", "Name the data it was trained on")
    # Without notes only a run tells.
    bare = tmp_path / "bare.safetensors"
    save(load(model), bare)
    refused(capsys, f"cost {bare} --data {tmp_path / 'own.npz'}", "does not take samples of shape (1, 1, 5)")
