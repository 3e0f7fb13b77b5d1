"""Streams: the same spikes as the reference, in pieces as at once, and at a cost that does not see silent neurons."""

import numpy as np
import pytest
import torch
from torch import nn

from spikewright import kernels, neurons
from spikewright.checks import ModelError
from spikewright.coding import Direct, SpikeCount
from spikewright.engines import Batch, EventDriven, Reference, SpikeList
from spikewright.network import FixedFanOut, Layer, Network

DT = 1e-3
INPUTS, SIZE = 50, 200
MODELS = {
    "subtract": neurons.LIF(tau_mem=0.02, v_threshold=0.90371, v_leak=0.0113),
    "low threshold": neurons.LIF(tau_mem=0.02, v_threshold=0.11317, v_leak=-0.0113),
    "reset": neurons.LIF(tau_mem=0.01, v_threshold=0.70371, v_leak=0.1, v_reset=-0.2),
    "reset above": neurons.LIF(tau_mem=0.02, v_threshold=0.90371, v_reset=0.95),
}


def drawn(sources, *, largest=60, scale=0.0041, seed=0):
    """Return a connection to the layer."""
    generator = torch.Generator().manual_seed(seed)
    return FixedFanOut.random(sources, SIZE, 20, largest=largest, scale=scale, generator=generator)


def network(model=MODELS["subtract"], *, own=False, feedback=True):
    """Return one layer; ``own`` inputs each have a neuron of their own."""
    connection = None if own else drawn(INPUTS, largest=100, scale=0.0107, seed=1)
    layer = Layer(connection, model, recurrent=drawn(SIZE) if feedback else None)
    return Network(Direct(steps=60), layer, SpikeCount(), dt=DT)


def raster_for(net, steps=60):
    """Draw counts of spikes; some are 2."""
    size = SIZE if net.layers["layer1"].connection is None else INPUTS
    generator = torch.Generator().manual_seed(7)
    return torch.poisson(torch.full((steps, 3, size), 0.05, dtype=net.like.dtype), generator=generator)


def listed(raster):
    """Return the spikes of the first sample."""
    counts = raster[:, 0].numpy().astype(int)
    steps, inputs = np.nonzero(counts)
    return SpikeList(np.repeat(inputs, counts[steps, inputs]), np.append(0, np.cumsum(counts.sum(1))))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("own", "feedback"), [(False, True), (True, True), (False, False)])
def test_spikes_are_those_of_the_reference(name, own, feedback):
    """In float64 every one: no sum of these weights comes within rounding of a threshold."""
    net = network(MODELS[name], own=own, feedback=feedback).double()
    raster = raster_for(net)
    expected = Reference().propagate(net, raster)["layer1"]
    if feedback:
        assert "as a stream" in EventDriven().explain(net)[0]
    outputs = EventDriven().propagate(net, raster)
    assert torch.equal(outputs["layer1"], expected)
    assert torch.equal(outputs["input"], raster)
    fired, _ = (stream := EventDriven().stream(net)).run(listed(raster), stream.start())
    steps = np.repeat(np.arange(60), np.diff(fired.offsets))
    assert np.array_equal(np.stack([steps, fired.addresses]), np.nonzero(expected[:, 0].numpy()))
    assert 100 < len(fired.addresses) < 60 * SIZE


def test_silence_of_any_length_decays_as_the_reference():
    """A neuron is left at 0.9 for so many steps; what is left and a charge then reach the threshold, or just do not."""
    model = neurons.LIF(tau_mem=2.0, v_threshold=1.0)
    connection = FixedFanOut(torch.tensor([[0]], dtype=torch.int32), torch.tensor([[0.9]]), out_features=1).double()
    net = Network(Direct(steps=1), Layer(connection, model), SpikeCount(), dt=DT).double()
    stream = EventDriven().stream(net)
    for silent in (1, 4095, 4096, 10_000):
        offsets = np.append(np.append(0, np.ones(silent + 1)), 2)
        _, state = stream.run(SpikeList(np.zeros(2, np.int32), offsets), stream.start())
        weight = connection.weight.item()
        left = weight * np.exp(-DT / 2.0 * (silent + 1)) + weight
        # The table's powers and their product round a few times.
        assert state.neurons["u"][0] == pytest.approx(left - (left >= 1), abs=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pieces_are_one_run(dtype):
    """A state goes on where it was; a run of no steps changes nothing."""
    net = network().to(dtype)
    stream, spikes = EventDriven().stream(net), listed(raster_for(net))
    whole, after = stream.run(spikes, stream.start())
    state, found = stream.start(), []
    for begin, end in ((0, 0), (0, 13), (13, 13), (13, 14), (14, 60)):
        first, last = spikes.offsets[[begin, end]]
        piece = SpikeList(spikes.addresses[first:last], spikes.offsets[begin : end + 1] - first)
        fired, state = stream.run(piece, state)
        found.append(fired.addresses)
    assert np.array_equal(np.concatenate(found), whole.addresses)
    assert state.steps == after.steps == 60
    assert np.array_equal(state.neurons, after.neurons)


def test_float32_is_that_of_the_batch_engine():
    """Small whole weights: with a decay of exactly a half all sums and powers are exact."""
    model = neurons.LIF(tau_mem=DT / np.log(2.0), v_threshold=0.75)
    layer = Layer(None, model, recurrent=drawn(SIZE, largest=64, scale=2.0**-8))
    net = Network(Direct(steps=12), layer, SpikeCount(), dt=DT)
    raster = raster_for(net, steps=12)
    expected = Batch().propagate(net, raster)["layer1"]
    assert torch.equal(EventDriven().propagate(net, raster)["layer1"], expected)
    assert expected.sum() > 100


def test_only_what_receives_a_spike_is_touched():
    """All other neurons keep the step of their last spike."""
    net = network()
    stream = EventDriven().stream(net)
    _, state = stream.run(SpikeList(np.array([3]), np.array([0, 0, 1])), stream.start())
    reached = net.layers["layer1"].connection.targets[3].numpy()
    assert np.flatnonzero(state.neurons["last"] >= 0).tolist() == reached.tolist()
    assert set(state.neurons["last"][reached]) == {1}
    assert np.array_equal(kernels.resting(SIZE, np.dtype(np.float32)), stream.start().neurons)


def test_graded_values_are_not_streamed():
    """They multiply, as in the other engines."""
    net = network().double()
    raster = raster_for(net) * 0.3
    assert torch.equal(EventDriven().propagate(net, raster)["layer1"], Reference().propagate(net, raster)["layer1"])


@pytest.mark.parametrize(
    "model",
    [neurons.IF(v_threshold=0.90371), neurons.ALIF(tau_mem=0.02, tau_adapt=0.05, v_threshold=0.7), MODELS["reset"]],
)
def test_longer_networks_run_layer_by_layer(model):
    """Any neurons, sparse connections that feed back, and a second layer."""
    first = network(model).layers["layer1"]
    net = Network(Direct(steps=60), first, Layer(nn.Linear(SIZE, 5), model), SpikeCount(), dt=DT).double()
    raster = raster_for(net)
    expected = Reference().propagate(net, raster)
    assert not any("stream" in line for line in EventDriven().explain(net))
    for engine in (Batch(), EventDriven()):
        outputs = engine.propagate(net, raster)
        assert all(torch.equal(outputs[name], output) for name, output in expected.items())
    assert expected["layer1"].sum() > 300


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([Layer(drawn(SIZE), MODELS["reset"]), Layer(drawn(SIZE), MODELS["reset"])], "more than one layer"),
        ([Layer(nn.Linear(5, SIZE), MODELS["reset"])], "must be FixedFanOut; got Linear"),
        ([Layer(None, MODELS["reset"])], "it needs a FixedFanOut"),
        ([Layer(drawn(5), neurons.IF())], "must be LIF with one number for all"),
        ([Layer(drawn(5), neurons.LIF(tau_mem=torch.full((SIZE,), 0.02)))], "must be LIF with one number for all"),
        ([Layer(drawn(5), neurons.LIF(tau_mem=0.02, v_leak=1.0))], "rest below their threshold"),
        ([Layer(drawn(5), MODELS["reset"], recurrent=drawn(5))], f"from {SIZE} neurons to as many"),
    ],
)
def test_what_is_no_stream_says_why(layers, words):
    net = Network(Direct(steps=1), *layers, SpikeCount(), dt=DT)
    with pytest.raises(ModelError, match=words):
        EventDriven().stream(net)


def test_refuses_other_spikes_and_rounding():
    stream = EventDriven().stream(network())
    with pytest.raises(ModelError, match=r"addresses must lie in \[0, 49\]; got 3 to 50"):
        stream.run(SpikeList(np.array([3, 50]), np.array([0, 2])), stream.start())
    for offsets in ([0, 1], [1, 2], [], [0, 3, 2]):
        with pytest.raises(ModelError, match="offsets must rise from 0 to the number of spikes, 2"):
            stream.run(SpikeList(np.array([3, 4]), np.array(offsets, np.int64)), stream.start())
    with pytest.raises(ModelError, match="FixedFanOut are rounded when they are made"):
        EventDriven(weight_bits=8).stream(network())


def test_loaded_targets_are_checked():
    """The kernel writes where they say."""
    net = network()
    with torch.no_grad():
        net.layers["layer1"].recurrent.targets[5, -1] = SIZE
    with pytest.raises(ModelError, match="each row must rise within"):
        EventDriven().stream(net)
