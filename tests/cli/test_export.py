"""``spikewright export`` and ``spikewright convert``: what they write and print, and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from spikewright import coding, data, neurons
from spikewright.cli._app import run
from spikewright.engines import run as run_network
from spikewright.exchange import open_network, save
from spikewright.network import Layer, Network


@pytest.fixture
def model(tmp_path):
    """A model file of an image network, with the shape of a sample in its notes."""
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=6),
        Layer(nn.Conv2d(1, 2, 3), neurons.LIF(tau_mem=0.02)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(72, 10), neurons.IF(v_threshold=0.2)),
        coding.SpikeCount(),
        dt=1e-3,
    )
    digits = data.load("digits")
    notes = {"data": "digits", "classes": list(digits.classes), "sample": [1, 8, 8], "outputs": list(range(10))}
    save(net, tmp_path / "model.safetensors", notes)
    return tmp_path / "model.safetensors"


def test_export_and_evaluate(model, tmp_path, capsys):
    """The NIR file evaluates to the same figures as the model file."""
    out = tmp_path / "model.nir"
    assert run(["export", str(model), "--to", "nir", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["nodes"]["layer1"] == "LIF"
    assert told["bytes"] == out.stat().st_size
    x = torch.rand(3, 1, 8, 8)
    assert torch.equal(run_network(open_network(out), x).scores, run_network(open_network(model), x).scores)
    figures = []
    for path in (model, out):
        assert run(["evaluate", str(path), "--data", "digits", "--json"]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    assert figures[0]["accuracy"] == figures[1]["accuracy"]
    assert figures[0]["spikes"] == figures[1]["spikes"] > 0


def test_export_refuses(model, tmp_path, capsys):
    out = str(tmp_path / "f.nir")
    assert run(["export", str(model), "--to", "nir", "--out", out, "--sample", "1x8xb"]) == 2
    assert "--sample: must be sizes with x between them, as 1x28x28; got '1x8xb'" in capsys.readouterr().err
    assert run(["export", str(model), "--to", "wav", "--out", out]) == 2
    assert "wav" in capsys.readouterr().err
    assert run(["export", str(tmp_path / "none"), "--to", "nir", "--out", out]) == 2
    assert "no such file" in capsys.readouterr().err


def test_convert(tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    weight = np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Flatten", ["x"], ["f"]), onnx.helper.make_node("Gemm", ["f", "w"], ["y"], transB=1)],
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, (1, 1, 8, 8))],
        [onnx.helper.make_tensor_value_info("y", 1, None)],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    path, out = tmp_path / "m.onnx", tmp_path / "c.safetensors"
    onnx.save(onnx.helper.make_model(graph), str(path))
    words = ["convert", str(path), "--data", "digits", "--steps", "4", "--limit", "50", "--out", str(out)]
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    # Without a hidden layer nothing is lost.
    assert told["lost"] == 0.0
    assert (told["steps"], told["samples"], len(told["accuracy_over_time"])) == (4, 50, 4)
    assert run(words) == 0
    assert "lost 0.00 points at 4 steps" in capsys.readouterr().out
    assert run(["evaluate", str(out), "--data", "digits"]) == 0
    path.write_bytes(b"\xff" * 50)
    assert run(words) == 2
    assert "m.onnx" in capsys.readouterr().err
