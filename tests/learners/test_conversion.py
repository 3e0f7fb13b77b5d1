"""Conversion of graphs: rates stand for activations through sums, pools and shortcuts, and the report says how well."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, SpikeCount
from spikewright.engines import run
from spikewright.learners import convert, report_conversion
from spikewright.network import Layer, MaxCountPool2d, Network
from spikewright.neurons import IF, LIF, ReLU

STEPS = 600


def artificial(*layers: Layer) -> Network:
    """Return a network of one step."""
    return Network(Direct(steps=1), *layers, SpikeCount(), dt=1e-3).eval()


def residual() -> Network:
    """Return a network with a shortcut, a sum before and behind units, and both kinds of pools."""
    torch.manual_seed(3)
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    return artificial(
        Layer(nn.Conv2d(1, 4, 3, padding=1), ReLU(), name="stem"),
        Layer(nn.Conv2d(4, 4, 3, padding=1, bias=False), name="inner"),
        Layer(norm, name="norm"),
        Layer(None, ReLU(), inputs=("norm", "stem"), name="sum"),
        Layer(nn.MaxPool2d(2), name="pool"),
        Layer(nn.Conv2d(4, 3, 3), ReLU(), name="late"),
        Layer(nn.AvgPool2d(2), ReLU(), name="average"),
        Layer(nn.Flatten(), name="flat"),
        Layer(nn.Linear(3, 4), name="last"),
    )


def test_rates_stand_for_activations():
    """Errors of counts are O(1 / T) per layer; what shares a sum or a pool shares a scale."""
    net = residual()
    x = torch.rand(20, 1, 8, 8)
    conversion = convert(net, x, code=Direct(steps=STEPS), percentile=100.0)
    scales = conversion.scales
    assert scales["stem"] == scales["norm"] == scales["sum"] == scales["pool"] != scales["late"]
    assert scales["late"] == scales["average"] == scales["flat"]
    assert scales["last"] == scales["input"] == 1.0
    assert isinstance(conversion.network.layers["pool"].connection, MaxCountPool2d)
    report = report_conversion(conversion, x, np.zeros(20, dtype=np.int64), batch_size=7)
    assert [layer.name for layer in report.layers] == ["stem", "sum", "late", "average"]
    assert all(layer.clipped == 0 and 0 < layer.error < 0.02 for layer in report.layers)
    scores = run(conversion.network, x).scores[-1] / STEPS
    with torch.no_grad():
        torch.testing.assert_close(scores, net(x), atol=0.03, rtol=0.0)


def test_the_report_by_hand():
    """One neuron with activations 0.5, 1 and 4, scaled by 1: rates 0.5, 1 and 1, so the last is clipped."""
    linear = nn.Linear(1, 1, bias=False)
    nn.init.ones_(linear.weight)
    out = nn.Linear(1, 2)
    with torch.no_grad():
        out.weight.copy_(torch.tensor([[1.0], [0.0]]))
        out.bias.copy_(torch.tensor([0.0, 0.9]))
    net = artificial(Layer(linear, ReLU(), name="a"), Layer(out, name="b"))
    conversion = convert(net, torch.tensor([[1.0]]), code=Direct(steps=4))
    assert conversion.scales == {"input": 1.0, "a": 1.0, "b": 1.0}
    x = torch.tensor([[0.5], [1.0], [4.0]])
    report = report_conversion(conversion, x, np.array([1, 0, 0]))
    (layer,) = report.layers
    assert layer.error == pytest.approx((3.0**2 / (0.25 + 1 + 16)) ** 0.5)
    assert layer.clipped == pytest.approx(1 / 3)
    assert layer.rate == pytest.approx((2 + 4 + 4) / 12)
    assert report.artificial_accuracy == 1.0
    # With half a threshold at the start the first sample fires in steps 1 and 3: sums 1 1 2 2 against 0.9 1.8 2.7 3.6.
    assert report.accuracy_over_time == pytest.approx([2 / 3, 1, 1, 1])
    assert report.samples == 3


def test_what_cannot_be_converted_is_named():
    loop = artificial(Layer(nn.Linear(2, 2), ReLU(), recurrent=nn.Linear(2, 2), name="loop"))
    with pytest.raises(ModelError, match=r"convert: layer 'loop' feeds back"):
        convert(loop, torch.rand(2, 2), code=Direct(steps=3))
    spiking = artificial(Layer(nn.Linear(2, 2), LIF(tau_mem=0.02), name="fires"))
    with pytest.raises(ModelError, match=r"convert: layer 'fires' has units LIF.*only rectifiers can be converted"):
        convert(spiking, torch.rand(2, 2), code=Direct(steps=3))


def test_labels_are_as_many_as_samples():
    conversion = convert(artificial(Layer(nn.Linear(2, 2))), torch.rand(2, 2), code=Direct(steps=3))
    with pytest.raises(ValueError, match=r"takes as many samples as labels; got 2 and 3"):
        report_conversion(conversion, torch.rand(2, 2), np.zeros(3, dtype=np.int64))
    with pytest.raises(ValueError, match=r"report_conversion.batch_size: must be >= 1; got 0"):
        report_conversion(conversion, torch.rand(2, 2), np.zeros(2, dtype=np.int64), batch_size=0)


def test_units_become_neurons_of_the_asked_start():
    conversion = convert(residual(), torch.rand(3, 1, 8, 8), code=Direct(steps=3), v_start=0.25)
    assert conversion.network.layers["sum"].neuron == IF(v_start=0.25)
