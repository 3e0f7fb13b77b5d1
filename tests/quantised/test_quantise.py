"""Networks in whole numbers: what weights become, what is refused, and that spikes are those of the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.chips import load
from spikewright.network import AllButSelf, Delay, DelayedLinear, SumPool2d
from spikewright.neurons import ALIF, CUBA, IF, LIF, Integrator
from spikewright.quantised import FixedPointArithmetic, arithmetic_of, neuron_for, populations, quantise

RNG = torch.Generator()


@pytest.fixture(autouse=True)
def _same_numbers():
    """Each test draws the same numbers, whatever ran before it."""
    RNG.manual_seed(3)
    torch.manual_seed(3)


def whole(*shape, largest=7):
    """Return whole numbers, the largest of every row among them, times 1/8."""
    weight = torch.randint(-largest, largest + 1, shape, generator=RNG).float()
    weight.flatten(1)[:, 0] = largest
    return nn.Parameter(weight / 8)


def linear(sources, targets, largest=7):
    connection = nn.Linear(sources, targets, bias=False)
    connection.weight = whole(targets, sources, largest=largest)
    return connection


def net_of(*layers, dt=1e-3, steps=12, encoder=None):
    return sw.Network(encoder or sw.coding.Poisson(steps=steps, max_rate=400.0), *layers, sw.coding.SpikeCount(), dt=dt)


def counts(net, x, engine):
    return sw.run(net, x, engine, rasters=True).rasters


def test_weights_of_few_levels_are_exact_and_so_are_spikes():
    """With whole weights and thresholds, IF neurons need no rounding: the integer network is the network."""
    net = net_of(
        sw.Layer(linear(9, 20), IF(v_threshold=0.875)),
        sw.Layer(linear(20, 6), IF(v_threshold=1.25, v_reset=0.0), recurrent=linear(6, 6)),
    )
    x = torch.rand(5, 9, generator=RNG)
    engines = sw.engines.Reference(), sw.engines.FixedPoint(FixedPointArithmetic(weight_bits=4))
    exact, integer = (counts(net, x, engine) for engine in engines)
    for name in net.layers:
        assert exact[name].sum() > 0
        assert torch.equal(exact[name], integer[name].double())


def test_loihi_holds_seven_bits_exactly():
    net = net_of(sw.Layer(linear(9, 20, largest=127), IF(v_threshold=16.0)))
    x = torch.rand(5, 9, generator=RNG)
    exact, integer = (counts(net, x, engine) for engine in (sw.engines.Reference(), sw.engines.FixedPoint("loihi-2")))
    assert exact["layer1"].sum() > 0
    assert torch.equal(exact["layer1"], integer["layer1"].double())
    assert quantise(net, (9,), "loihi-2").layers[0].error == 0


@pytest.mark.parametrize("chip", ["truenorth", "speck"])
def test_chips_give_the_spikes_of_networks_that_they_hold_exactly(chip):
    """Weights of four bits and small charges: no neuron of Speck fires twice in a step."""
    shift = 7 if chip == "truenorth" else 127
    net = net_of(sw.Layer(linear(9, 20, largest=shift), IF(v_threshold=shift * 3 / 8)))
    x = torch.rand(5, 9, generator=RNG) * 0.5
    exact, integer = (counts(net, x, engine) for engine in (sw.engines.Reference(), sw.engines.FixedPoint(chip)))
    assert exact["layer1"].sum() > 0
    assert torch.equal(exact["layer1"], integer["layer1"].double().clamp(max=1))


def test_every_way_through_a_network_is_joined():
    """Pools, delays and sums before neurons become synapses; a population of each layer with neurons is left."""
    net = net_of(
        sw.Layer(nn.Conv2d(1, 2, 3, padding=1), LIF(tau_mem=0.01), name="conv"),
        sw.Layer(SumPool2d(2), name="pool"),
        sw.Layer(nn.Flatten(), name="flat"),
        sw.Layer(Delay(2), name="late", inputs=("flat",)),
        sw.Layer(
            nn.Linear(8, 5), LIF(tau_mem=0.01), recurrent=AllButSelf(-0.5), name="hidden", inputs=("flat", "late")
        ),
        sw.Layer(DelayedLinear(torch.rand(3, 5), torch.tensor([[0, 1, 2, 0, 1]] * 3)), IF(), name="out"),
    )
    conv, hidden, out = populations(net, (1, 4, 4))
    assert [(term.source, term.delay) for term in hidden.path.terms] == [("conv", 0), ("conv", 2)]
    assert [(term.source, term.delay) for term in out.path.terms] == [("hidden", 0), ("hidden", 1), ("hidden", 2)]
    assert (conv.path.shape, hidden.recurrent.matrix.shape) == ((2, 4, 4), (5, 5))
    x = torch.rand(4, 1, 4, 4, generator=RNG)
    fine = FixedPointArithmetic(weight_bits=16, fraction=12)
    exact, integer = (counts(net, x, engine) for engine in (sw.engines.Reference(), sw.engines.FixedPoint(fine)))
    for name in net.layers:
        assert exact[name].shape == integer[name].shape
        assert (exact[name] != integer[name]).double().mean() < 0.01


def test_analog_input_and_an_integrator_stay_close():
    net = net_of(
        sw.Layer(nn.Linear(9, 20), LIF(tau_mem=0.01)),
        sw.Layer(nn.Linear(20, 4), Integrator(tau_mem=0.05)),
        encoder=sw.coding.Direct(steps=10),
    )
    x = torch.rand(6, 9, generator=RNG)
    fine = FixedPointArithmetic(weight_bits=16, fraction=10)
    exact, integer = (counts(net, x, engine) for engine in (sw.engines.Reference(), sw.engines.FixedPoint(fine)))
    assert torch.allclose(exact["layer2"], integer["layer2"].double(), atol=0.02)


@pytest.mark.parametrize("chip", ["loihi-1", "xylo-audio-2"])
def test_current_based_neurons_come_close_a_step_earlier(chip):
    """The chips' potentials follow their currents one step earlier than CUBA; with few bits rates agree within 5 %."""
    reset = 0.0 if chip == "loihi-1" else None
    neuron = CUBA(tau_mem=16e-3, tau_syn=8e-3, v_reset=reset)
    hidden = nn.Linear(12, 30, bias=False)
    nn.init.uniform_(hidden.weight, -0.2, 0.6, generator=RNG)
    net = net_of(sw.Layer(hidden, neuron), sw.Layer(nn.Identity(), neuron), steps=200)
    net.layers["layer2"].connection = nn.Linear(30, 4)
    nn.init.constant_(net.layers["layer2"].connection.weight, 0.1)
    x = torch.rand(8, 12, generator=RNG)
    exact, integer = (counts(net, x, engine) for engine in (sw.engines.Reference(), sw.engines.FixedPoint(chip)))
    assert exact["layer1"].sum() > 2000
    assert abs(integer["layer1"].sum() / exact["layer1"].sum() - 1) < 0.05


@pytest.mark.parametrize(("chip", "most"), [("loihi-1", 0.02), ("xylo-audio-2", 0.8)])
def test_prompt_current_based_neurons_fire_in_the_same_steps(chip, most):
    """With decays that the chip has, weights on its grid and no bias, rounding alone is left.

    Of potentials of 24 bits it moves one spike in a hundred. In Xylo, whose sums of 8-bit weights have few bits and
    whose shifts round down, it moves a good half by a step or so; of CUBA's spikes nearly all come late.
    """
    neuron = neuron_for(replace(load(chip), neurons=("PromptCUBA",)), LIF(tau_mem=8e-3), 1e-3)
    net = net_of(sw.Layer(linear(12, 30, largest=127), replace(neuron, v_threshold=20.0)), steps=200)
    x = torch.rand(8, 12, generator=RNG) * 0.4
    exact, integer = (
        counts(net, x, engine)["layer1"].double() for engine in (sw.engines.Reference(), sw.engines.FixedPoint(chip))
    )
    assert quantise(net, (12,), chip).layers[0].error < 1e-12
    assert exact.sum() > 2000
    assert (exact != integer).sum() < most * exact.sum()
    assert abs(integer.sum() / exact.sum() - 1) < 0.05


def test_scales_per_channel_and_per_tensor():
    net = net_of(sw.Layer(nn.Conv2d(1, 3, 2, bias=False), IF()))
    weight = net.layers["layer1"].connection.weight
    with torch.no_grad():
        weight.copy_(torch.tensor([1.0, 0.1, 0.0]).reshape(3, 1, 1, 1) * torch.tensor([[[[0.5, 1.0], [-1.0, 0.25]]]]))
    each, one = (
        quantise(net, (1, 3, 3), FixedPointArithmetic(weight_bits=4, per_channel=per_channel)).layers[0]
        for per_channel in (True, False)
    )
    assert np.allclose(each.step.reshape(3, 4)[:2, 0], [1 / 7, 0.1 / 7])
    assert each.synapses[0].weights.max() == 7
    assert np.allclose(one.step, 1 / 7)
    assert set(one.synapses[0].weights.tolist()) == {4, 7, -7, 2, 1, -1}
    assert one.error > each.error > 0


def test_a_threshold_that_does_not_fit_makes_weights_coarser():
    net = net_of(sw.Layer(linear(3, 2), IF(v_threshold=1e4)))
    layer = quantise(net, (3,), "speck").layers[0]
    assert layer.neuron.threshold.tolist() == [32767, 32767]


@pytest.mark.parametrize(
    ("layer", "chip", "message"),
    [
        (lambda: sw.Layer(nn.Linear(4, 3), LIF(tau_mem=0.01)), "speck", "Speck: layer 'layer1' is of LIF .* has IF"),
        (lambda: sw.Layer(nn.Linear(4, 3), LIF(tau_mem=0.01)), "truenorth", "TrueNorth: layer 'layer1' is of LIF"),
        (lambda: sw.Layer(nn.Linear(4, 3), IF()), "xylo-imu", "Xylo: layer 'layer1' is of IF neurons; .* has CUBA"),
        (lambda: sw.Layer(nn.Linear(4, 3), ALIF(tau_mem=0.01, tau_adapt=0.1)), "loihi-1", "Loihi: .* is of ALIF"),
        (lambda: sw.Layer(nn.Linear(4, 3), IF()), "loihi-1", "Loihi: .* subtracts its threshold at a spike"),
        (lambda: sw.Layer(nn.Linear(4, 3), IF(v_reset=0.2)), "loihi-1", "Loihi: .* resets to a value"),
        (
            lambda: sw.Layer(nn.Linear(4, 3), IF(v_reset=0.0, v_start=0.5)),
            "loihi-1",
            "rests or starts at another value",
        ),
        (lambda: sw.Layer(nn.Linear(4, 3), IF(v_reset=0.2)), "speck", "Speck: .* resets to a value"),
        (lambda: sw.Layer(nn.Linear(4, 3), IF(v_start=1e9)), "speck", "Speck: .* needs a first potential of"),
        (
            lambda: sw.Layer(nn.Linear(4, 3), CUBA(tau_mem=0.01, tau_syn=0.01, v_reset=0.0)),
            "xylo-imu",
            "Xylo: .* must subtract its threshold",
        ),
        (lambda: sw.Layer(nn.Linear(4, 3)), "speck", "layer 'layer1': the last layer must have neurons"),
        (lambda: sw.Layer(nn.BatchNorm1d(4), IF()), "speck", "BatchNorm1d: has no synapses"),
        (lambda: sw.Layer(nn.Linear(4, 3), IF()), "odin", "ODIN: its arithmetic is not modelled bit for bit"),
    ],
)
def test_what_cannot_be_expressed_is_refused(layer, chip, message):
    net = net_of(layer())
    with pytest.raises(ValueError, match=message):
        quantise(net, (4,), chip)


def test_analog_values_are_refused_by_chips():
    net = net_of(sw.Layer(nn.Linear(4, 3), IF()), encoder=sw.coding.Direct(steps=3))
    with pytest.raises(ValueError, match="Speck: layer 'layer1' receives analog values"):
        quantise(net, (4,), "speck")


def test_only_the_last_layer_integrates():
    net = net_of(sw.Layer(nn.Linear(4, 3), Integrator()), sw.Layer(nn.Linear(3, 2), IF()))
    with pytest.raises(ValueError, match="only the last layer can integrate; 'layer1' is not the last"):
        quantise(net, (4,), FixedPointArithmetic())


def test_graded_values_are_no_spikes():
    net = net_of(sw.Layer(nn.Linear(4, 3), IF()))
    with pytest.raises(ValueError, match="FixedPoint: takes spikes, or counts of them; got graded values"):
        sw.engines.FixedPoint().propagate(net, torch.full((2, 1, 4), 0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight_bits": 1}, r"weight_bits: must lie in \[2, 16\]"),
        ({"fraction": 20}, r"fraction: must lie in \[0, 16\]"),
    ],
)
def test_bits_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        FixedPointArithmetic(**arguments)


def test_arithmetic_of_takes_chips_names_and_arithmetics():
    assert arithmetic_of("loihi-2").subtract
    assert arithmetic_of(sw.chips.load("speck")) == arithmetic_of("speck")
    with pytest.raises(ValueError, match="takes a chip, its name or an arithmetic; got int"):
        arithmetic_of(3)
