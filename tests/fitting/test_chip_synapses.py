"""Synapses that a chip has room for: through all connections of a neuron together, and to all that it feeds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.chips import load
from spikewright.fitting import limit_synapses, seeded
from spikewright.network import SumPool2d, deploy
from spikewright.neurons import IF
from spikewright.placing import demands

CHIP = replace(load("xylo-imu"), fan_in=24, fan_out=None)


def limited(chip, *layers):
    with seeded(0):
        net = sw.Network(sw.coding.Regular(steps=2), *layers, sw.coding.SpikeCount(), dt=1e-3)
        limit_synapses(net, chip)
    return net


def recurrent(sources, units, **options):
    return sw.Layer(nn.Linear(sources, units), IF(), recurrent=nn.Linear(units, units, bias=False), **options)


def most(counts):
    return int(counts.max())


def test_neurons_count_what_they_send_to_themselves():
    """Of 16 and 32 synapses a neuron keeps half each, 24 in all."""
    net = limited(CHIP, recurrent(16, 32), sw.Layer(nn.Linear(32, 4), IF()))
    first, second = demands(deploy(net), (16,))
    assert first.fan_in.tolist() == [24] * 32
    assert first.fan_out["input"].sum() == 8 * 32
    assert first.fan_out["layer1"].tolist() == [16] * 32
    assert second.fan_in.tolist() == [24] * 4


@pytest.mark.parametrize("fan_out", [10, 11])
def test_fan_out_is_shared_between_a_layer_itself_and_the_next(fan_out):
    """Five for each; the outputs of the chip do not count."""
    chip = replace(CHIP, fan_in=None, fan_out=fan_out)
    net = limited(chip, recurrent(16, 20), sw.Layer(nn.Linear(20, 15), IF()), sw.Layer(nn.Linear(15, 12), IF()))
    first, second, third = demands(deploy(net), (16,))
    assert most(first.fan_out["layer1"]) == most(second.fan_out["layer1"]) == 5
    assert most(third.fan_out["layer2"]) == 12
    assert most(first.fan_out["input"]) == 20


def test_fan_out_is_shared_between_branches():
    chip = replace(CHIP, fan_in=None, fan_out=12)
    net = limited(
        chip,
        sw.Layer(nn.Linear(16, 20), IF(), name="both"),
        sw.Layer(nn.Linear(20, 15), IF(), name="left", inputs=("both",)),
        sw.Layer(nn.Linear(20, 15), IF(), name="right", inputs=("both",)),
        sw.Layer(nn.Linear(15, 4), IF(), inputs=("left", "right")),
    )
    _, left, right, _ = demands(deploy(net), (16,))
    assert most(left.fan_out["both"] + right.fan_out["both"]) == 12


def test_axons_are_shared_too():
    """40 and 50 synapses are more than 80, so targets may stand apart: each half of 64 axons reaches 8, of 4 axons."""
    chip = replace(load("truenorth"), fan_in=80, axons_out=64)
    net = limited(chip, recurrent(40, 50), sw.Layer(nn.Linear(50, 4), IF()))
    first, second = demands(deploy(net), (40,))
    assert most(first.fan_out["layer1"]) == 64 // 4 // 2
    # All 50 sources of the second layer fit, so its neurons can share a core.
    assert second.fan_in.tolist() == [50] * 4


def test_behind_a_pool_a_weight_is_four_synapses():
    """Of 18 weights of a kernel, each on the sum of four neurons, six are the 24 synapses that there may be."""
    net = limited(
        CHIP,
        sw.Layer(nn.Conv2d(1, 2, 1), IF()),
        sw.Layer(SumPool2d(2)),
        sw.Layer(nn.Conv2d(2, 5, 3), IF()),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(20, 3), IF()),
    )
    first, second, third = demands(deploy(net), (1, 8, 8))
    assert (most(first.fan_in), most(second.fan_in), most(third.fan_in)) == (1, 24, 20)
    assert net.layers["layer3"].connection.weight.count_nonzero() == 5 * 6


def test_a_connection_that_fits_stays_as_it_is():
    layer = recurrent(10, 8)
    before = layer.connection.weight.clone(), layer.recurrent.weight.clone()
    limited(CHIP, layer)
    assert type(layer.connection) is type(layer.recurrent) is nn.Linear
    assert torch.equal(layer.connection.weight, before[0])
    assert torch.equal(layer.recurrent.weight, before[1])
