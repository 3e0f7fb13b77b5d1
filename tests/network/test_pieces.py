"""A run in pieces of time: the same spikes and gradients, less memory, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.network import Delay, DelayedLinear, Dropout, Layer, Network

STEPS, BATCH = 11, 3


def dense(dtype=torch.float64):
    """Layers whose neurons have states of one to three entries, learned values among them, and one that branches."""
    torch.manual_seed(2)
    tau = nn.Parameter(torch.tensor([0.01, 0.02, 0.03, 0.015, 0.025, 0.01, 0.02]))
    return Network(
        coding.Poisson(steps=STEPS, max_rate=500.0),
        Layer(nn.Linear(5, 7), neurons.LIF(tau_mem=tau, v_threshold=0.1), name="first"),
        Layer(nn.Linear(7, 7), neurons.ALIF(tau_mem=0.02, tau_adapt=0.1, v_threshold=0.2), name="second"),
        Layer(nn.Linear(7, 4), neurons.CUBA(tau_mem=0.02, tau_syn=0.005, v_threshold=0.1), inputs=("first", "second")),
        coding.SpikeCount(),
        dt=1e-3,
    ).to(dtype)


def convolutional(dtype=torch.float64):
    """The same sample in every step, connections without neurons before and between those with them."""
    torch.manual_seed(3)
    return Network(
        coding.Direct(steps=STEPS),
        Layer(nn.AvgPool2d(2)),
        Layer(nn.Conv2d(1, 3, 3, padding=1), neurons.LIF(tau_mem=0.02, v_threshold=0.2)),
        Layer(nn.MaxPool2d(2)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(12, 4), neurons.Integrator()),
        coding.MembraneMaximum(),
        dt=1e-3,
    ).to(dtype)


def scores_and_gradients(net, x, recompute_every):
    """Run and differentiate once, always with the same random numbers."""
    net.zero_grad(set_to_none=True)
    generator = torch.Generator().manual_seed(4)
    scores = net(x, generator=generator, recompute_every=recompute_every)
    scores.square().sum().backward()
    return scores.detach(), [parameter.grad.clone() for parameter in net.parameters()]


@pytest.mark.parametrize("every", [1, 4, STEPS, 100])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("build", "shape"), [(dense, (5,)), (convolutional, (1, 8, 8))])
def test_pieces_change_neither_scores_nor_gradients(build, shape, dtype, every):
    """The scores to the bit; of the gradients only the order of sums differs, some 100 terms of size 1 or less."""
    net, x = build(dtype), torch.rand(BATCH, *shape, generator=torch.Generator().manual_seed(5)).to(dtype)
    scores, gradients = scores_and_gradients(net, x, None)
    again, others = scores_and_gradients(net, x, every)
    assert scores.abs().sum() > 0
    assert torch.equal(scores, again)
    assert sum(gradient.abs().sum() for gradient in gradients) > 0
    tolerance = 100 * torch.finfo(dtype).eps
    for gradient, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(other, gradient, rtol=tolerance, atol=tolerance * float(gradient.abs().max()))


def test_a_connection_on_what_is_held_is_computed_once():
    """A direct code feeds one sample in all steps; its convolution is not repeated for each piece, nor going back."""
    net = convolutional()
    calls = []
    net.layers["layer2"].connection.register_forward_hook(lambda *_: calls.append(1))
    scores_and_gradients(net, torch.rand(BATCH, 1, 8, 8, dtype=torch.float64), 2)
    assert len(calls) == 1


def test_no_step_is_kept_and_each_is_run_twice(monkeypatch):
    """Between the passes torch keeps nothing of a layer, only the raster, of which it has views."""
    ran, respond = [], Layer.respond

    def counted(self, charges, state=None, *, dt):
        ran.append(len(charges))
        return respond(self, charges, state, dt=dt)

    monkeypatch.setattr(Layer, "respond", counted)
    kept = {}
    for steps in (8, 32):
        torch.manual_seed(6)
        layer = Layer(nn.Linear(5, 7), neurons.LIF(tau_mem=0.02))
        net = Network(coding.Poisson(steps=steps, max_rate=500.0), layer, coding.SpikeCount(), dt=1e-3)
        for every in (None, 2):
            sizes = kept[steps, every] = []
            ran.clear()
            with torch.autograd.graph.saved_tensors_hooks(lambda x, sizes=sizes: sizes.append(x.nbytes) or x, nothing):
                scores = net(torch.rand(BATCH, 5), recompute_every=every)
            scores.sum().backward()
            assert ran == ([steps] if every is None else [2] * steps)
    for steps in (8, 32):
        raster = 4 * steps * BATCH * 5
        assert sum(kept[steps, 2]) <= raster < sum(kept[steps, None])


def nothing(x):
    """Give back what was kept as it is."""
    return x


def test_without_gradients_pieces_give_the_same():
    net, x = dense(torch.float32), torch.rand(BATCH, 5)
    raster = net.encode(x)
    with torch.no_grad():
        assert torch.equal(net.score(raster, recompute_every=3), net.score(raster))


REFUSED = [
    (Layer(Delay(2), neurons.IF()), "layer 'layer2' cannot run in pieces of time: Delay looks back"),
    (Layer(DelayedLinear(torch.ones(5, 5), torch.ones(5, 5, dtype=torch.int64)), neurons.IF()), "DelayedLinear looks"),
    (Layer(Dropout(0.5)), "Dropout draws one mask"),
    (Layer(nn.BatchNorm1d(5), neurons.IF()), "BatchNorm1d normalises over all steps"),
    (Layer(None, neurons.IF(), recurrent=nn.Linear(5, 5)), "its recurrent connection"),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED)
def test_what_cannot_be_cut_is_refused(layer, message):
    """No result rather than another one."""
    net = Network(coding.Direct(steps=4), Layer(nn.Flatten()), layer, coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ModelError, match=message):
        net(torch.rand(2, 5), recompute_every=2)


@pytest.mark.parametrize("layer", [Layer(Dropout(0.5)), Layer(nn.BatchNorm1d(5), neurons.IF())])
def test_what_training_alone_couples_runs_in_evaluation(layer):
    net = Network(coding.Direct(steps=4), layer, coding.SpikeCount(), dt=1e-3).eval()
    x = torch.rand(2, 5)
    assert torch.equal(net(x, recompute_every=3), net(x))


def test_a_piece_has_a_step():
    net = Network(coding.Direct(steps=4), Layer(nn.Linear(5, 2), neurons.IF()), coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ValueError, match="recompute_every: must be >= 1; got 0"):
        net(torch.rand(2, 5), recompute_every=0)
