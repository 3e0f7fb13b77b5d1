"""Networks and layers: what they compute, what they own, and what they refuse."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.network import AllButSelf, Delay, DelayedLinear, Layer, Network, SumPool2d


def small(*layers, steps=4, dt=1e-3):
    """Put layers between a direct code and a spike count."""
    return Network(coding.Direct(steps=steps), *layers, coding.SpikeCount(), dt=dt)


def relay(**options):
    """A layer of neurons that fire wherever 1 or more arrives, and forget."""
    return Layer(None, neurons.IF(v_threshold=1.0, v_reset=0.0), **options)


def test_a_network_by_hand():
    """Weights of 0.5 on constant inputs (1, 0) and (1, 1): a spike every second step, and in every step."""
    net = small(Layer(nn.Linear(2, 1, bias=False), neurons.IF()))
    with torch.no_grad():
        net.layers["layer1"].connection.weight.fill_(0.5)
    outputs = net.propagate(net.encode(torch.tensor([[1.0, 0.0], [1.0, 1.0]])))
    assert list(outputs) == ["input", "layer1"]
    assert outputs["layer1"][:, :, 0].T.tolist() == [[0, 1, 0, 1], [1, 1, 1, 1]]
    assert net(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist() == [[2], [4]]


def test_recurrent_spikes_arrive_one_step_later():
    """A spike of neuron 0 makes neuron 1 fire in the next step, that makes neuron 0 fire again, and so on."""
    ring = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        ring.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    layer = relay(recurrent=ring)
    x = torch.zeros(5, 1, 2)
    x[1, 0, 0] = 1
    assert layer(x, dt=1e-3)[:, 0].T.tolist() == [[0, 1, 0, 1, 0], [0, 0, 1, 0, 1]]


def test_lateral_inhibition():
    """All others are silenced in the step after a spike."""
    layer = relay(recurrent=AllButSelf(-1.0))
    x = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]).unsqueeze(1)
    assert layer(x, dt=1e-3)[1, 0].tolist() == [1, 0, 0]


def test_a_recurrent_layer_without_weights_is_a_plain_one():
    torch.manual_seed(0)
    silent = nn.Linear(3, 3, bias=False)
    nn.init.zeros_(silent.weight)
    neuron = neurons.LIF(tau_mem=0.02)
    x = torch.rand(9, 2, 3)
    assert torch.equal(Layer(None, neuron, recurrent=silent)(x, dt=1e-3), Layer(None, neuron)(x, dt=1e-3))


def test_a_layer_without_neurons_passes_charges_on():
    torch.manual_seed(0)
    connection, x = nn.Linear(3, 2), torch.rand(4, 5, 3)
    torch.testing.assert_close(Layer(connection)(x, dt=1e-3), connection(x))
    assert Layer()(x, dt=1e-3) is x


def test_inputs_are_summed_by_name():
    net = small(
        Layer(nn.Linear(3, 3), name="first"),
        Layer(nn.Linear(3, 3), name="second"),
        Layer(None, name="sum", inputs=("input", "first", "second")),
    )
    outputs = net.propagate(net.encode(torch.rand(2, 3)))
    torch.testing.assert_close(outputs["sum"], outputs["input"] + outputs["first"] + outputs["second"])
    assert [(name, sources) for name, _, sources in net.sources()] == [
        ("first", ("input",)),
        ("second", ("first",)),
        ("sum", ("input", "first", "second")),
    ]
    assert net.last == "sum"


def test_layers_are_numbered_by_place():
    net = small(relay(), relay(name="named"), relay())
    assert list(net.layers) == ["layer1", "named", "layer3"]


def test_no_state_is_saved():
    """A run leaves neither state in ``state_dict`` nor a trace on the next run."""
    torch.manual_seed(0)
    neuron = neurons.LIF(tau_mem=nn.Parameter(torch.full((3,), 0.02)), v_threshold=torch.full((3,), 0.5))
    net = small(Layer(nn.Linear(2, 3), neuron, recurrent=nn.Linear(3, 3, bias=False)))
    names = set(net.state_dict())
    assert names == {
        "layers.layer1.connection.weight",
        "layers.layer1.connection.bias",
        "layers.layer1.recurrent.weight",
        "layers.layer1._neuron.tau_mem",
        "layers.layer1._neuron.v_threshold",
    }
    x = torch.rand(4, 2)
    first = net(x)
    assert torch.equal(net(x), first)
    assert set(net.state_dict()) == names


def test_weights_move_to_another_network():
    torch.manual_seed(0)
    build = lambda: small(Layer(nn.Linear(2, 3), neurons.LIF(tau_mem=torch.rand(3) + 0.01)))  # noqa: E731
    net, other, x = build(), build(), torch.rand(4, 2)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other.layers["layer1"].neuron.tau_mem, net.layers["layer1"].neuron.tau_mem)
    assert torch.equal(other(x), net(x))


def test_tensors_of_neurons_move_with_the_network():
    net = small(Layer(nn.Linear(2, 3), neurons.LIF(tau_mem=torch.full((3,), 0.02), v_threshold=torch.ones(3))))
    readout = coding.LinearReadout(torch.ones(2, 3), torch.zeros(2))
    net = Network(net.encoder, *net.layers.values(), readout, dt=net.dt).double()
    neuron = net.layers["layer1"].neuron
    assert neuron.tau_mem.dtype == neuron.v_threshold.dtype == torch.float64
    assert net.readout.weight.dtype == torch.float64
    assert net.like.dtype == net(torch.rand(4, 2)).dtype == torch.float64
    assert "LIF(tau_mem=" in repr(net)


def test_learned_parameters_of_neurons():
    """Time constants and thresholds of each neuron are parameters, get gradients, and follow the optimiser."""
    torch.manual_seed(0)
    tau = nn.Parameter(torch.full((5,), 0.02))
    threshold = nn.Parameter(torch.full((5,), 0.4))
    net = small(Layer(nn.Linear(2, 5), neurons.LIF(tau_mem=tau, v_threshold=threshold)), steps=8)
    assert {id(tau), id(threshold)} <= {id(p) for p in net.parameters()}
    net(torch.rand(6, 2)).sum().backward()
    assert tau.grad.abs().min() > 0
    assert threshold.grad.abs().min() > 0
    torch.optim.SGD(net.parameters(), lr=1e-4).step()
    assert not torch.equal(net.layers["layer1"].neuron.v_threshold, torch.full((5,), 0.4))
    assert net.layers["layer1"].neuron.tau_mem is tau


@dataclass(frozen=True)
class Soft(neurons.NeuronModel):
    """A leaky neuron that gives a smooth value instead of a spike, and subtracts it: its gradient is a true one."""

    tau_mem: float | torch.Tensor = 0.01

    def start(self, x):
        return torch.zeros_like(x)

    def step(self, x, state, *, dt):
        v = state * torch.exp(-dt / torch.as_tensor(self.tau_mem)) + x
        fired = torch.sigmoid(4 * (v - 0.5))
        return fired, v - fired


def test_gradients_match_central_differences():
    """Through convolution, pools, delays, feedback, a residual branch and a learned time constant."""
    torch.manual_seed(0)
    tau = nn.Parameter(torch.linspace(0.005, 0.03, 4))
    net = small(
        Layer(nn.Conv2d(1, 1, 2, padding=1), Soft(), name="conv"),
        Layer(nn.AvgPool2d(2)),
        Layer(SumPool2d(1)),
        Layer(nn.Flatten(), name="flat"),
        Layer(nn.Linear(4, 4), Soft(tau_mem=tau), recurrent=nn.Linear(4, 4), name="dense"),
        Layer(Delay(1), inputs=("flat", "dense")),
        Layer(DelayedLinear(torch.randn(2, 4), torch.randint(0, 3, (2, 4))), Soft(), recurrent=AllButSelf(-0.2)),
    ).double()
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64)
    names = [name for name, _ in net.named_parameters()]
    values = tuple(parameter.detach().clone().requires_grad_() for parameter in net.parameters())
    assert "layers.dense._neuron.tau_mem" in names

    def scores(*tensors):
        return torch.func.functional_call(net, dict(zip(names, tensors, strict=True)), x)

    # A step of 1e-7 seconds suits a time constant of 5 ms as well as weights of order 1.
    assert torch.autograd.gradcheck(scores, values, eps=1e-7, atol=1e-6, rtol=1e-4)


def test_parts_come_in_order():
    with pytest.raises(ModelError, match="takes an encoder, one or more layers, then a readout, in this order"):
        Network(coding.Direct(steps=1), coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ModelError, match="takes an encoder, one or more layers, then a readout"):
        Network(coding.Direct(steps=1), relay(), dt=1e-3)
    with pytest.raises(ModelError, match="takes an encoder, one or more layers, then a readout"):
        Network(coding.Direct(steps=1), dt=1e-3)
    with pytest.raises(ModelError, match="takes an encoder, one or more layers, then a readout"):
        Network(relay(), relay(), coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ModelError, match="part 2 after the encoder must be a Layer; got Linear"):
        small(relay(), nn.Linear(1, 1))


def test_names_differ():
    with pytest.raises(ModelError, match="layer names must differ; got 'a' twice"):
        small(relay(name="a"), relay(name="a"))
    with pytest.raises(ModelError, match="layer names must differ; got 'input' twice"):
        small(relay(name="input"))


def test_inputs_come_before():
    with pytest.raises(ModelError, match="layer 'a' takes its input from 'b', which does not come before it"):
        small(relay(name="a", inputs=("b",)), relay(name="b"))


def test_a_step_takes_time():
    with pytest.raises(ValueError, match=r"Network.dt: must be > 0 seconds; got 0"):
        small(relay(), dt=0)


def test_feedback_needs_neurons():
    with pytest.raises(ModelError, match=r"Layer.recurrent: needs neurons whose spikes it feeds back"):
        Layer(nn.Linear(2, 2), recurrent=nn.Linear(2, 2))


def test_feedback_looks_back_one_step():
    with pytest.raises(
        ModelError, match=r"Layer.recurrent: must act on one step at a time; got Delay, which looks back"
    ):
        relay(recurrent=Delay(2))


def test_neurons_are_dataclasses():
    class Bare(neurons.NeuronModel):
        def start(self, x):
            return ()

        def step(self, x, state, *, dt):
            return x, state

    with pytest.raises(TypeError, match="Bare: neurons, encoders and readouts must be dataclasses"):
        Layer(None, Bare())


def test_the_example_of_the_readme_shape():
    """Scores are differentiable for every parameter."""
    torch.manual_seed(0)
    net = small(Layer(nn.Linear(4, 6), sw.LIF(tau_mem=0.02)), Layer(nn.Linear(6, 2), sw.LIF(tau_mem=0.02)), steps=10)
    net(torch.rand(3, 4)).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in net.parameters())
