"""Conversion of files: the network of the ONNX model zoo, and networks that this package trained."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.checks import ModelError
from spikewright.compare import convert_file

IMAGES = 500
LOST = 0.002


def test_mnist_8_loses_at_most_a_fifth_of_a_point(data_root, tmp_path):
    """At 32 steps; of 500 images that is one."""
    pytest.importorskip("onnx")
    path = data_root / "pretrained" / "mnist-8.onnx"
    if not path.is_file():
        pytest.skip("needs pretrained/mnist-8.onnx of the ONNX model zoo under SPIKEWRIGHT_DATA")
    out = tmp_path / "out.safetensors"
    found = convert_file(path, "mnist", out, steps=32, input_scale=255.0, limit=IMAGES, root=data_root)
    assert found.report.samples == IMAGES
    assert found.report.artificial_accuracy > 0.95
    assert found.lost <= LOST
    assert found.report.accuracy_over_time[0] < found.report.accuracy_over_time[-1]


def rectifiers(tmp_path, *, data: str = "digits") -> str:
    """Write a model file of an artificial network for digits whose outputs are in another order than the classes."""
    torch.manual_seed(1)
    digits = sw.data.load("digits")
    net = sw.Network(
        sw.coding.Direct(steps=1),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(64, 40), sw.ReLU()),
        sw.Layer(nn.Linear(40, 10)),
        sw.coding.Membrane(),
        dt=1e-3,
    )
    x, y = torch.from_numpy(digits.train.x), torch.from_numpy(digits.train.y)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), 9 - y).backward()
        optimiser.step()
    notes = {"data": data, "classes": list(digits.classes), "sample": [1, 8, 8], "outputs": list(range(9, -1, -1))}
    sw.exchange.save(net, tmp_path / "ann.safetensors", notes)
    return str(tmp_path / "ann.safetensors")


def test_a_model_file_of_rectifiers(tmp_path):
    """It spikes as an ONNX file would, and what its outputs stand for is kept."""
    out = tmp_path / "out.safetensors"
    found = convert_file(rectifiers(tmp_path), "digits", out, steps=24)
    assert found.report.artificial_accuracy > 0.9
    assert abs(found.lost) < 0.03
    assert sw.compare.evaluate_file(out, "digits").accuracy == found.report.accuracy_over_time[-1]


def test_other_files_are_refused(tmp_path):
    out = tmp_path / "out.safetensors"
    spiking = tmp_path / "converted.safetensors"
    convert_file(rectifiers(tmp_path), "digits", spiking, steps=4, limit=5)
    with pytest.raises(ModelError, match=r"convert: layer 'layer2' has units IF.*only rectifiers can be converted"):
        convert_file(spiking, "digits", out)
    assert not out.exists()
