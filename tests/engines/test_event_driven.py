"""The event-driven engine: whole chains compiled, rounded weights, early decisions, and what it says of itself."""

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.engines import Batch, EventDriven, Reference
from spikewright.network import AllButSelf, Delay, Dropout, Layer, Network, SumPool2d

DT = 1e-3
MODELS = {
    "IF": neurons.IF(v_threshold=0.7, v_start=0.2),
    "IF reset": neurons.IF(v_reset=-0.1),
    "LIF": neurons.LIF(tau_mem=0.02, v_leak=0.1),
    "LIF reset": neurons.LIF(tau_mem=0.01, v_threshold=0.5, v_reset=0.05),
    "CurrentIF": neurons.CurrentIF(tau_syn=0.01),
    "CurrentIF again": neurons.CurrentIF(tau_syn=0.005, v_threshold=0.6, once=False, v_reset=0.0),
}


def dense(neuron, *, readout=None, encoder=None):
    """Return a network of three layers whose neurons fire now and then."""
    torch.manual_seed(2)
    layers = [Layer(nn.Flatten())]
    # A charge is slow to move the potential of neurons with a current, so they need more.
    low, high = (-4, 9) if isinstance(neuron, neurons.CurrentIF) else (-10, 12)
    for inputs, outputs in ((36, 70), (70, 20), (20, 5)):
        connection = nn.Linear(inputs, outputs, bias=outputs == 20)
        nn.init.uniform_(connection.weight, low / inputs, high / inputs)
        layers.append(Layer(connection, neuron))
    encoder = encoder or coding.LevelLatency(steps=25, latest=0.015, levels=6)
    return Network(encoder, *layers, readout or coding.FirstSpike(), dt=DT).eval()


def convolutional(neuron):
    """Return a network of convolutions and pools, in groups between the neurons as converted networks have them."""
    torch.manual_seed(4)
    values = torch.rand(6, 4, 4) / 2 + 0.5
    layers = [
        Layer(nn.Conv2d(1, 4, 3, padding=1)),
        Layer(nn.AvgPool2d(2), neuron),
        Layer(SumPool2d(1)),
        Layer(nn.Conv2d(4, 6, 3, bias=False), neurons.LIF(tau_mem=0.02, v_threshold=values)),
        Layer(Dropout(0.5)),
        Layer(nn.AvgPool2d(2)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(24, 10), neuron),
    ]
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.mul_(2.0).add_(0.02)
    return Network(coding.Poisson(steps=15, max_rate=300.0), *layers, coding.SpikeCount(), dt=DT).eval()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("build", [dense, convolutional])
def test_compiled_chains_agree_with_the_reference(name, build):
    """In float64 every spike of every layer is that of the other engines; counts of spikes are among the inputs."""
    net = build(MODELS[name]).double()
    shape = (1, 6, 6) if build is dense else (1, 12, 12)
    raster = torch.poisson(torch.full((15, 4, *shape), 0.3, dtype=torch.float64))
    assert "compiled with the whole chain" in EventDriven().explain(net)[0]
    expected, outputs = Reference().propagate(net, raster), EventDriven().propagate(net, raster)
    assert list(outputs) == list(expected)
    for layer, output in outputs.items():
        if layer == "input" or net.layers[layer].neuron is not None:
            assert torch.equal(output, expected[layer]), layer
        else:
            torch.testing.assert_close(output, expected[layer], rtol=1e-12, atol=1e-12)
    last = expected[net.last]
    assert 0 < last.mean() < 1


@pytest.mark.parametrize("build", [dense, convolutional])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_dtype_and_shapes(build, dtype):
    net = build(MODELS["LIF"]).to(dtype)
    raster = torch.bernoulli(torch.full((8, 2, 1, 12 if build is convolutional else 6, 12), 0.3)).to(dtype)
    raster = raster[..., :6] if build is dense else raster
    expected = Batch().propagate(net, raster)
    outputs = EventDriven().propagate(net, raster)
    assert [(o.shape, o.dtype) for o in outputs.values()] == [(o.shape, o.dtype) for o in expected.values()]


def whole_numbers(connection, bits):
    """Round the weights of a dense connection, written a second time: shape (target, source), and scales."""
    levels = 2 ** (bits - 1) - 1
    weight = connection.weight.detach().numpy().astype(np.float64)
    scale = np.abs(weight).max(1, keepdims=True) / levels
    return np.rint(weight / scale).astype(int), scale[:, 0]


@pytest.mark.parametrize("bits", [2, 5, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", MODELS)
def test_rounded_weights_are_a_plain_integer_network(bits, dtype, name):
    """Sums of integers in NumPy, then the neuron's own step, give the same spikes exactly."""
    net = dense(MODELS[name]).to(dtype)
    raster = torch.poisson(torch.full((12, 3, 1, 6, 6), 0.3)).to(dtype)
    outputs = EventDriven(weight_bits=bits).propagate(net, raster)
    sent = raster.flatten(2)
    total = 0
    for layer_name, layer, _ in list(net.sources())[1:]:
        whole, scale = whole_numbers(layer.connection, bits)
        sums = torch.from_numpy(sent.numpy().astype(int) @ whole.T).to(dtype)
        bias = 0 if layer.connection.bias is None else layer.connection.bias.detach()
        charges = bias + torch.from_numpy(scale).to(dtype) * sums
        state, fired = layer.neuron.start(charges[0]), []
        for charge in charges:
            spikes, state = layer.neuron.step(charge, state, dt=DT)
            fired.append(spikes)
        sent = torch.stack(fired)
        assert torch.equal(outputs[layer_name], sent), layer_name
        total += int(sent.sum())
    assert total


@pytest.mark.parametrize("bits", [None, 8])
@pytest.mark.parametrize("readout", [coding.FirstSpike(), coding.SpikeCount()])
@pytest.mark.parametrize(
    "encoder",
    [
        coding.LevelLatency(steps=25, latest=0.015, levels=6),
        coding.LevelLatency(steps=25, latest=0.015, before=(coding.Rescale(0.1, 0.9),)),
        coding.Latency(steps=60, minimum=0.05),
        coding.Latency(steps=25, tau=0.01),
    ],
)
def test_decide_is_the_decision_of_a_run(bits, readout, encoder):
    """Whatever stops early decides as the whole run does; the first sample may evoke no spike."""
    net = dense(MODELS["CurrentIF"], readout=readout, encoder=encoder)
    samples = np.random.default_rng(0).random((40, 1, 6, 6)).astype(np.float32) ** 0.3
    samples[0] = 0
    prepared = EventDriven(weight_bits=bits).prepare(net, (1, 6, 6))
    activity = sw.run(net, samples, engine=prepared)
    assert [prepared.decide(sample) for sample in samples] == activity.decisions[-1].tolist()
    assert (activity.layers["layer4"].per_sample > 0).any()


def test_a_prepared_network_keeps_its_weights():
    net = dense(MODELS["LIF"])
    raster = torch.bernoulli(torch.full((10, 2, 1, 6, 6), 0.3))
    prepared = EventDriven().prepare(net, (1, 6, 6))
    before = prepared.propagate(net, raster)["layer2"]
    with torch.no_grad():
        net.layers["layer2"].connection.weight.zero_()
    assert torch.equal(prepared.propagate(net, raster)["layer2"], before)
    assert not torch.equal(EventDriven().propagate(net, raster)["layer2"], before)


def test_a_prepared_network_is_for_itself():
    prepared = EventDriven().prepare(dense(MODELS["LIF"]), (1, 6, 6))
    with pytest.raises(ModelError, match=r"runs the network that was prepared.*got another network"):
        prepared.propagate(dense(MODELS["LIF"]), torch.zeros(3, 1, 1, 6, 6))
    with pytest.raises(ModelError, match=r"on samples of \(1, 6, 6\); got samples of \(36,\)"):
        prepared.propagate(prepared.net, torch.zeros(3, 1, 36))
    with pytest.raises(ModelError, match=r"Prepared.decide: takes samples of \(1, 6, 6\); got \(5,\)"):
        prepared.decide(np.zeros(5))


def test_graded_values():
    """The general path multiplies; what is prepared for spikes refuses."""
    net = dense(MODELS["LIF"]).double()
    raster = torch.rand(5, 1, 1, 6, 6, dtype=torch.float64)
    assert torch.equal(EventDriven().propagate(net, raster)["layer4"], Reference().propagate(net, raster)["layer4"])
    with pytest.raises(ModelError, match="takes spikes, or counts of them; got graded values"):
        EventDriven(weight_bits=8).propagate(net, raster)


LINEAR = nn.Linear(4, 4)


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([Layer(LINEAR, neurons.LIF(0.02), recurrent=LINEAR)], "it feeds its spikes back"),
        ([Layer(LINEAR, neurons.LIF(0.02)), Layer(LINEAR, neurons.LIF(0.02), inputs=("input",))], "is not the layer"),
        ([Layer(Delay(1), neurons.LIF(0.02))], "Delay is no sum over synapses"),
        ([Layer(LINEAR, neurons.ALIF(0.02, 0.1))], "ALIF has no event-driven kernel"),
        ([Layer(LINEAR)], "the last layer has no neurons"),
        ([Layer(LINEAR, neurons.ReLU())], "ReLU has no event-driven kernel"),
        ([Layer(AllButSelf(0.5), neurons.LIF(0.02))], "so spikes are counted first"),
    ],
)
def test_what_is_not_compiled_as_a_whole(layers, reason):
    """It is named, and refused where it is asked for."""
    net = Network(coding.Poisson(steps=3, max_rate=100.0), *layers, coding.SpikeCount(), dt=DT)
    lines = EventDriven().explain(net)
    assert len(lines) == len(layers)
    assert "layer by layer, because" in lines[-1]
    assert reason in lines[-1]
    with pytest.raises(ModelError, match=r"EventDriven.prepare: cannot compile the network as a whole, because of"):
        EventDriven().prepare(net, (4,))


def test_analog_input_is_named():
    net = Network(coding.Direct(steps=3), Layer(LINEAR, neurons.LIF(0.02)), coding.SpikeCount(), dt=DT)
    (line,) = EventDriven().explain(net)
    assert line.startswith("layer1: computed as the network does, LIF.step in every step; layer by layer, because it")
    assert line.endswith("receives analog values")


def test_large_convolutions_run_layer_by_layer():
    net = Network(
        coding.Poisson(steps=3, max_rate=100.0),
        Layer(nn.Conv2d(64, 64, 3), neurons.IF()),
        coding.SpikeCount(),
        dt=DT,
    )
    with pytest.raises(ModelError, match="more than 67108864 synapses would be written out"):
        EventDriven().prepare(net, (64, 64, 64))


@pytest.mark.parametrize(
    ("bits", "error", "message"),
    [(1, ValueError, "lie in .2, 8.; got 1"), (9, ValueError, "lie in .2, 8."), (3.5, TypeError, "be a whole number")],
)
def test_bits_are_checked(bits, error, message):
    with pytest.raises(error, match=f"EventDriven.weight_bits: must {message}"):
        EventDriven(weight_bits=bits)
