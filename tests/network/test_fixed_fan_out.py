"""Sparse connections of fixed fan-out: what they compute, how they are drawn, and what they refuse."""

import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, SpikeCount
from spikewright.network import FixedFanOut, Layer, Network, fan_out, synapse_count, synapses
from spikewright.neurons import LIF

TARGETS = torch.tensor([[0, 2], [1, 3], [0, 3]], dtype=torch.int32)


def drawn(sources=40, targets=33, each=7, **about):
    """Return a connection with weights of int8."""
    generator = torch.Generator().manual_seed(3)
    return FixedFanOut.random(sources, targets, each, largest=9, scale=0.25, generator=generator, **about)


def dense(connection):
    """Return the dense connection of the same weights, built entry by entry."""
    sources, each = connection.targets.shape
    layer = nn.Linear(sources, connection.out_features, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.zero_()
        for source in range(sources):
            for k in range(each):
                target = connection.targets[source, k]
                layer.weight[target, source] = connection.weight[source, k].double() * connection.scale
    return layer


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_forward_is_the_dense_product(batch, dtype):
    """Whole weights times a quarter: sums are exact in any order."""
    connection = drawn()
    x = torch.bernoulli(torch.full((batch, 40), 0.3, dtype=dtype), generator=torch.Generator().manual_seed(1))
    charges = connection(x)
    assert charges.dtype == dtype
    assert torch.equal(charges.double(), dense(connection)(x.double()))


def test_gradients_are_those_of_the_dense_product():
    """Of the input and of the weights, against differences."""
    weight = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    connection = FixedFanOut(TARGETS, weight, 0.5, out_features=4)
    x = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)

    def charges(x, weight):
        return torch.func.functional_call(connection, {"weight": weight}, (x,))

    assert torch.autograd.gradcheck(charges, (x, connection.weight))


@pytest.mark.parametrize(("targets", "each"), [(33, 7), (7, 7), (1, 1), (1000, 3)])
def test_rows_reach_one_target_of_each_range(targets, each):
    """Equal ranges, up to one neuron, and within each all targets are as likely."""
    connection = drawn(20_000, targets, each)
    edges = torch.arange(each + 1) * targets // each
    assert (connection.targets >= edges[:-1]).all()
    assert (connection.targets < edges[1:]).all()
    width = int(edges[1])
    counts = torch.bincount(connection.targets[:, 0].long(), minlength=width).double()
    # Five deviations of a binomial count.
    assert ((counts - 20_000 / width).abs() <= 5 * (20_000 / width) ** 0.5).all()
    found = connection.weight.unique()
    assert found.tolist() == list(range(-9, 10))


def test_the_same_seed_draws_the_same_in_any_pieces(monkeypatch):
    """A generator alone decides, and drawing in pieces fills all rows."""
    first, second = drawn(), drawn()
    assert torch.equal(first.targets, second.targets)
    assert torch.equal(first.weight, second.weight)
    monkeypatch.setattr("spikewright.network._fixed_fan_out.PIECE", 50)
    pieces = drawn()
    pieces.check()
    assert pieces.weight.abs().max() <= 9


def test_synapses_are_counted_without_running():
    """Forward and recurrent ones; the synapses are those stored."""
    connection = drawn()
    layer = Layer(connection, LIF(tau_mem=0.02), recurrent=drawn(33, 33, 4))
    net = Network(Direct(steps=2), layer, SpikeCount(), dt=1e-3)
    assert synapse_count(net, (40,)) == 40 * 7 + 33 * 4
    assert fan_out(connection, (40,)).tolist() == [7] * 40
    matrix = torch.from_numpy(synapses(connection, (40,)).matrix().toarray())
    assert torch.equal(matrix, dense(connection).weight.detach())


def test_shows_its_size():
    assert repr(drawn()) == "FixedFanOut(40, 33, fan_out=7, torch.int8)"


@pytest.mark.parametrize(
    ("targets", "weight", "out", "words"),
    [
        (TARGETS.long(), torch.ones(3, 2), 4, r"targets must be int32, .* got torch.int64 of \(3, 2\)"),
        (TARGETS, torch.ones(2, 3), 4, r"of the same shape \(source, synapse\); .* weight of \(2, 3\)"),
        (TARGETS, torch.ones(3, 2, dtype=torch.int32), 4, "must be int8 or floating-point; got torch.int32"),
        (TARGETS, torch.ones(3, 2), 3, r"each row must rise within \[0, 2\]"),
        (TARGETS - 1, torch.ones(3, 2), 4, r"each row must rise within \[0, 3\]"),
        (TARGETS.flip(1), torch.ones(3, 2), 4, "no target twice"),
        (TARGETS, torch.ones(3, 2), 0, "FixedFanOut.out_features: must be >= 1"),
    ],
)
def test_refuses_what_does_not_fit(targets, weight, out, words):
    with pytest.raises((ModelError, ValueError), match=words):
        FixedFanOut(targets, weight, out_features=out)


def test_refuses_other_arguments():
    with pytest.raises(ValueError, match="scale: must be finite"):
        FixedFanOut(TARGETS, torch.ones(3, 2), float("nan"), out_features=4)
    for fan, largest in ((0, 1), (5, 1), (2, 128)):
        with pytest.raises(ModelError, match=r"fan_out must lie in \[1, 4\], largest in \[0, 127\]"):
            FixedFanOut.random(3, 4, fan, largest=largest, scale=1.0)
    with pytest.raises(ModelError, match=r"takes 40 sources on the last axis; got \(1, 39\)"):
        drawn()(torch.zeros(1, 39))
    for rule in (synapses, fan_out):
        with pytest.raises(ModelError, match=r"does not take samples of shape \(39,\)"):
            rule(drawn(), (39,))
