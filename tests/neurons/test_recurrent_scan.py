"""Layers with a square recurrent connection: the compiled scan gives spikes and gradients of the loop over steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spikewright.network import Layer
from spikewright.neurons import (
    ALIF,
    CUBA,
    IF,
    LIF,
    ArcTan,
    ConductanceLIF,
    CurrentIF,
    EscapeSRM,
    HodgkinHuxley,
    Integrator,
    Izhikevich,
    NeuronModel,
    plan_recurrent_scan,
    plan_scan,
)

# Each spiking model with a time step, and the size of charges that make it fire now and then.
MODELS = {
    "ALIF": (ALIF(tau_mem=0.018, tau_adapt=0.06, v_threshold=0.8, scale=2.5), 2e-3, 0.5),
    "CUBA": (CUBA(tau_mem=0.02, tau_syn=0.01, v_threshold=0.9, v_leak=-0.1), 1.5e-3, 0.8),
    "ConductanceLIF": (ConductanceLIF(tau_mem=0.08, tau_ref=2.1e-3, theta_plus=0.4, tau_theta=0.5), 7e-4, 8.0),
    "CurrentIF": (CurrentIF(tau_syn=0.008, v_threshold=1.2, v_reset=-0.2, once=False), 1e-3, 0.5),
    "EscapeSRM": (EscapeSRM(tau_mem=0.015, tau_syn=0.01, v_threshold=0.9, softness=0.2, eta=1.5, seed=5), 2e-3, 0.6),
    "HodgkinHuxley": (HodgkinHuxley(v_threshold=-5.0, dt_max=5e-5), 2e-4, 60.0),
    "IF": (IF(v_threshold=0.9, v_start=0.2), 1e-3, 0.4),
    "Izhikevich": (Izhikevich(a=0.05, d=4.0, v_threshold=28.0), 8e-4, 30.0),
    "LIF": (LIF(tau_mem=0.02, v_threshold=0.9, v_leak=-0.1), 2e-3, 0.5),
    "LIF reset": (LIF(tau_mem=0.02, v_reset=-0.3, surrogate=ArcTan(2.0)), 2e-3, 0.5),
}
few = settings(max_examples=5, deadline=None, derandomize=True)


class Loop(nn.Linear):
    """The same connection, of which the kernels know nothing."""

    def forward(self, x):
        return super().forward(x)


def layers(model: NeuronModel, neurons: int, gain: float, *, bias: bool = True) -> tuple[Layer, Layer]:
    """Return a layer that is compiled and one that runs step by step, with weights of one size."""
    connections = nn.Linear(neurons, neurons, bias=bias), Loop(neurons, neurons, bias=bias)
    with torch.no_grad():
        connections[0].weight.mul_(gain * neurons**0.5)
    connections[1].load_state_dict(connections[0].state_dict())
    return tuple(Layer(None, model, recurrent=connection).double() for connection in connections)


def results(layer: Layer, x: Tensor, dt: float) -> tuple[Tensor, list[Tensor]]:
    """Return the spikes, and gradients of their weighted sum: of the charges and of all that is learned."""
    x = x.clone().requires_grad_()
    leaves = [x, *layer.parameters()]
    spikes = layer(x, dt=dt)
    weights = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(1), dtype=spikes.dtype)
    # What does not reach the loss has a gradient of 0.
    loss = (spikes * weights).sum() + sum(0 * leaf.sum() for leaf in leaves)
    return spikes.detach(), list(torch.autograd.grad(loss, leaves))


def agree(layers: tuple[Layer, Layer], x: Tensor, dt: float) -> Tensor:
    """Ask for the same spikes and gradients, of which sums may be taken in another order; return the spikes."""
    (spikes, grads), (expected, expected_grads) = (results(layer, x, dt) for layer in layers)
    assert torch.equal(spikes, expected)
    for ours, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-8, atol=1e-10 * max(1.0, float(reference.abs().max())))
    return spikes


@pytest.mark.parametrize("name", MODELS)
@few
@given(
    steps=st.integers(1, 15),
    batch=st.integers(1, 4),
    neurons=st.integers(1, 9),
    bias=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_gradients_are_those_of_the_loop(name, steps, batch, neurons, bias, seed):
    """In float64, for every model, whatever the sizes: charges, weights, bias."""
    model, dt, size = MODELS[name]
    torch.manual_seed(seed)
    x = size * (0.5 + torch.randn(steps, batch, neurons, dtype=torch.float64))
    both = layers(model, neurons, size / 2, bias=bias)
    assert not isinstance(plan_recurrent_scan(model, x, both[0].recurrent, dt=dt), str)
    agree(both, x, dt)


@pytest.mark.parametrize("name", MODELS)
def test_neurons_excite_and_inhibit_each_other(name):
    """In a sequence in which all models fire, and gradients pass through the weights."""
    model, dt, size = MODELS[name]
    torch.manual_seed(3)
    x = size * (0.5 + torch.randn(60, 3, 17, dtype=torch.float64))
    both = layers(model, 17, size / 2)
    assert agree(both, x, dt).sum() > 20
    assert results(both[0], x, dt)[1][1].abs().sum() > 0


@pytest.mark.parametrize("shape", [(), (5,)])
def test_learned_parameters(shape):
    """Time constant and threshold, one for all or one a neuron, also where the start state depends on them."""
    torch.manual_seed(0)
    values = [nn.Parameter(torch.full(shape, value, dtype=torch.float64)) for value in (0.02, 0.9, -0.1)]
    model = LIF(tau_mem=values[0], v_threshold=values[1], v_leak=values[2])
    both = layers(model, 5, 0.3)
    assert len(list(both[0].parameters())) == 5
    agree(both, 0.5 + torch.randn(12, 3, 5, dtype=torch.float64), 2e-3)


def test_charges_that_are_held():
    """The same memory in all steps gives what its copies give, and the sum of their gradients."""
    model, dt, _ = MODELS["LIF"]
    torch.manual_seed(0)
    x = torch.randn(1, 3, 6, dtype=torch.float64)
    layer, _ = layers(model, 6, 0.3)
    held, copied = x.clone().requires_grad_(), x.repeat(9, 1, 1).requires_grad_()
    first, second = layer(held.expand(9, 3, 6), dt=dt), layer(copied, dt=dt)
    assert torch.equal(first, second)
    assert first.sum() > 0
    weights = torch.arange(first.numel(), dtype=torch.float64).view(first.shape)
    (first * weights).sum().backward()
    (second * weights).sum().backward()
    torch.testing.assert_close(held.grad, copied.grad.sum(0, keepdim=True))


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_single_precision_and_many_spikes(rate):
    """The gradient of the weights is a sum over spikes or a dense product; charges may be a view."""
    torch.manual_seed(0)
    x = torch.randn(70, 30, 40).mul(0.3).permute(1, 2, 0) + (0.5 if rate > 0.1 else -0.03)
    layer, loop = (layer.float() for layer in layers(LIF(tau_mem=0.02), 70, 0.02))
    (spikes, grads), (expected, expected_grads) = (results(each, x, 1e-3) for each in (layer, loop))
    assert (spikes.mean() > 0.1) == (rate > 0.1)
    assert spikes.mean() > 0.01
    assert (spikes != expected).float().mean() < 1e-3
    for ours, reference in zip(grads, expected_grads, strict=True):
        assert (ours - reference).norm() < 0.02 * reference.norm()


def test_bfloat16_sequences():
    """Spikes are those of the same charges in float32, of which only the charges are rounded."""
    torch.manual_seed(0)
    x = torch.randn(20, 3, 8).add(0.3).bfloat16()
    layer = Layer(None, LIF(tau_mem=0.02), recurrent=nn.Linear(8, 8))
    wide, narrow = x.float().requires_grad_(), x.clone().requires_grad_()
    spikes, expected = layer(narrow, dt=1e-3), layer(wide, dt=1e-3)
    assert spikes.dtype == torch.bfloat16
    assert torch.equal(spikes.float(), expected)
    spikes.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(narrow.grad, wide.grad.bfloat16())


def test_automatic_mixed_precision_leaves_gradients_alone():
    """Also where the backward pass runs inside of it."""
    torch.manual_seed(0)
    x = torch.randn(20, 3, 8).add(0.3)
    layer = Layer(None, LIF(tau_mem=0.02), recurrent=nn.Linear(8, 8))
    plain = results(layer, x, 1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = results(layer, x, 1e-3)
    for a, b in zip((plain[0], *plain[1]), (mixed[0], *mixed[1]), strict=True):
        assert torch.equal(a, b)


def test_threads_change_nothing():
    """Samples are shared; the sums of each are taken in one order."""
    torch.manual_seed(0)
    x, layer = torch.randn(20, 32, 160), Layer(None, LIF(tau_mem=0.02), recurrent=nn.Linear(160, 160))
    threads = torch.get_num_threads()
    try:
        found = []
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(results(layer, x, 1e-3))
    finally:
        torch.set_num_threads(threads)
    assert found[0][0].sum() > 100
    for a, b in zip((found[0][0], *found[0][1]), (found[1][0], *found[1][1]), strict=True):
        assert torch.equal(a, b)


class Deaf(IF):
    """Neurons that do not hear each other."""

    def receive(self, feedforward, recurrent):
        return feedforward


def test_neurons_that_do_not_hear_each_other():
    """Their weights have a gradient of 0."""
    torch.manual_seed(0)
    x = torch.randn(9, 3, 5, dtype=torch.float64)
    both = layers(Deaf(), 5, 1.0)
    assert agree(both, x, 1e-3).sum() > 0
    assert not results(both[0], x, 1e-3)[1][1].any()


def test_nothing_is_kept_without_gradients():
    """And weights that are frozen get none, while the charges do."""
    x, layer = torch.randn(5, 2, 3), Layer(None, LIF(tau_mem=0.02), recurrent=nn.Linear(3, 3))
    with torch.no_grad():
        assert not layer(x, dt=1e-3).requires_grad
    layer.requires_grad_(False)
    assert not layer(x, dt=1e-3).requires_grad
    x.requires_grad_()
    layer(x, dt=1e-3).sum().backward()
    assert x.grad.abs().sum() > 0
    assert layer.recurrent.weight.grad is None


class Branching(IF):
    """Neurons whose step looks at values."""

    def step(self, x, state, *, dt):
        return super().step(x if float(x.sum()) > 0 else -x, state, dt=dt)


def hooked(connection):
    connection.register_forward_hook(lambda module, inputs, output: None)
    return connection


SQUARE = nn.Linear(3, 3)
LEAKY = LIF(tau_mem=0.02)


@pytest.mark.parametrize(
    ("model", "x", "connection", "reason"),
    [
        (LEAKY, torch.rand(5, 2, 3, device="meta"), SQUARE, "on the CPU; got meta"),
        (LEAKY, torch.rand(5, 2, 3).half(), SQUARE, "got torch.float16 and torch.float32"),
        (LEAKY, torch.rand(5, 2, 3).double(), SQUARE, "got torch.float64 and torch.float32"),
        (LEAKY, torch.rand(5, 2, 3), Loop(3, 3), "does more than nn.Linear"),
        (LEAKY, torch.rand(5, 2, 3), hooked(nn.Linear(3, 3)), "does more than nn.Linear"),
        (Integrator(tau_mem=0.02), torch.rand(5, 2, 3), SQUARE, "the output is analog"),
        (LEAKY, torch.rand(5, 2, 4, 3), SQUARE, "one row of neurons a sample"),
        (LEAKY, torch.rand(5, 0, 3), SQUARE, "one row of neurons a sample"),
        (LEAKY, torch.rand(5, 2, 3), nn.Linear(3, 1), "a weight for each pair"),
        (Branching(), torch.rand(5, 2, 3), SQUARE, "the step has "),
    ],
)
def test_reasons_to_go_step_by_step(model, x, connection, reason):
    """Each says what stands in the way."""
    assert reason in plan_recurrent_scan(model, x, connection, dt=1e-3)


def test_a_plan_is_made_once():
    """For a model without tensors, whose values cannot change; one with tensors is looked at each time."""
    x = torch.rand(5, 2, 3)
    assert plan_recurrent_scan(LEAKY, x, SQUARE, dt=1e-3) is plan_recurrent_scan(LEAKY, x, SQUARE, dt=1e-3)
    each = replace(LEAKY, tau_mem=torch.full((3,), 0.02))
    assert plan_recurrent_scan(each, x, SQUARE, dt=1e-3) is not plan_recurrent_scan(each, x, SQUARE, dt=1e-3)
    assert plan_scan(LEAKY, x, LEAKY.start(x[0]), dt=1e-3) is not plan_recurrent_scan(LEAKY, x, SQUARE, dt=1e-3)
