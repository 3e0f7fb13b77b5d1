"""The three engines give the same spikes: exactly, in float64, for every neuron and connection."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.engines import Batch, EventDriven, Reference
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
    output_shape,
)

DT = 1e-3
STEPS = 10
SAMPLES = 3


def spread(shape, low, high):
    """Draw one value a neuron."""
    return low + (high - low) * torch.rand(shape, dtype=torch.float64)


# For each model: the size of a charge that makes it fire now and then, and a population, some with a value a neuron.
NEURONS = {
    neurons.ALIF: (1.0, lambda s: neurons.ALIF(tau_mem=spread(s, 0.01, 0.03), tau_adapt=0.05, v_threshold=0.7)),
    neurons.CUBA: (4.0, lambda s: neurons.CUBA(tau_mem=0.02, tau_syn=spread(s, 0.005, 0.02), v_leak=0.1, v_reset=-0.2)),
    neurons.ConductanceLIF: (
        5.0,
        lambda s: neurons.ConductanceLIF(tau_mem=0.02, theta=spread(s, 15.0, 20.0), tau_ref=0.002, theta_plus=0.5),
    ),
    neurons.CurrentIF: (4.0, lambda s: neurons.CurrentIF(tau_syn=0.01, v_threshold=spread(s, 0.5, 1.0), once=False)),
    neurons.EscapeSRM: (4.0, lambda s: neurons.EscapeSRM(tau_mem=0.02, tau_syn=0.003, softness=spread(s, 0.1, 0.5))),
    neurons.HodgkinHuxley: (60.0, lambda s: neurons.HodgkinHuxley(v_threshold=spread(s, -20.0, 0.0), dt_max=1e-4)),
    neurons.IF: (1.0, lambda s: neurons.IF(v_threshold=spread(s, 0.5, 1.0), v_start=0.1)),
    neurons.Integrator: (1.0, lambda s: neurons.Integrator(tau_mem=spread(s, 0.01, 0.03))),
    neurons.Izhikevich: (60.0, lambda s: neurons.Izhikevich(c=spread(s, -65.0, -50.0), d=2.0)),
    neurons.LIF: (1.0, lambda s: neurons.LIF(tau_mem=spread(s, 0.01, 0.03), v_leak=0.05, v_threshold=0.7)),
    neurons.PromptCUBA: (
        1.0,
        lambda s: neurons.PromptCUBA(tau_mem=0.01, tau_syn=spread(s, 0.002, 0.01), gain=0.3, v_leak=0.1, v_reset=-0.2),
    ),
    neurons.ReLU: (1.0, lambda s: neurons.ReLU()),
}

# For each connection: the shape of a sample before it, and how to make it.
CONNECTIONS = {
    "none": ((6,), lambda: None),
    "linear": ((9,), lambda: nn.Linear(9, 7)),
    "linear on rows": ((2, 5), lambda: nn.Linear(5, 3)),
    "conv": ((1, 5, 6), lambda: nn.Conv2d(1, 3, (3, 2))),
    "conv stride padding": ((2, 6, 5), lambda: nn.Conv2d(2, 4, 3, stride=(2, 1), padding=(1, 2))),
    "conv groups": ((4, 4, 5), lambda: nn.Conv2d(4, 6, (2, 3), groups=2, bias=False)),
    "conv same": ((2, 4, 5), lambda: nn.Conv2d(2, 3, 3, padding="same", dilation=(2, 1))),
    "conv of a row": ((4, 9), lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2)),
    "scale": ((2, 3), lambda: Scale(0.5 + torch.rand(2, 3))),
    "average": ((2, 5, 6), lambda: nn.AvgPool2d(2)),
    "average over 9": ((2, 7, 6), lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)),
    "average of the inside": ((1, 6, 5), lambda: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)),
    "sum": ((2, 5, 6), lambda: SumPool2d(2)),
    "maximum": ((2, 6, 5), lambda: nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)),
    "maximum of counts": ((2, 6, 5), lambda: MaxCountPool2d(3, 2, 1, ceil_mode=True)),
    "maximum dilated": ((1, 7, 6), lambda: nn.MaxPool2d((2, 3), stride=1, dilation=2)),
    "normalisation": ((3, 2, 2), lambda: settled(nn.BatchNorm2d(3))),
    "normalisation of neurons": ((5,), lambda: settled(nn.BatchNorm1d(5, affine=False))),
    "flatten": ((2, 3, 2), nn.Flatten),
    "identity": ((4,), nn.Identity),
    "dropout": ((8,), lambda: Dropout(0.5)),
    "delay": ((2, 3), lambda: Delay(3)),
    "delay a neuron": ((6,), lambda: Delay(torch.tensor([0, 1, 3, 3, STEPS, 2]))),
    "delay a synapse": ((6,), lambda: DelayedLinear(torch.randn(5, 6) / 2, torch.randint(0, STEPS + 2, (5, 6)))),
    "all but self": ((6,), lambda: AllButSelf(0.3)),
    "fixed fan-out": ((8,), lambda: FixedFanOut.random(8, 9, 4, largest=120, scale=0.0071)),
}

RECURRENT = {
    "feedforward": lambda size: None,
    "recurrent": lambda size: nn.Linear(size, size),
    "lateral": lambda size: AllButSelf(-0.3),
}


def settled(norm):
    """Give a normalisation statistics and weights as after training."""
    torch.nn.init.normal_(norm.running_mean)
    torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)
    for parameter in norm.parameters():
        torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return norm


def scaled(connection, gain):
    """Multiply what a connection delivers by ``gain``."""
    with torch.no_grad():
        for tensor in (*connection.parameters(), *(b for b in connection.buffers() if b.is_floating_point())):
            tensor.mul_(gain)
    return connection


def mostly_positive(inputs, outputs, gain):
    """Make a dense connection that makes its targets fire whatever is drawn."""
    connection = nn.Linear(inputs, outputs)
    nn.init.uniform_(connection.weight, -4 / inputs, 8 / inputs)
    return scaled(connection, gain)


def neuron_for(model, connection, shape):
    """Make a population for the shape that the connection gives."""
    return NEURONS[model][1](output_shape(connection, shape))


def assert_agreement(net, raster):
    """Compare what every layer gives; analog outputs agree up to the order of sums. Return the spikes of the layers."""
    net = net.double().eval()
    expected = Reference().propagate(net, raster)
    for engine in (Batch(), EventDriven()):
        outputs = engine.propagate(net, raster)
        assert list(outputs) == list(expected)
        for name, output in outputs.items():
            neuron = None if name == "input" else net.layers[name].neuron
            exact = neuron is not None and neuron.spiking
            # 12 digits: sums of at most some dozens of terms in another order keep more.
            tolerance = (
                {"rtol": 0.0, "atol": 0.0} if exact else {"rtol": 1e-12, "atol": 1e-12 * float(raster.abs().max())}
            )
            torch.testing.assert_close(output, expected[name], **tolerance, msg=lambda m: f"{engine} {name}: {m}")  # noqa: B023
    return expected


def test_every_neuron_is_compared():
    public = (getattr(neurons, name) for name in neurons.__all__)
    models = {o for o in public if isinstance(o, type) and issubclass(o, neurons.NeuronModel)} - {neurons.NeuronModel}
    assert set(NEURONS) == models


# Each pair of neuron and connection with one kind of feedback in turn, so that each kind meets every neuron.
CASES = [
    pytest.param(model, connection, list(RECURRENT)[(i + j) % len(RECURRENT)], id=f"{model.__name__}-{connection}")
    for i, model in enumerate(NEURONS)
    for j, connection in enumerate(CONNECTIONS)
]


@pytest.mark.parametrize(("model", "connection", "feedback"), CASES)
def test_every_neuron_and_connection(model, connection, feedback):
    """A population behind the connection, then a dense one with feedback, on spikes whose size suits the model."""
    torch.manual_seed(5)
    shape, make = CONNECTIONS[connection]
    gain = NEURONS[model][0]
    first = make()
    size = torch.Size(output_shape(first, shape)).numel()
    recurrent = RECURRENT[feedback](4)
    net = Network(
        coding.Poisson(steps=STEPS, max_rate=1.0),
        Layer(first, neuron_for(model, first, shape)),
        Layer(nn.Flatten()),
        Layer(
            mostly_positive(size, 4, gain),
            NEURONS[model][1]((4,)),
            recurrent=None if recurrent is None else scaled(recurrent, gain),
        ),
        coding.SpikeCount(),
        dt=DT,
    )
    raster = 2 * gain * torch.bernoulli(torch.full((STEPS, SAMPLES, *shape), 0.6, dtype=torch.float64))
    outputs = assert_agreement(net, raster)
    assert outputs["layer3"].any()


@pytest.mark.parametrize("model", NEURONS, ids=lambda model: model.__name__)
def test_analog_input(model):
    """A constant analog input is delivered once or in each step, with the same result."""
    torch.manual_seed(2)
    gain = NEURONS[model][0]
    net = Network(
        coding.Direct(steps=STEPS),
        Layer(nn.Conv2d(1, 2, 3, padding=1)),
        Layer(nn.AvgPool2d(2)),
        Layer(nn.Flatten(), NEURONS[model][1]((8,))),
        Layer(scaled(nn.Linear(8, 3), gain), NEURONS[model][1]((3,))),
        coding.SpikeCount(),
        dt=DT,
    ).double()
    assert_agreement(net, net.encode(gain * torch.rand(SAMPLES, 1, 4, 4)))


def light(shape, model):
    """A population of a model whose charges are of size one."""
    return None if model is None else NEURONS[model][1](shape)


@st.composite
def networks(draw):
    """Draw a network of convolutions, pools, delays, a residual branch and dense layers, and a raster for it."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    models = st.sampled_from([neurons.LIF, neurons.IF, neurons.ALIF, neurons.EscapeSRM, None])
    shape = (draw(st.integers(1, 3)), draw(st.integers(5, 8)), draw(st.integers(5, 8)))
    raster = torch.bernoulli(torch.full((draw(st.integers(1, 9)), draw(st.integers(1, 4)), *shape), 0.3).double())
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        kernel = draw(st.integers(1, 3))
        channels = draw(st.sampled_from([1, 2, 4]))
        connection = draw(
            st.sampled_from(
                [
                    nn.Conv2d(shape[0], channels * shape[0], kernel, stride=draw(st.integers(1, 2)), groups=shape[0]),
                    nn.Conv2d(shape[0], channels, kernel, padding=draw(st.integers(0, 2))),
                    nn.AvgPool2d(3, stride=1, padding=1),
                    nn.MaxPool2d(2, stride=1),
                    SumPool2d(1),
                    Delay(torch.randint(0, 4, shape)),
                ]
            )
        )
        shape = output_shape(connection, shape)
        layers.append(Layer(connection, light(shape, draw(models))))
        if min(shape[1:]) < 3:
            break
    size = torch.Size(shape).numel()
    layers.append(Layer(nn.Flatten(), name="flat"))
    layers.append(Layer(nn.Linear(size, size), light((size,), draw(models)), name="branch"))
    feedback = RECURRENT[draw(st.sampled_from(list(RECURRENT)))](5)
    dense = nn.Linear(size, 5)
    layers.append(Layer(dense, light((5,), neurons.LIF), recurrent=feedback, inputs=("flat", "branch")))
    delayed = DelayedLinear(torch.randn(3, 5), torch.randint(0, 4, (3, 5)))
    layers.append(Layer(delayed, light((3,), draw(models))))
    return Network(coding.Poisson(steps=1, max_rate=1.0), *layers, coding.SpikeCount(), dt=DT), raster


@settings(max_examples=40, deadline=None, derandomize=True)
@given(networks())
def test_random_networks(drawn):
    assert_agreement(*drawn)


def test_counts_that_just_reach_the_threshold():
    """Nine spikes in a window of nine average to 1 exactly, and fire a neuron of threshold 1, in every engine."""
    net = Network(
        coding.Poisson(steps=2, max_rate=1.0),
        Layer(nn.AvgPool2d(3), neurons.IF()),
        Layer(nn.Flatten(), neurons.IF(), recurrent=AllButSelf(-0.1)),
        coding.SpikeCount(),
        dt=DT,
    ).double()
    outputs = assert_agreement(net, torch.ones(11, 2, 1, 6, 6, dtype=torch.float64))
    assert outputs["layer1"].all()


def test_event_driven_follows_new_weights():
    """Nothing of a run is kept: weights that change in place count in the next run."""
    torch.manual_seed(0)
    net = Network(
        coding.Poisson(steps=5, max_rate=400.0),
        Layer(nn.Linear(6, 4), neurons.LIF(tau_mem=0.02)),
        coding.SpikeCount(),
        dt=DT,
    ).double()
    raster = torch.ones(5, 2, 6, dtype=torch.float64)
    before = assert_agreement(net, raster)["layer1"]
    with torch.no_grad():
        net.layers["layer1"].connection.weight.add_(1.0)
    assert not torch.equal(assert_agreement(net, raster)["layer1"], before)


def test_engines_leave_the_network_alone():
    torch.manual_seed(0)
    net = Network(
        coding.Poisson(steps=5, max_rate=400.0),
        Layer(nn.Linear(6, 4), sw.LIF(tau_mem=0.02)),
        coding.SpikeCount(),
        dt=DT,
    )
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for engine in (Batch(), Reference(), EventDriven()):
        engine.propagate(net, torch.ones(5, 2, 6))
        assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
        assert net.like.dtype == torch.float32


def test_reference_computes_in_float64():
    net = Network(
        coding.Poisson(steps=5, max_rate=400.0),
        Layer(nn.Linear(6, 4), neurons.Integrator()),
        coding.SpikeCount(),
        dt=DT,
    )
    outputs = Reference().propagate(net, torch.ones(5, 2, 6))
    assert {output.dtype for output in outputs.values()} == {torch.float64}


def test_event_driven_refuses_other_dtypes():
    net = Network(coding.Direct(steps=1), Layer(nn.Linear(2, 1), neurons.ReLU()), coding.SpikeCount(), dt=DT).half()
    with pytest.raises(ModelError, match=r"EventDriven: runs float32 and float64 on the CPU; got torch.float16"):
        EventDriven().propagate(net, torch.ones(1, 1, 2).half())


def test_reference_refuses_what_it_has_no_rule_for():
    net = Network(coding.Direct(steps=1), Layer(nn.GELU(), neurons.ReLU()), coding.SpikeCount(), dt=DT)
    with pytest.raises(ModelError, match="Reference: no rule for connections of type GELU; add one"):
        Reference().propagate(net, torch.ones(1, 1, 2))


def test_reference_refuses_a_normalisation_by_the_batch():
    norm = nn.BatchNorm1d(2, track_running_stats=False)
    net = Network(coding.Direct(steps=1), Layer(norm, neurons.ReLU()), coding.SpikeCount(), dt=DT)
    with pytest.raises(ModelError, match="without running statistics depends on the other samples"):
        Reference().propagate(net, torch.ones(1, 1, 2))
