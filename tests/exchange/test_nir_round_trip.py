"""A network written as NIR and read again gives the same spikes, bit for bit."""

from __future__ import annotations

import nir
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.engines import Reference, run
from spikewright.exchange import export_nir, open_model, open_network
from spikewright.network import AllButSelf, Delay, DelayedLinear, Dropout, Layer, Network, Scale, SumPool2d

DT = 0.7e-3
few = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def spread(shape, low, high, dtype):
    """Draw one value a neuron."""
    return low + (high - low) * torch.rand(shape, dtype=dtype)


# Populations with numbers and with a value a neuron, for each model that NIR has.
POPULATIONS = {
    "LIF": lambda s, d: neurons.LIF(tau_mem=0.0171, v_threshold=0.7, v_leak=0.05),
    "LIF to a value": lambda s, d: neurons.LIF(tau_mem=spread(s, 0.01, 0.03, d), v_reset=-0.13),
    "LIF resets": lambda s, d: neurons.LIF(
        0.02, spread(s, 0.4, 0.9, d), spread(s, -0.1, 0.1, d), spread(s, -0.2, 0, d)
    ),
    "IF": lambda s, d: neurons.IF(v_threshold=0.9, v_start=0.45),
    "IF to a value": lambda s, d: neurons.IF(spread(s, 0.4, 0.9, d), v_reset=0.1, v_start=spread(s, 0, 0.3, d)),
    "CUBA": lambda s, d: neurons.CUBA(tau_mem=0.013, tau_syn=spread(s, 0.004, 0.02, d), v_threshold=0.1, v_leak=0.02),
    "PromptCUBA": lambda s, d: neurons.PromptCUBA(0.011, 0.007, gain=0.31, v_threshold=0.7),
    "PromptCUBA gains": lambda s, d: neurons.PromptCUBA(
        spread(s, 0.01, 0.02, d), 0.007, gain=spread(s, 0.1, 0.4, d), v_reset=-0.05
    ),
}
# For each connection: the shape of a sample before it, and how to make it.
CONNECTIONS = {
    "none": ((6,), lambda: None),
    "identity": ((6,), nn.Identity),
    "linear": ((6,), lambda: nn.Linear(6, 5)),
    "linear without bias": ((6,), lambda: nn.Linear(6, 5, bias=False)),
    "scale": ((2, 3), lambda: Scale(torch.randn(2, 3))),
    "row": ((4, 9), lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2)),
    "row same": ((2, 7), lambda: nn.Conv1d(2, 3, 4, padding="same", dilation=2, bias=False)),
    "conv": ((2, 6, 5), lambda: nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 2), groups=2)),
    "conv same": ((2, 4, 5), lambda: nn.Conv2d(2, 3, 3, padding="same", dilation=(2, 1), bias=False)),
    "sum": ((2, 5, 6), lambda: SumPool2d(2)),
    "sum of windows": ((2, 5, 6), lambda: nn.AvgPool2d((2, 3), 1, (1, 0), divisor_override=1)),
    "average": ((2, 5, 6), lambda: nn.AvgPool2d(2)),
    "average padded": ((2, 5, 6), lambda: nn.AvgPool2d(3, (2, 1), 1)),
    "flatten": ((2, 3, 2), nn.Flatten),
    "flatten some": ((2, 3, 2), lambda: nn.Flatten(2)),
    "delay": ((2, 3), lambda: Delay(3)),
    "delay a neuron": ((6,), lambda: Delay(torch.tensor([0, 1, 3, 3, 12, 2]))),
}
LOOPS = {
    "none": lambda size: None,
    "linear": lambda size: nn.Linear(size, size),
    "itself": lambda size: nn.Identity(),
}


def there_and_back(net, path, sample):
    export_nir(net, path, sample=sample)
    return open_network(path)


def assert_same_spikes(net, back, x):
    """Every layer that is left fires as before, in the batch engine and in the reference."""
    before, after = run(net, x, rasters=True), run(back, x, rasters=True)
    assert torch.equal(before.scores, after.scores)
    shared = [name for name, layer, _ in net.sources() if layer.neuron is not None]
    assert set(shared) <= set(after.rasters)
    for name in shared:
        assert torch.equal(before.rasters[name], after.rasters[name]), name
    exact, again = Reference().propagate(net, net.encode(x)), Reference().propagate(back, back.encode(x))
    for name in shared:
        assert torch.equal(exact[name], again[name]), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("population", POPULATIONS)
def test_populations(population, loop, dtype, tmp_path):
    """Numbers stay numbers, tensors stay tensors of their dtype; so no decay is rounded in another way."""
    torch.manual_seed(1)
    neuron = POPULATIONS[population]((5,), dtype)
    net = Network(
        coding.Direct(steps=20),
        Layer(nn.Linear(6, 5), neuron, recurrent=LOOPS[loop](5), name="a"),
        coding.SpikeCount(),
        dt=DT,
    ).to(dtype)
    back = there_and_back(net, tmp_path / "net.nir", None)
    assert repr(back.layers["a"].neuron) == repr(net.layers["a"].neuron)
    x = 3 * torch.rand(4, 6, dtype=dtype)
    assert run(net, x).layers["a"].per_sample.sum() > 0
    assert_same_spikes(net, back, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CONNECTIONS)
def test_connections(name, dtype, tmp_path):
    torch.manual_seed(2)
    sample, make = CONNECTIONS[name]
    net = Network(
        coding.Direct(steps=14), Layer(make(), neurons.IF(v_threshold=0.3), name="a"), coding.SpikeCount(), dt=DT
    ).to(dtype)
    assert_same_spikes(net, there_and_back(net, tmp_path / "net.nir", sample), torch.rand(3, *sample, dtype=dtype))


@given(st.data())
@few
def test_random_networks(tmp_path, data):
    """Chains with branches, sums of branches, loops and delays, whatever is drawn."""
    draw = data.draw
    torch.manual_seed(draw(st.integers(0, 10**6)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    layers, known = [], ["input"]
    for number in range(draw(st.integers(1, 5))):
        sources = tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)))
        connection = draw(st.sampled_from([None, "linear", "scale", "delay"]))
        population = draw(st.sampled_from([None, *POPULATIONS]))
        modules = {
            "linear": nn.Linear(6, 6),
            "scale": Scale(1 + torch.rand(6)),
            "delay": Delay(draw(st.integers(0, 3))),
        }
        loop = draw(st.sampled_from(list(LOOPS))) if population else "none"
        layers.append(
            Layer(
                modules.get(connection),
                None if population is None else POPULATIONS[population]((6,), dtype),
                recurrent=LOOPS[loop](6),
                name=f"l{number}",
                inputs=sources,
            )
        )
        # What hands its input on has no node of its own, and two edges between the same nodes would be one.
        if connection or population:
            known.append(f"l{number}")
    net = Network(coding.Poisson(steps=12, max_rate=800.0), *layers, coding.Membrane(), dt=DT).to(dtype)
    back = there_and_back(net, tmp_path / "net.nir", (6,))
    raster = net.encode(torch.rand(3, 6, dtype=dtype), generator=torch.Generator().manual_seed(3))
    before, after = net.propagate(raster), back.propagate(raster)
    for name, layer, _ in net.sources():
        if layer.neuron is not None:
            assert torch.equal(before[name], after[name]), name
    torch.testing.assert_close(after[back.last], before[net.last], rtol=0.0, atol=0.0)
    assert torch.equal(back.score(raster), net.score(raster))


def test_what_nir_does_not_say_is_in_the_metadata(tmp_path):
    net = Network(
        coding.Direct(
            steps=3, before=(coding.Standardise(mean=torch.tensor([0.1, 0.2]), std=torch.tensor([1.0, 2.0])),)
        ),
        Layer(nn.Linear(2, 2), neurons.LIF(tau_mem=0.02)),
        coding.ClassVote(labels=torch.tensor([1, 0]), classes=2),
        dt=2e-3,
    )
    path = tmp_path / "deep" / "net.nir"
    export_nir(net, path, notes={"data": "mine"})
    assert open_model(path).notes == {"data": "mine"}
    back = open_network(path)
    assert (back.dt, repr(back.encoder), repr(back.readout)) == (net.dt, repr(net.encoder), repr(net.readout))
    assert open_network(path, steps=7).encoder.steps == 7
    assert isinstance(open_network(path, encoder=coding.Latency(steps=4)).encoder, coding.Latency)
    assert isinstance(open_network(path, readout=coding.FirstSpike()).readout, coding.FirstSpike)
    stated = nir.read(path).metadata
    assert stated["dt"] == 2e-3
    assert stated["decay"] == "exp(-dt / tau)"
    assert nir.read(path).nodes["layer1"].metadata["reset"] == "subtract"


def test_nir_reads_what_is_written_and_agrees_on_all_shapes(tmp_path):
    """The types that NIR infers are those of the file, so other libraries can read it."""
    net = Network(
        coding.Direct(steps=3),
        Layer(nn.Conv2d(1, 4, 3, padding=1), neurons.IF()),
        Layer(SumPool2d(2)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(4 * 3 * 4, 5), neurons.LIF(tau_mem=0.02), recurrent=nn.Linear(5, 5, bias=False)),
        coding.SpikeCount(),
        dt=1e-3,
    )
    export_nir(net, tmp_path / "net.nir", sample=(1, 6, 8))
    graph = nir.read(tmp_path / "net.nir")
    assert graph.check_types()
    assert sorted(type(node).__name__ for node in graph.nodes.values()) == sorted(
        ["Input", "Conv2d", "IF", "SumPool2d", "Flatten", "Affine", "LIF", "Linear", "Output"]
    )
    lif = graph.nodes["layer4"]
    # With the forward Euler method of other libraries a spike adds its weight: r dt / tau = 1.
    np.testing.assert_allclose(lif.r * 1e-3 / lif.tau, 1.0, rtol=1e-12)


def test_normalisation_and_dropout_are_folded(tmp_path):
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(4)
    nn.init.uniform_(norm.running_mean)
    net = Network(
        coding.Direct(steps=9),
        Layer(nn.Linear(3, 4)),
        Layer(norm, neurons.LIF(tau_mem=0.01, v_threshold=0.2), name="fires"),
        Layer(Dropout(0.5)),
        Layer(nn.Linear(4, 2), neurons.IF(v_threshold=0.2)),
        coding.SpikeCount(),
        dt=1e-3,
    ).eval()
    back = there_and_back(net, tmp_path / "net.nir", None)
    x = torch.rand(5, 3)
    assert torch.equal(run(back, x).scores, run(net, x).scores)


REFUSED = {
    "neuron": (
        Layer(nn.Linear(4, 4), neurons.ALIF(tau_mem=0.02, tau_adapt=0.1)),
        r"layer 'a': NIR has no node for ALIF",
    ),
    "connection": (
        Layer(nn.Linear(4, 4), neurons.IF(), recurrent=AllButSelf(-1.0)),
        r"'a': NIR has no node for AllBut",
    ),
    "synapses": (Layer(DelayedLinear(torch.rand(2, 4), torch.ones(2, 4, dtype=int))), r"no node for DelayedLinear"),
    "maximum": (Layer(nn.MaxPool2d(2)), r"layer 'a': NIR has no node for MaxPool2d"),
    "ceil": (Layer(nn.AvgPool2d(2, ceil_mode=True)), r"layer 'a': NIR has no pool with ceil_mode"),
    "divisor": (Layer(nn.AvgPool2d(2, divisor_override=3)), r"layer 'a': NIR averages over the whole window"),
    "inside": (Layer(nn.AvgPool2d(3, padding=1, count_include_pad=False)), r"NIR averages over the whole window"),
    "padding": (
        Layer(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")),
        r"NIR pads with zeros; got .*'circular'",
    ),
    "rows": (
        Layer(nn.Linear(4, 4)),
        r"a Linear node of NIR takes values in a row; this one receives samples of \(1, 4, 4\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nir_cannot_say_is_refused(name, tmp_path):
    layer, message = REFUSED[name]
    layer.name = "a"
    sample = (4,) if name in ("neuron", "connection", "synapses") else (1, 4, 4)
    with pytest.raises(ModelError, match=message) as caught:
        export_nir(Network(coding.Direct(steps=2), layer, coding.SpikeCount(), dt=DT), tmp_path / "f", sample=sample)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_refusals_of_whole_networks(tmp_path):
    twice = [Layer(name="a"), Layer(nn.Linear(4, 4), inputs=("input", "a"))]
    with pytest.raises(ModelError, match=r"layer 'layer2' receives the same spikes twice"):
        export_nir(Network(coding.Direct(steps=2), *twice, coding.SpikeCount(), dt=DT), tmp_path / "f", sample=(4,))
    net = Network(coding.Direct(steps=2), Layer(nn.Flatten()), coding.SpikeCount(), dt=DT)
    with pytest.raises(ModelError, match=r"export_nir.sample: the first layer does not tell the shape of a sample"):
        export_nir(net, tmp_path / "f")
    with pytest.raises(ModelError, match=r"weights must be float32 or float64; got torch.bfloat16. Use net.float"):
        export_nir(net.to(torch.bfloat16), tmp_path / "f", sample=(4,))
