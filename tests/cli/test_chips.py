"""The commands that place and quantise a model file."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.cli._app import run
from spikewright.neurons import IF


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained network for digits that Loihi 2 and Speck hold."""
    torch.manual_seed(0)
    net = sw.Network(
        sw.coding.Poisson(steps=5, max_rate=300.0),
        sw.Layer(nn.Conv2d(1, 4, 3, padding=1), IF()),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(256, 10), IF()),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    path = tmp_path_factory.mktemp("chips") / "model.safetensors"
    notes = {"data": "digits", "classes": [str(k) for k in range(10)], "sample": [1, 8, 8], "outputs": list(range(10))}
    sw.exchange.save(net, path, notes)
    return path


def test_place_prints_where_it_fits_and_why_not(model, capsys):
    assert run(["place", str(model), "--chip", "all", "--data", "digits", "--samples", "20"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "speck" in printed.split("does not fit")[0]
    assert "analog" not in printed
    assert "CUBA" in printed.split("does not fit")[1]


def test_place_as_json_with_a_drawing(model, capsys, tmp_path):
    words = ["place", str(model), "--chip", "speck", "--data", "digits", "--samples", "20", "--json"]
    assert run(words) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["fits"]
    assert {share["layer"] for share in found["result"]["shares"]} == {"layer1", "layer3"}
    assert 0 <= found["chip_accuracy"] <= 1
    picture = tmp_path / "speck.svg"
    assert run(["place", str(model), "--chip", "speck", "--draw", str(picture)]) == 0
    assert picture.read_text().startswith("<svg")


def test_place_draws_each_chip_that_fits(model, capsys, tmp_path):
    """One file a chip, beside JSON that stays JSON."""
    picture = tmp_path / "place.svg"
    assert run(["place", str(model), "--draw", str(picture), "--json"]) == 0
    printed = capsys.readouterr()
    fitting = [found["chip"] for found in json.loads(printed.out) if found["fits"]]
    assert len(fitting) > 1
    assert "loihi-2" in fitting
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == sorted(f"place-{chip}.svg" for chip in fitting)
    assert "Speck" in (tmp_path / "place-speck.svg").read_text()
    assert printed.err.split() == [str(tmp_path / f"place-{chip}.svg") for chip in fitting]


def test_without_spikes_there_is_no_energy(capsys, tmp_path):
    """Loihi's neurons need some in every step, which is not that of an inference."""
    net = sw.Network(
        sw.coding.Poisson(steps=5, max_rate=300.0),
        sw.Layer(nn.Linear(64, 10), IF(v_reset=0.0)),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    sw.exchange.save(net, tmp_path / "m.safetensors", {"sample": [64]})
    assert run(["place", str(tmp_path / "m.safetensors"), "--chip", "loihi-1", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["fits"]
    assert found["result"]["energy_pj"] is None


def test_place_exits_with_1_if_nothing_fits(model, capsys):
    assert run(["place", str(model), "--chip", "xylo-imu", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert not found["fits"]
    assert found["result"]["misfits"][0]["limit"] == "inputs"


def test_place_refuses_an_unknown_chip(model, capsys):
    assert run(["place", str(model), "--chip", "pentium"]) == 2
    assert "chips.load: must be one of" in capsys.readouterr().err


def test_quantise_prints_layers_and_accuracies(model, capsys):
    assert run(["quantise", str(model), "--bits", "4", "--per", "channel", "--data", "digits", "--samples", "20"]) == 0
    printed = capsys.readouterr().out
    assert "layer3" in printed
    assert "in whole numbers 0." in printed


def test_quantise_as_json_in_the_arithmetic_of_a_chip(model, capsys):
    assert run(["quantise", str(model), "--chip", "speck", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [layer["weight_bits"] for layer in found["layers"]] == [8, 8]
    assert found["accuracy"] is None
