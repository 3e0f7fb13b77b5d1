"""Batch normalisation folded into rounded weights: a worked example, gradients, and what is left of it."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

import spikewright as sw
from spikewright.fitting import Masked, NormOnGrid, WeightOnGrid
from spikewright.network import deploy, fan_out, plain
from spikewright.neurons import IF
from spikewright.quantised import Grid, arithmetic_of, quantise

ONE = np.ones(1)
COARSE = Grid(largest=2, gain=ONE, bias_gain=ONE, most_threshold=100.0, most_bias=50.0)
FINE = Grid(largest=2**22, gain=ONE, bias_gain=ONE, most_threshold=np.inf, most_bias=2.0**30, places=2**10)


def made(kind, grid, *, bias=True):
    """Return a connection with a normalisation that has seen something, both of them also without the grid."""
    torch.manual_seed(1)
    if kind == "dense":
        connection, norm, x = nn.Linear(6, 4, bias=bias), nn.BatchNorm1d(4), torch.randn(9, 6)
    else:
        connection, norm, x = nn.Conv2d(2, 4, 3, stride=2, bias=bias), nn.BatchNorm2d(4), torch.randn(9, 2, 7, 7)
    norm.weight.data.uniform_(0.5, 2.0)
    norm.bias.data.normal_()
    norm(connection(2 * x + 1))
    exact = nn.Sequential(deepcopy(connection), deepcopy(norm))
    return NormOnGrid(connection, norm, WeightOnGrid(grid, 1.0, per_channel=True)), exact, x


def test_weights_and_biases_are_worked_out_by_hand():
    """Charges are 3 and 1: their mean is 2, their deviation 1, so a gain of 0.5 makes weights of 0.5 and -0.2.

    Steps are 0.25, as the largest whole weight is 2, and a threshold of 1 is 4 of them: the weights are 2 and -1 steps,
    and the bias of -2 / 2 + 0.3 = -0.7 is -3. Of charges of -1 and 1 only the bias is another: 0.3, or 1 step.
    """
    connection, norm = nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1, eps=1e-12)
    connection.weight.data = torch.tensor([[1.0, -0.4]])
    norm.weight.data.fill_(0.5)
    norm.bias.data.fill_(0.3)
    folded = NormOnGrid(connection, norm, WeightOnGrid(COARSE, 1.0, per_channel=True))
    x = torch.tensor([[3.0, 0.0], [1.0, 0.0]])
    torch.testing.assert_close(folded(x), torch.tensor([[0.5 * 3 - 0.75], [0.5 * 1 - 0.75]]))
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    torch.testing.assert_close(folded(x), torch.tensor([[0.5 * 1 - 1.25 + 0.25], [0.5 * 3 - 1.25 + 0.25]]))


@pytest.mark.parametrize("kind", ["dense", "kernel"])
@pytest.mark.parametrize("bias", [True, False])
def test_on_a_fine_grid_nothing_is_changed(kind, bias):
    """Charges and running statistics in training, and charges in evaluation, are those of the two modules."""
    folded, exact, x = made(kind, FINE, bias=bias)
    torch.testing.assert_close(folded(x), exact(x), rtol=1e-4, atol=1e-4)
    assert torch.equal(folded.norm.running_mean, exact[1].running_mean)
    assert torch.equal(folded.norm.running_var, exact[1].running_var)
    folded.eval()
    torch.testing.assert_close(folded(x), exact.eval()(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["dense", "kernel"])
def test_gradients_are_those_of_the_normalised_charges(kind):
    """On a grid of 3 bits all gradients are as if nothing were rounded, those through the statistics too."""
    folded, exact, x = made(kind, COARSE)
    weights = torch.randn(folded(x).shape, generator=torch.Generator().manual_seed(2))
    inputs = x.clone().requires_grad_(), x.clone().requires_grad_()
    charges = folded(inputs[0]), exact(inputs[1])
    assert (charges[0] - charges[1]).abs().max() > 0.1
    for given in charges:
        (given * weights).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    for ours, theirs in zip(folded.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("kind", ["dense", "kernel"])
@pytest.mark.parametrize("bias", [True, False])
def test_what_is_left_is_one_connection_with_the_numbers_of_evaluation(kind, bias):
    folded, exact, x = made(kind, COARSE, bias=bias)
    before = {name: tensor.clone() for name, tensor in folded.state_dict().items()}
    left = plain(folded)
    assert type(left) is type(exact[0])
    torch.testing.assert_close(left(x), folded.eval()(x))
    step = folded.rounding.worth(left.weight)
    assert set((left.weight.flatten(1) / step[:, None]).round(decimals=4).flatten().tolist()) <= {-2, -1, 0, 1, 2}
    torch.testing.assert_close(left.bias / step, (left.bias / step).round())
    assert all(torch.equal(tensor, before[name]) for name, tensor in folded.state_dict().items())
    assert torch.equal(fan_out(folded, tuple(x.shape[1:]), zeros=True), fan_out(left, tuple(x.shape[1:]), zeros=True))


def test_quantise_changes_nothing_afterwards():
    """With a mask, through deploy, in the arithmetic of a chip; weights outside the mask stay at 0."""
    arithmetic = arithmetic_of("truenorth")
    folded, _, _ = made("dense", FINE)
    mask = torch.rand(4, 6) < 0.5
    mask[:, 0] = True
    parametrize.register_parametrization(folded.connection, "weight", Masked(mask))
    one = sw.quantised.Floats("", IF(), (1,), (), np.zeros(1), 1e-3, analog=False, last=True)
    folded.rounding = WeightOnGrid(arithmetic.grid(one), 1.0, per_channel=arithmetic.per_channel)
    net = sw.Network(sw.coding.Regular(steps=9), sw.Layer(folded, IF()), sw.coding.SpikeCount(), dt=1e-3).eval()
    left = deploy(net)
    weight = left.layers["layer1"].connection.weight
    assert type(left.layers["layer1"].connection) is nn.Linear
    assert weight[~mask].eq(0).all()
    assert quantise(left, (6,), arithmetic).layers[0].error < 1e-6
    x = torch.rand(20, 6)
    assert torch.equal(net(x), left(x))
