"""Every public neuron, surrogate, code, readout and connection comes out of a file as it went in, bit for bit."""

from __future__ import annotations

import dataclasses
import inspect
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spikewright import coding, network, neurons
from spikewright.checks import ModelError
from spikewright.engines import run
from spikewright.exchange import decode, encode, load, load_notes, save
from spikewright.network import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    FixedFanOut,
    Layer,
    MaxCountPool2d,
    Network,
    Scale,
    SumPool2d,
)
from spikewright.spikes import Events

IN, OUT = 6, 4


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5), dtype=dtype)


NEURONS = {
    "ALIF": neurons.ALIF(tau_mem=0.018, tau_adapt=0.02 + random(OUT), scale=2.5),
    "CUBA": neurons.CUBA(tau_mem=0.02, tau_syn=nn.Parameter(0.005 + random(OUT) / 100)),
    "ConductanceLIF": neurons.ConductanceLIF(tau_mem=0.1, theta=random(OUT, dtype=torch.float64)),
    "CurrentIF": neurons.CurrentIF(tau_syn=0.013),
    "EscapeSRM": neurons.EscapeSRM(tau_mem=0.02, seed=7, surrogate=neurons.StraightThrough()),
    "HodgkinHuxley": neurons.HodgkinHuxley(),
    "IF": neurons.IF(v_threshold=0.7),
    "Integrator": neurons.Integrator(tau_mem=nn.Parameter(0.01 + random(OUT), requires_grad=False)),
    "Izhikevich": neurons.Izhikevich(),
    "LIF": neurons.LIF(tau_mem=0.1 + 0.2, v_reset=-0.25, surrogate=neurons.Triangle(width=0.5, height=1 / 3)),
    "PromptCUBA": neurons.PromptCUBA(tau_mem=0.02, tau_syn=0.01, gain=random(OUT)),
    "ReLU": neurons.ReLU(),
}
SURROGATES = {
    "ArcTan": neurons.ArcTan(slope=1.5),
    "Boxcar": neurons.Boxcar(width=0.3),
    "FastSigmoid": neurons.FastSigmoid(slope=25.0),
    "Gaussian": neurons.Gaussian(width=0.1),
    "Sigmoid": neurons.Sigmoid(slope=3.0),
    "StraightThrough": neurons.StraightThrough(),
    "Triangle": neurons.Triangle(width=2.0, height=0.4),
}
TRANSFORMS = {
    "Brighten": coding.Brighten(least=math.pi),
    "DifferenceOfGaussians": coding.DifferenceOfGaussians(sigma_centre=0.9, size=5),
    "Rescale": coding.Rescale(low=-1.0, high=2.0),
    "Standardise": coding.Standardise(mean=random(1, 2, 3), std=0.1 + random(1, 2, 3)),
}
ENCODERS = {
    "Delta": coding.Delta(steps=4, threshold=0.1, hold=2),
    "Direct": coding.Direct(steps=4, before=(coding.Rescale(low=random(1, 2, 3) - 1, high=random(1, 2, 3)),)),
    "EventFrames": coding.EventFrames(steps=4),
    "EventImage": coding.EventImage(steps=4, scale=3.0),
    "Latency": coding.Latency(steps=4),
    "LevelLatency": coding.LevelLatency(steps=4, latest=3e-3, levels=3),
    "Phase": coding.Phase(steps=8),
    "Poisson": coding.Poisson(steps=4, max_rate=math.pi * 100),
    "Population": coding.Population(steps=4, fields=5),
    "RankOrder": coding.RankOrder(steps=4),
    "Regular": coding.Regular(steps=4),
    "RecordingFrames": coding.RecordingFrames(steps=4, clip=False),
    "Sweep": coding.Sweep(steps=8, encoder=coding.Latency(steps=4, before=(coding.Rescale(0.0, 0.7),))),
}
READOUTS = {
    "ClassVote": coding.ClassVote(labels=torch.tensor([1, 0, -1, 1]), classes=2),
    "FirstSpike": coding.FirstSpike(),
    "LinearReadout": coding.LinearReadout(weight=random(3, OUT, dtype=torch.float64), bias=random(3)),
    "Membrane": coding.Membrane(),
    "MembraneMaximum": coding.MembraneMaximum(),
    "PopulationVote": coding.PopulationVote(classes=2),
    "WindowedReadout": coding.WindowedReadout(weight=random(3, 2, OUT), bias=random(3), width=3),
    "SpikeCount": coding.SpikeCount(),
}
CONNECTIONS = {
    "AllButSelf": AllButSelf(-0.1),
    "AvgPool2d": nn.AvgPool2d(2, stride=1, divisor_override=3),
    "BatchNorm1d": nn.BatchNorm1d(5, affine=False),
    "BatchNorm2d": nn.BatchNorm2d(3, eps=1e-3, momentum=None),
    "Conv1d": nn.Conv1d(3, 6, 3, stride=2, padding=1, groups=3),
    "Conv2d": nn.Conv2d(3, 6, (3, 2), stride=2, padding=1, groups=3, padding_mode="reflect"),
    "Conv2d without bias": nn.Conv2d(3, 2, 3, padding="same", bias=False),
    "Delay": Delay(torch.tensor([[[0, 1, 2, 3, 0]]])),
    "DelayedLinear": DelayedLinear(random(2, 5), torch.tensor([[0, 1, 2, 0, 1], [1, 1, 0, 0, 3]])),
    "Dropout": Dropout(0.25),
    "FixedFanOut": FixedFanOut(
        torch.tensor([[0, 2], [1, 3]] * 2 + [[0, 3]], dtype=torch.int32), random(5, 2), 0.3, out_features=4
    ),
    "FixedFanOut of int8": FixedFanOut.random(5, 4, 2, largest=100, scale=0.01, generator=torch.Generator()),
    "Flatten": nn.Flatten(-2),
    "Identity": nn.Identity(),
    "Linear": nn.Linear(5, 2),
    "Linear without bias": nn.Linear(5, 2, bias=False),
    "MaxCountPool2d": MaxCountPool2d((3, 2), 2, 1),
    "MaxPool2d": nn.MaxPool2d(3, padding=1, ceil_mode=True),
    "Scale": Scale(random(3, 2)),
    "SumPool2d": SumPool2d(2),
}


def public(room: object, kind: type) -> set[str]:
    """Return the names of the public classes of a kind that can be made."""
    found = {name: getattr(room, name) for name in room.__all__}
    return {n for n, c in found.items() if isinstance(c, type) and issubclass(c, kind) and not inspect.isabstract(c)}


@pytest.mark.parametrize(
    ("room", "kind", "cases"),
    [
        (neurons, neurons.NeuronModel, NEURONS),
        (neurons, neurons.Surrogate, SURROGATES),
        (coding, coding.Transform, TRANSFORMS),
        (coding, coding.Encoder, ENCODERS),
        (coding, coding.Readout, READOUTS),
    ],
)
def test_every_public_class_is_here(room, kind, cases):
    """A class that is added without a line in these tables fails here."""
    assert public(room, kind) == set(cases)


def test_every_public_connection_is_here():
    """The same for connections, but for the network itself and its layers."""
    modules = public(network, nn.Module) - {"Network", "Layer", "Temporal"}
    assert modules <= set(CONNECTIONS)


@pytest.fixture(params=[torch.float32, torch.float64], ids=str)
def dtype(request):
    return request.param


def there_and_back(net: Network, path) -> Network:
    save(net, path)
    return load(path)


def assert_same(a: Network, b: Network) -> None:
    """Both have the same tensors, bit for bit and of the same type, and the same trained parameters."""
    before, after = a.state_dict(), b.state_dict()
    assert list(before) == list(after)
    for name in before:
        assert before[name].dtype == after[name].dtype, name
        assert torch.equal(before[name], after[name]), name
    trained = [(name, p.requires_grad) for name, p in a.named_parameters()]
    assert trained == [(name, p.requires_grad) for name, p in b.named_parameters()]
    assert (a.dt, a.like.dtype) == (b.dt, b.like.dtype)
    assert repr(a.encoder) == repr(b.encoder)
    assert repr(a.readout) == repr(b.readout)


def assert_same_activity(a: Network, b: Network, samples: object) -> None:
    first, second = run(a, samples, rasters=True), run(b, samples, rasters=True)
    assert first.rasters.keys() == second.rasters.keys()
    assert all(torch.equal(first.rasters[name], second.rasters[name]) for name in first.rasters)
    assert torch.equal(first.scores, second.scores)


@pytest.mark.parametrize("name", NEURONS)
def test_neurons(name, dtype, tmp_path):
    """A network of each model runs as before."""
    torch.manual_seed(1)
    first = nn.Linear(IN, OUT)
    first.weight.requires_grad_(False)
    lateral = nn.Linear(OUT, OUT, bias=False)
    layer = Layer(first, NEURONS[name], recurrent=lateral, name="hidden")
    net = Network(coding.Direct(steps=9), layer, coding.SpikeCount(), dt=1e-3).to(dtype)
    back = there_and_back(net, tmp_path / "net.safetensors")
    assert_same(net, back)
    assert_same_activity(net, back, random(3, IN))


@pytest.mark.parametrize("name", SURROGATES)
def test_surrogates(name, tmp_path):
    """The gradient is the same."""
    net = Network(
        coding.Direct(steps=5),
        Layer(nn.Linear(IN, OUT), neurons.IF(surrogate=SURROGATES[name])),
        coding.SpikeCount(),
        dt=1e-3,
    )
    back = there_and_back(net, tmp_path / "net.safetensors")
    for each in (net, back):
        each(random(3, IN)).square().sum().backward()
    assert torch.equal(net.layers["layer1"].connection.weight.grad, back.layers["layer1"].connection.weight.grad)


@pytest.mark.parametrize("name", [*ENCODERS, *TRANSFORMS])
def test_encoders_and_transforms(name, dtype, tmp_path):
    """The raster is the same; tensors within a transform come along."""
    encoder = ENCODERS.get(name) or coding.Latency(steps=4, before=(TRANSFORMS[name], coding.Rescale(0.0, 1.0)))
    net = Network(encoder, Layer(nn.Flatten(), neurons.IF()), coding.SpikeCount(), dt=1e-3).to(dtype)
    back = there_and_back(net, tmp_path / "net.safetensors")
    assert_same(net, back)
    rng = np.random.default_rng(0)
    recordings = [Events(np.sort(rng.uniform(0, 4e-3, 20)), rng.integers(0, 6, 20), (1, 2, 3), 4e-3) for _ in range(3)]
    assert_same_activity(net, back, recordings if name.startswith(("Event", "Recording")) else random(3, 1, 2, 3))


@pytest.mark.parametrize("name", READOUTS)
def test_readouts(name, dtype, tmp_path):
    """The scores are the same."""
    net = Network(coding.Direct(steps=6), Layer(nn.Linear(IN, OUT), neurons.IF()), READOUTS[name], dt=1e-3).to(dtype)
    back = there_and_back(net, tmp_path / "net.safetensors")
    assert_same(net, back)
    assert_same_activity(net, back, random(3, IN))


@pytest.mark.parametrize("name", CONNECTIONS)
def test_connections(name, dtype, tmp_path):
    """Shapes, strides, biases and delays are the same."""
    net = Network(coding.Direct(steps=3), Layer(CONNECTIONS[name]), coding.SpikeCount(), dt=1e-3).to(dtype)
    back = there_and_back(net, tmp_path / "net.safetensors")
    assert_same(net, back)
    assert repr(net) == repr(back)
    shapes = {"Linear": (5,), "DelayedLinear": (5,), "BatchNorm1d": (5,), "Conv1d": (3, 5), "Scale": (3, 2)}
    shape = (2, *shapes.get(name.split()[0], (3, 5, 5)))
    assert_same_activity(net, back, random(*shape))


def test_graph_and_names(tmp_path):
    """Branches keep their names and sources."""
    net = Network(
        coding.Direct(steps=4),
        Layer(nn.Linear(IN, IN), neurons.LIF(tau_mem=0.02), name="a"),
        Layer(name="skip", inputs=("input", "a")),
        Layer(nn.Linear(IN, 2), neurons.IF()),
        coding.FirstSpike(),
        dt=2e-3,
    )
    back = there_and_back(net, tmp_path / "net.safetensors")
    assert [(name, inputs) for name, _, inputs in back.sources()] == [(n, i) for n, _, i in net.sources()]
    assert_same_activity(net, back, random(3, IN))
    assert not back.training


@pytest.mark.parametrize("value", [None, True, 3, -0.0, 1e-300, math.inf, -math.inf, "é\n", (1, (2.5, "a"), ())])
def test_values(value):
    """Plain values keep their kind, their sign and every bit."""
    back = decode(encode(value, "x", {}), {}, "x")
    assert (type(back), repr(back)) == (type(value), repr(value))


def test_not_a_number():
    """NaN, which JSON does not have, stays NaN."""
    assert math.isnan(decode(encode(math.nan, "x", {}), {}, "x"))


def test_notes(tmp_path):
    """What is noted with a network is read without it."""
    net = Network(coding.Direct(steps=1), Layer(nn.Linear(2, 2)), coding.SpikeCount(), dt=1e-3)
    notes = {"data": "digits", "classes": ["a", "ß"], "outputs": [0, 1]}
    save(net, tmp_path / "new folder" / "net.safetensors", notes)
    assert load_notes(tmp_path / "new folder" / "net.safetensors") == notes
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["net.safetensors"]


@dataclasses.dataclass(frozen=True)
class Private(neurons.LIF):
    """A neuron that no reader could know."""


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Layer(nn.Linear(2, 2), Private(tau_mem=0.1)), r"layers.layer1.neuron: a Private cannot be written"),
        (Layer(nn.Sequential(nn.Linear(2, 2))), r"layers.layer1.connection: a Sequential cannot be written.*Linear"),
    ],
)
def test_what_cannot_be_written(layer, message, tmp_path):
    """A class of somebody else is refused, and no file is left."""
    net = Network(coding.Direct(steps=1), layer, coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ModelError, match=message):
        save(net, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())
