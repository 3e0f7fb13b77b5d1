"""Placing: worked examples of each limit, and every core within its limits."""

from __future__ import annotations

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.chips import load
from spikewright.network import AllButSelf, Delay, SumPool2d
from spikewright.neurons import CUBA, IF, LIF
from spikewright.placing import Misfits, Placement, demands, draw, misfits, place
from spikewright.placing._convolutions import Convolution
from spikewright.placing._split import LIMITS


def net_of(*layers, encoder=None):
    return sw.Network(encoder or sw.coding.Poisson(steps=8, max_rate=300.0), *layers, sw.coding.SpikeCount(), dt=1e-3)


def placed(net, chip, shape):
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(1))
    return place(net, chip, sw.run(net, x))


def dense(*sizes, neuron):
    layers = [sw.Layer(nn.Linear(a, b), neuron) for a, b in itertools.pairwise(sizes)]
    for layer in layers:
        nn.init.uniform_(layer.connection.weight, 0.1, 1.0)
    return net_of(*layers)


def limits_of(result):
    assert isinstance(result, Misfits)
    return {(misfit.layer, misfit.limit): misfit for misfit in result.misfits}


def test_kernel_memory_of_the_documentation():
    """16 channels into 32 filters of 3 x 3: 9 is rounded up to 16, and 16 * 16 * 32 entries are 8 Ki."""
    layer = Convolution(1, (16, 30, 30), (32, 28, 20), (3, 3), (1, 1), (0, 0), 1)
    assert layer.kernel_memory == 8 * 1024
    assert layer.neuron_memory == 32 * 32 * 32


@pytest.mark.parametrize(("axons", "parts"), [(12, [(0, 6)]), (9, [(0, 3), (3, 6)]), (6, None)])
def test_what_neurons_send_to_their_own_layer_takes_axons(axons, parts):
    """Six neurons reach each other and one more: in one core 12 destinations, in two 9 each, and never 6 or fewer."""
    limits = ("neurons_per_core", "axons_in", "synapses_per_core", "synapse_bits_per_core", "fan_in", "weight_bits")
    chip = replace(load("truenorth"), axons_out=axons, axons_per_source=1, **dict.fromkeys(limits))
    net = dense(2, 6, 1, neuron=IF())
    net.layers["layer1"].recurrent = nn.Linear(6, 6, bias=False)
    result = placed(net, chip, (2,))
    if parts is None:
        assert ("layer1", "axons_out") in limits_of(result)
        return
    assert [(share.start, share.stop) for share in result.shares if share.layer == "layer1"] == parts


def rectifiers(*convolutions):
    layers = [sw.Layer(convolution, sw.ReLU()) for convolution in convolutions]
    return net_of(*layers, encoder=sw.coding.Direct(steps=1))


def test_akida_takes_the_convolutions_of_its_rules():
    """Images of one channel into 3 x 3, and a stride of 2 with 3 x 3 behind it."""
    net = rectifiers(nn.Conv2d(1, 8, 3, stride=3), nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.Conv2d(8, 4, 5))
    assert placed(net, "akida-1", (1, 40, 40)).fits


def test_akida_names_the_convolutions_that_it_has_not():
    net = rectifiers(
        nn.Conv2d(2, 8, (3, 5), stride=4),
        nn.Conv2d(8, 4, 2),
        nn.Conv2d(4, 4, 3, stride=3),
        nn.Conv2d(4, 4, 1, stride=2),
    )
    found = limits_of(placed(net, "akida-1", (2, 60, 260)))
    assert {key: misfit.needed for key, misfit in found.items()} == {
        ("layer1", "input_kernel_sizes"): "3, 5",
        ("layer1", "input_strides"): "4, 4",
        ("layer1", "input_channels"): "2",
        ("layer1", "input_width"): "260",
        ("layer2", "kernel_sizes"): "2, 2",
        ("layer3", "strides"): "3, 3",
        ("layer4", "strided_kernel_sizes"): "1, 1",
    }
    assert found["layer1", "input_channels"].allowed == "1, 3"


@pytest.mark.parametrize(("channels", "limit", "most"), [(1, "input_filters", 96), (3, "input_filters_in_colour", 32)])
def test_akida_bounds_the_filters_of_its_first_layer(channels, limit, most):
    """By the size of the kernel, here of 7, and by the colours."""
    assert placed(rectifiers(nn.Conv2d(channels, most, 7)), "akida-1", (channels, 9, 9)).fits
    found = limits_of(placed(rectifiers(nn.Conv2d(channels, most + 1, 7)), "akida-1", (channels, 9, 9)))
    assert (found["layer1", limit].allowed, found["layer1", limit].needed) == (str(most), str(most + 1))


def test_speck_gives_each_layer_a_core_that_is_large_enough():
    """The first layer needs 64 Ki neurons, which three cores have; the dense one a kernel of the whole image."""
    net = net_of(
        sw.Layer(nn.Conv2d(2, 16, 3, padding=1), IF()),
        sw.Layer(SumPool2d(4)),
        sw.Layer(nn.Conv2d(16, 8, 3, padding=1), IF()),
        sw.Layer(SumPool2d(2)),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(512, 10), IF(v_reset=0.0)),
    )
    result = placed(net, "speck", (2, 64, 64))
    assert isinstance(result, Placement)
    shares = {share.layer: share for share in result.shares}
    cores = load("speck").convolution
    assert cores.neuron_memory[shares["layer1"].core] == 64 * 1024
    assert shares["layer6"].synapse_bits == 8 * 8 * 64 * 16
    assert result.used_cores == 3


def test_speck_lists_all_that_is_in_the_way():
    net = net_of(
        sw.Layer(nn.Conv2d(1, 40, 17, stride=3, padding=8), IF()),
        sw.Layer(SumPool2d(3)),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(40 * 49, 10), LIF(tau_mem=0.01)),
    )
    found = limits_of(placed(net, "speck", (1, 64, 64)))
    assert set(found) == {
        ("layer1", "kernel_size"),
        ("layer1", "padding"),
        ("layer1", "strides"),
        ("layer4", "neurons"),
        ("layer4", "pools"),
    }
    assert found["layer1", "kernel_size"].needed == "17"
    assert found["layer4", "neurons"].change == "Train with IF neurons."
    assert "sinabs" in found["layer4", "neurons"].source


def test_two_layers_that_want_the_same_core():
    """Kernels of 64 Ki fit two cores only."""
    chain = [sw.Layer(nn.Linear(256, 256, bias=False), IF()) for _ in range(3)]
    found = limits_of(placed(net_of(*chain), "speck", (256,)))
    assert [limit for _, limit in found] == ["cores"]


def test_loihi_counts_blocks_of_weights_and_splits_by_memory():
    """1500 weights of a source in one core are 23 blocks of 9 words, and 28 weights in 4; a core has 16,384 words."""
    result = placed(dense(60, 1000, neuron=IF()), "loihi-2", (60,))
    (share,) = result.shares
    blocks = 15 * 64 * -(-(64 * 8 + 10) // 64) + 64 * -(-(40 * 8 + 10) // 64)
    assert (share.synapse_bits, share.synapses, share.axons) == (60 * blocks, 60_000, 60)
    wide = placed(dense(300, 2100, neuron=LIF(tau_mem=0.01, v_reset=0.0)), "loihi-1", (300,))
    assert wide.used_cores >= 5
    assert all(share.synapse_bits <= 2**20 for share in wide.shares)


def test_loihi_stores_a_kernel_once_a_core():
    net = net_of(sw.Layer(nn.Conv2d(1, 4, 3, padding=1), IF()))
    (share,) = placed(net, "loihi-2", (1, 10, 10)).shares
    assert share.synapse_bits == 4 * 9 * 8


@pytest.mark.parametrize("chip", ["loihi-1", "spinnaker-1", "truenorth"])
def test_every_core_stays_within_every_limit(chip):
    """Layers are cut without a gap, and what all shares of a core take together fits it."""
    neuron = IF(v_reset=0.0) if chip == "truenorth" else LIF(tau_mem=0.01, v_reset=0.0)
    net = dense(60, 700, 60, 500, neuron=neuron) if chip != "truenorth" else dense(60, 64, 300, neuron=neuron)
    limits, shape = load(chip), (60,)
    result = placed(net, chip, shape)
    assert isinstance(result, Placement)
    layers = {layer.name: layer for layer in demands(net, shape)}
    for name, layer in layers.items():
        edges = sorted((share.start, share.stop) for share in result.shares if share.layer == name)
        assert edges[0][0] == 0
        assert edges[-1][1] == layer.neurons
        assert all(before[1] == after[0] for before, after in itertools.pairwise(edges))
    for core in {share.core for share in result.shares}:
        inside = [share for share in result.shares if share.core == core]
        assert sum(share.stop - share.start for share in inside) <= limits.neurons_per_core
        assert limits.axons_in is None or sum(share.axons for share in inside) <= limits.axons_in


def test_truenorth_takes_four_axons_a_source_and_one_destination_a_neuron():
    """64 sources fill a core's axons. Each neuron sends to four axons in two cores: 256 outputs serve 32 neurons."""
    result = placed(dense(60, 64, 300, neuron=IF()), "truenorth", (60,))
    first = [share for share in result.shares if share.layer == "layer1"]
    assert [share.stop - share.start for share in first] == [32, 32]
    assert {share.axons for share in result.shares if share.layer == "layer2"} == {256}


def test_xylo_lists_all_limits_with_the_amounts():
    net = dense(20, 100, 12, neuron=LIF(tau_mem=0.01))
    found = limits_of(placed(net, "xylo-audio-2", (20,)))
    assert {key: (misfit.needed, misfit.allowed) for key, misfit in found.items()} == {
        ("input", "inputs"): ("20", "16"),
        ("layer1", "neurons"): ("LIF", "CUBA, PromptCUBA"),
        ("layer2", "neurons"): ("LIF", "CUBA, PromptCUBA"),
        ("layer2", "fan_in"): ("100", "63"),
        ("layer2", "outputs"): ("12", "8"),
    }
    assert str(found["layer2", "fan_in"]) == (
        "layer2: fan_in: needs 100, the chip has 63. Keep 63 synapses of each neuron (63.0% of the largest), "
        "the others at exactly 0."
    )


@pytest.mark.parametrize("chip", ["xylo-audio-2", "speck", "loihi-1"])
def test_a_network_and_a_shape_are_enough_to_know_what_does_not_fit(chip):
    net = dense(20, 100, 12, neuron=LIF(tau_mem=0.01, v_reset=0.0))
    result = placed(net, chip, (20,))
    assert misfits(net, chip, (20,)) == getattr(result, "misfits", ())
    assert bool(misfits(net, load(chip), (20,))) == (chip != "loihi-1")


def test_xylo_holds_a_network_within_its_limits():
    neuron = CUBA(tau_mem=0.016, tau_syn=0.008)
    net = dense(16, 63, 8, neuron=neuron)
    result = placed(net, "xylo-audio-2", (16,))
    assert (result.used_cores, result.neurons, result.synapses) == (1, 71, 16 * 63 + 63 * 8)
    found = limits_of(placed(dense(16, 130, 8, neuron=neuron), "xylo-audio-3", (16,)))
    assert set(found) == {("input", "input_neurons"), ("layer2", "output_sources")}


def test_other_limits_have_their_misfits():
    net = net_of(
        sw.Layer(Delay(20)),
        sw.Layer(nn.Linear(6, 5), IF(v_reset=0.3), recurrent=AllButSelf(-1.0)),
        encoder=sw.coding.Direct(steps=4),
    )
    speck = set(limits_of(placed(net, "speck", (6,))))
    assert {("input", "analog_input"), ("layer2", "resets"), ("layer2", "recurrent"), ("layer2", "delay")} <= speck
    assert ("layer2", "bias") in limits_of(placed(net, "odin", (6,)))
    pooled = net_of(sw.Layer(nn.MaxPool2d(2)), sw.Layer(nn.Flatten()), sw.Layer(nn.Linear(4, 2), IF()))
    (misfit,) = placed(pooled, "speck", (1, 4, 4)).misfits
    assert (misfit.limit, "MaxPool2d" in misfit.needed) == ("connections", True)


def test_fan_out_of_hidden_neurons():
    chip = replace(load("xylo-audio-2"), fan_in=None)
    found = limits_of(placed(dense(16, 4, 80, 3, neuron=CUBA(tau_mem=0.016, tau_syn=0.008)), chip, (16,)))
    assert found["layer1", "fan_out"].needed == "80"


def test_weights_of_zero_are_no_synapses():
    net = dense(100, 4, neuron=IF())
    with torch.no_grad():
        net.layers["layer1"].connection.weight[:, 64:] = 0
    assert isinstance(placed(net, "truenorth", (100,)), Placement)


def test_energy_is_that_of_the_spikes_that_occurred():
    net = dense(12, 7, 3, neuron=LIF(tau_mem=0.01, v_reset=0.0))
    x = torch.rand(5, 12, generator=torch.Generator().manual_seed(2))
    activity = sw.run(net, x, rasters=True)
    result = place(net, "loihi-1", activity)
    sent = {name: float(raster.sum()) / 5 for name, raster in activity.rasters.items()}
    assert result.energy_terms == {
        "synaptic operations": pytest.approx(35.5 * (sent["input"] * 7 + sent["layer1"] * 3)),
        "neuron updates": pytest.approx(72.8 * 10 * 8),
        "spikes": pytest.approx(69.3 * (sent["layer1"] + sent["layer2"])),
    }
    assert result.energy_pj == pytest.approx(sum(result.energy_terms.values()))
    assert place(net, "spinnaker-1", activity).energy_pj is None
    assert place(dense(12, 3, neuron=IF()), "truenorth", activity_of(12)).latency_seconds == pytest.approx(8e-3)


def activity_of(inputs):
    return sw.run(dense(inputs, 3, neuron=IF()), torch.rand(2, inputs))


def test_a_drawing_is_a_picture_with_a_bar_for_each_share():
    chip = load("loihi-1")
    result = placed(dense(300, 2100, neuron=LIF(tau_mem=0.01, v_reset=0.0)), chip, (300,))
    picture = draw(result, chip, rows=3)
    root = ElementTree.fromstring(picture)
    assert len(root.findall(".//{*}title")) == 3
    assert f"{result.used_cores} of 128 cores, 2,100 neurons, {result.used_cores - 3} not drawn" in picture


def test_limits_are_those_of_the_chip():
    assert all(hasattr(load("loihi-1"), limit) for limit in LIMITS)
    assert np.all([load(name).cores > 0 for name in sw.chips.NAMES])
