"""Networks made for a chip: what becomes of code, neurons, biases and synapses, and what is refused at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.checks import ModelError
from spikewright.chips import load
from spikewright.fitting import NormOnGrid, for_chip, seeded, stack
from spikewright.network import AllButSelf, SumPool2d, deploy
from spikewright.neurons import IF, Integrator, PromptCUBA
from spikewright.placing import demands, misfits

LIKE = sw.LIF(tau_mem=5e-3)


def float_net(architecture, shape, classes, **options):
    layers = stack(architecture, shape, classes, hidden=LIKE, output=Integrator(), feedback=True, **options)
    return net_of(*layers)


def net_of(*layers):
    return sw.Network(sw.coding.Direct(steps=4), *layers, sw.coding.SpikeCount(), dt=1e-3)


def made(architecture, shape, chip, classes=8, seed=0, **options):
    with seeded(seed):
        return for_chip(float_net(architecture, shape, classes, **options), chip, shape, LIKE)


def test_without_a_chip_nothing_changes():
    net = float_net("5", (4,), 2)
    assert for_chip(net, None, (4,), LIKE) is net


def test_xylo_gets_its_neurons_spikes_and_limits():
    """At most 63 synapses onto a neuron, and 64 of a hidden one to hidden ones: 60 neurons reach 100 with 38 each."""
    net = made("100-60-100", (16,), "xylo-audio-2", seed=3)
    assert net.encoder == sw.coding.Regular(steps=4)
    neurons = [layer.neuron for _, layer, _ in net.sources()]
    assert all(isinstance(neuron, PromptCUBA) and neuron.v_reset is None for neuron in neurons)
    layers = demands(deploy(net), (16,))
    assert [int(layer.fan_in.max()) for layer in layers] == [16, 63, 38, 63]
    assert max(int(counts.max()) for layer in layers[1:3] for counts in layer.fan_out.values()) <= 64


def test_a_layer_with_few_synapses_starts_with_the_variance_of_one_with_all():
    net = made("400", (16,), replace(load("xylo-audio-2"), fan_in=64, synapses_per_core=None))
    weight = net.layers["layer2"].connection.parametrizations.weight
    kept = weight.original.detach()[weight[0].mask]
    assert kept.abs().max() == pytest.approx(1 / 64**0.5, rel=0.05)
    assert len(kept) == 8 * 64


def test_biases_are_left_out_where_a_chip_has_none():
    assert made("20", (16,), "odin").layers["layer1"].connection.bias is None
    assert made("20", (16,), "speck").layers["layer1"].connection.bias is not None


def test_axons_of_truenorth_limit_the_fan_out():
    """100 neurons reach 200 of which each may stand in a core of its own: 64 cores of four axons are 256 outputs."""
    net = deploy(made("100-200", (64,), "truenorth", classes=4))
    second = demands(net, (64,))[1]
    assert int(second.fan_in.max()) == 32
    assert int(second.fan_out["layer1"].max()) <= 64
    assert not misfits(net, "truenorth", (64,))


def test_sums_of_a_pool_and_a_convolution_fit_speck():
    layers = (
        sw.Layer(nn.Conv2d(1, 4, 3, padding=1), LIKE),
        sw.Layer(SumPool2d(2)),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(64, 3), Integrator()),
    )
    net = deploy(for_chip(net_of(*layers), "speck", (1, 8, 8), LIKE))
    assert isinstance(net.layers["layer4"].neuron, IF)
    assert all(layer.error < 1e-6 for layer in sw.quantised.quantise(net, (1, 8, 8), "speck").layers)


def test_speck_gives_the_spikes_of_sums_where_no_neuron_fires_twice_in_a_step():
    """Behind the pool four spikes of a step are four charges; floats and whole numbers may differ at ties alone."""
    with seeded(3):
        net = float_net("4C3-P2-9", (1, 8, 8), 3, sums=True)
        for _, layer, _ in net.sources():
            if layer.connection is not None and layer.neuron is not None:
                layer.connection.weight.data.abs_().mul_(0.2)
        net = sw.Network(sw.coding.Direct(steps=40), *net.layers.values(), net.readout, dt=1e-3)
        net = deploy(for_chip(net, "speck", (1, 8, 8), LIKE))
        x = torch.rand(6, 1, 8, 8)
    floats, whole = (sw.run(net, x, engine, rasters=True).rasters for engine in (None, sw.engines.FixedPoint("speck")))
    assert floats["layer2"].max() > 1
    for name in ("layer1", "layer4", "layer5"):
        assert whole[name].max() == 1
        assert floats[name].sum() > 30
        assert (floats[name] != whole[name]).sum() < 0.01 * floats[name].sum()


@pytest.mark.parametrize("chip", ["speck", "truenorth", "spinnaker-1"])
def test_normalisation_is_folded(chip):
    """Where numbers of a chip are known it is folded in training, and else when all is over."""
    net = made("4C3-P2-9", (1, 8, 8), chip, sums=True, batch_norm=True)
    kinds = [type(layer.connection) for _, layer, _ in net.sources()]
    assert kinds.count(NormOnGrid) == (0 if chip == "spinnaker-1" else 2)
    net(torch.rand(7, 1, 8, 8)).sum().backward()
    plain = deploy(net.eval())
    assert [type(layer.connection) for _, layer, _ in plain.sources()].count(nn.BatchNorm2d) == 0
    assert not misfits(plain, chip, (1, 8, 8))
    x = torch.rand(7, 1, 8, 8)
    assert chip == "spinnaker-1" or torch.equal(net(x), plain(x))


def test_dropout_is_no_part_of_what_must_fit():
    """Speck has a core for each layer of weights, and none for what only training has."""
    net = made("4C3-P2-9", (1, 8, 8), "speck", sums=True, dropout=0.5)
    assert not misfits(deploy(net), "speck", (1, 8, 8))


@pytest.mark.parametrize("chip", ["loihi-1", "truenorth", "xylo-audio-2", "xylo-imu"])
def test_recurrent_weights_are_numbers_of_the_chip(chip):
    """With weights of other sizes inside and outside, so that either sets the step of some neurons."""
    with seeded(2):
        net = float_net("30R-20R", (16,), 8)
        for name, size in (("layer1", 3.0), ("layer2", 0.3)):
            net.layers[name].recurrent.weight.data *= size
        net = deploy(for_chip(net, chip, (16,), LIKE))
    assert not misfits(net, chip, (16,))
    whole = sw.quantised.quantise(net, (16,), chip)
    assert all(layer.error < 1e-6 for layer in whole.layers)
    for layer in whole.layers[:2]:
        assert [synapses.source for synapses in layer.synapses][-1] == layer.name
        assert all(np.count_nonzero(synapses.weights) for synapses in layer.synapses)


def test_recurrent_convolutions_are_numbers_of_the_chip():
    feedback = nn.Conv2d(3, 3, 3, padding=1, bias=False)
    layers = sw.Layer(nn.Conv2d(1, 3, 3), LIKE, recurrent=feedback), sw.Layer(nn.Flatten())
    net = for_chip(net_of(*layers, sw.Layer(nn.Linear(48, 2), LIKE)), "loihi-2", (1, 6, 6), LIKE)
    whole = sw.quantised.quantise(deploy(net), (1, 6, 6), "loihi-2")
    assert all(layer.error < 1e-6 for layer in whole.layers)


def test_gradients_reach_recurrent_weights_as_if_nothing_were_rounded():
    """The gradient of what is trained is that of the rounded weights, but for those that are no synapses."""
    with seeded(1):
        net, x = float_net("60R", (16,), 8), torch.rand(5, 16)
        net.layers["layer1"].connection.weight.data *= 8  # so that neurons fire within four steps
        net = for_chip(net, "xylo-audio-2", (16,), LIKE)
    plain = deploy(net)
    for each in (net, plain):
        each(x).sub(1).square().sum().backward()
    for name in ("connection", "recurrent"):
        ours = getattr(net.layers["layer1"], name).parametrizations.weight
        theirs = getattr(plain.layers["layer1"], name).weight.grad
        assert theirs.abs().sum() > 0
        torch.testing.assert_close(ours.original.grad, theirs * ours[0].mask)


def test_codes_of_spikes_stay():
    net = float_net("5", (4,), 2)
    net = sw.Network(sw.coding.Latency(steps=4), *(each for _, each, _ in net.sources()), net.readout, dt=1e-3)
    assert for_chip(net, "loihi-1", (4,), LIKE).encoder == sw.coding.Latency(steps=4)


def test_no_numbers_are_known_of_spinnaker():
    connection = made("5", (4,), "spinnaker-1").layers["layer1"].connection
    assert type(connection) is nn.Linear


@pytest.mark.parametrize(
    ("architecture", "shape", "chip", "classes", "options", "message"),
    [
        (
            "800",
            (784,),
            "xylo-audio-2",
            10,
            {},
            r"Xylo Audio 2 .*: this network does not fit\. input: inputs: needs 784,.* layer2: outputs: needs 10",
        ),
        ("200", (16,), "xylo-audio-3", 8, {}, "input_neurons: needs 200, the chip has 128.*output_sources: needs 200"),
        ("2000", (16,), "xylo-audio-2", 8, {}, "network: cores: needs 2, the chip has 1"),
        ("20R", (16,), "speck", 8, {}, "layer1: recurrent: needs a recurrent connection, the chip has none. Leave the"),
        ("20", (16,), "akida-1", 8, {}, "layer1: neurons: needs LIF, the chip has ReLU.*layer2: neurons: needs LIF"),
        (
            "20",
            (16,),
            "odin",
            8,
            {"batch_norm": True},
            "layer2: connections: needs BatchNorm1d, which becomes one, the chip has no bias. Use no batch norm",
        ),
        (
            "20R",
            (16,),
            "loihi-1",
            8,
            {"batch_norm": True},
            "layer2: connections: needs Linear.*recurrent connections of the kind.*Use one of these, without batch",
        ),
        (
            "4C3-A2-8",
            (1, 8, 8),
            "loihi-1",
            8,
            {},
            "layer1: connections: needs Conv2d without neurons, .* behind every weighted connection. Put neurons",
        ),
        ("4C3-P3-8", (1, 8, 8), "speck", 8, {"sums": True}, r"layer4: pools: needs 3, the chip has \(1, 2, 4\)"),
        ("4C3-P2-8", (1, 8, 8), "loihi-1", 8, {}, "network: connections: needs MaxPool2d: has no synapses"),
    ],
)
def test_all_that_does_not_fit_is_told_at_once(architecture, shape, chip, classes, options, message):
    with pytest.raises(ModelError, match=message):
        made(architecture, shape, chip, classes, **options)


def test_connections_that_cannot_be_kept_on_a_grid_are_refused():
    for recurrent in (nn.Linear(4, 4), AllButSelf(-1.0)):
        net = net_of(sw.Layer(nn.Linear(4, 4), LIKE, recurrent=recurrent))
        with pytest.raises(
            ModelError, match=r"layer1: connections: needs \w+\(.*\), the chip has recurrent conn.*a bias"
        ):
            for_chip(net, "loihi-1", (4,), LIKE)
    late = sw.network.DelayedLinear(torch.ones(2, 4), torch.ones(2, 4, dtype=torch.int64))
    with pytest.raises(ModelError, match="layer1: connections: needs DelayedLinear, the chip has Linear or Conv2d"):
        for_chip(net_of(sw.Layer(late, LIKE)), "loihi-1", (4,), LIKE)
