"""The commands on NIR files that this package did not write: what they take for granted they say, and can be told."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

import spikewright as sw
from spikewright.cli._app import run

FILES = Path(__file__).parents[1] / "exchange" / "files"
COMMANDS = {
    "evaluate": "evaluate {model} --data digits",
    "cost": "cost {model} --data digits --samples 20",
    "place": "place {model} --chip loihi-1",
    "quantise": "quantise {model}",
    "export": "export {model} --to c --out {out}",
}


@pytest.fixture
def model(tmp_path) -> Path:
    """A file of dense layers with a time constant of ten steps of 0.1 ms, for 64 values in a row."""
    rng = np.random.default_rng(4)

    def lif(size: int) -> nir.LIF:
        tau, ones = np.full(size, 1e-3), np.ones(size)
        return nir.LIF(tau=tau, r=10 * ones, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones)

    nodes = {
        "input": nir.Input(np.array([64])),
        "a": nir.Affine(rng.normal(0, 0.3, (20, 64)).astype(np.float32), np.zeros(20, np.float32)),
        "b": lif(20),
        "c": nir.Linear(rng.normal(0, 0.5, (10, 20)).astype(np.float32)),
        "d": lif(10),
        "output": nir.Output(np.array([10])),
    }
    names = list(nodes)
    nir.write(tmp_path / "model.nir", nir.NIRGraph(nodes, list(pairwise(names))))
    return tmp_path / "model.nir"


def told(capsys, words: str) -> dict:
    """Return the JSON of a command, with what it says on standard error."""
    # No chip of spiking neurons takes the current that is the default.
    assert run([*words.split(), "--json"]) == words.startswith("place")
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    return {"found": found, "said": printed.err}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_file_and_says_how(command, model, capsys, tmp_path):
    words = COMMANDS[command].format(model=model, out=tmp_path / "out")
    said = told(capsys, words)["said"]
    assert "model.nir: does not say how it runs; taken as Euler(), dt=0.0001 s, Direct(steps=100).\n" in said
    said = told(capsys, f"{words} --convention snntorch --dt 0.00005 --steps 7")["said"]
    assert "taken as Euler(subtracts=True, late=True), dt=5e-05 s, Direct(steps=7).\n" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_this_package_says_it_itself(command, model, capsys, tmp_path):
    """As safetensors and as NIR."""
    own, again = tmp_path / "own.nir", tmp_path / "own.safetensors"
    sw.exchange.export_file(model, own)
    sw.exchange.save(sw.exchange.open_network(model), again)
    for path in (own, again):
        words = COMMANDS[command].format(model=path, out=tmp_path / "out").split()
        assert run([*words, "--dt", "0.001", "--steps", "7"]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == (
            f"spikewright: {path}: was written by spikewright and says itself how it runs; leave out dt, steps.\n"
        )


def test_what_is_said_changes_what_is_counted(model, capsys):
    """Seven steps of 20 and 10 neurons; a reset to 0 loses charge that a reset by subtraction keeps."""
    words = f"evaluate {model} --data digits --steps 7"
    plain, subtracting = (told(capsys, f"{words} --convention {name}")["found"] for name in ("euler", "snntorch"))
    assert plain["steps"] == subtracting["steps"] == 7
    assert plain["neuron_updates"] == 7 * 30
    assert 0 < plain["spikes"] < subtracting["spikes"]


@pytest.mark.parametrize("command", ["evaluate", "cost", "place", "quantise"])
def test_a_download_is_shown(command, model, monkeypatch):
    """N-MNIST is a gigabyte: whoever opens data passes on what shows how they come."""
    passed, real = [], sw.data.load

    def load(name, *, root, progress):
        passed.append(progress)
        return real(name, root=root)

    monkeypatch.setattr("spikewright.compare._model_file.load", load)
    run([command, str(model), "--data", "digits"])
    passed[0]("a file", 1, 2)


def test_an_encoder_with_its_parameters(model, capsys):
    words = f"cost {model} --data digits --samples 20 --encoder Poisson:steps=9,max_rate=3000"
    found = told(capsys, words)["found"]
    assert found["network"]["steps"] == 9
    assert found["network"]["input_events"] > 0
    assert found["network"]["total"]["multiply_accumulates"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--encoder Nothing:steps=3", "--encoder: 'Nothing' is none; name one as Poisson:steps=100,max_rate=200."),
        ("--encoder Encoder:steps=3", "--encoder: 'Encoder' is none"),
        ("--encoder Direct:steps=x", "--encoder: 'Direct:steps=x': invalid literal"),
        ("--encoder Direct:stops=3", "--encoder: 'Direct:stops=3': "),
        ("--encoder Direct:steps=3 --steps 4", "Unsaid: an encoder has steps of its own; leave out steps, or the"),
        ("--dt 0", "Unsaid.dt: must be > 0 seconds; got 0"),
        ("--steps 0", "'--steps'"),
        ("--convention lava", "'--convention'"),
        ("--dt 0.01", "is shorter than a step of 0.01; give a smaller dt"),
    ],
)
def test_wrong_words(model, capsys, words, message):
    assert run([*f"evaluate {model} --data digits".split(), *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_files_that_libraries_wrote(capsys, tmp_path):
    """Time constants of Norse are shorter than the default step, which must not be in the way of the right one."""
    for path, name in (("norse", "norse"), ("sinabs", "sinabs"), ("snntorch", "snntorch"), ("rockpool", "rockpool")):
        out = tmp_path / f"{path}.nir"
        words = f"export {FILES / path}.nir --convention {name} --steps 5 --to nir --out {out}"
        nodes = told(capsys, words)["found"]["nodes"]
        assert nodes[sw.network.INPUT] == "Input"
        net = sw.exchange.open_network(out)
        assert net.encoder.steps == 5
        assert net.dt == {"snntorch": 1e-4}.get(name, 1e-3)


def test_recordings_are_cut_into_steps(capsys, tmp_path, model):
    """Without a dt the steps are the whole recording, with one they are as long as it says."""
    rng = np.random.default_rng(5)
    for digit in range(2):
        folder = tmp_path / "events" / f"class{digit}"
        folder.mkdir(parents=True)
        for number in range(10):
            t = np.sort(rng.uniform(0, 0.3, 200))
            # Both corners, so that the sensor is 8 by 8, of which a row of 2 x 4 x 8 = 64 values is taken.
            x, y = rng.integers(0, 8, 200), rng.integers(0, 4, 200)
            x[:2], y[:2], t[0] = (0, 7), (0, 3), 0.0
            np.savez(folder / f"{number}.npz", x=x, y=y, p=rng.integers(0, 2, 200), t=t)
    words = f"cost {model} --data {tmp_path / 'events'} --steps 30"
    whole = told(capsys, words)
    assert "RecordingFrames(steps=30)" in whole["said"]
    assert 150 < whole["found"]["network"]["input_events"] <= 200
    short = told(capsys, f"{words} --dt 0.0001")
    assert "dt=0.0001 s, EventFrames(steps=30)" in short["said"]
    assert 0 < short["found"]["network"]["input_events"] < 20
