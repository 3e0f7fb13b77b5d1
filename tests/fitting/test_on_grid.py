"""Weights on a chip's grid: worked examples, straight-through gradients, and that quantise finds the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

import spikewright as sw
from spikewright.fitting import BiasOnGrid, WeightOnGrid
from spikewright.neurons import IF
from spikewright.quantised import FixedPointArithmetic, Grid, arithmetic_of, quantise

ONE = np.ones(1)
GRID = Grid(largest=4, gain=2 * ONE, bias_gain=4 * ONE, most_threshold=100.0, most_bias=3.0, places=2)


def test_weights_are_worked_out_by_hand():
    """Row 1: a gain of 2 and a peak of 0.62 are steps of 0.31; twice the threshold of 1 is 6.45 of them, taken as 6.

    So a step is worth 1/3, and weights are 4, -1, 2 and 0 of them over the gain. Row 2: steps of 0.5, and 4 exactly.
    """
    weight = torch.tensor([[0.62, -0.2, 0.34, 0.07], [-1.0, 0.3, 0.2, 0.0]])
    rounding = WeightOnGrid(GRID, 1.0, per_channel=True)
    expected = torch.tensor([[4.0, -1.0, 2.0, 0.0], [-4.0, 1.0, 1.0, 0.0]]) * torch.tensor([[1 / 3], [0.5]]) / 2
    torch.testing.assert_close(rounding(weight), expected)
    torch.testing.assert_close(rounding.worth(weight), torch.tensor([1 / 3, 0.5]))


def test_one_step_for_a_layer():
    """The second row's peak sets the steps of both, 0.5 each."""
    weight = torch.tensor([[0.62, -0.2], [-1.0, 0.3]])
    rounded = WeightOnGrid(GRID, 1.0, per_channel=False)(weight)
    torch.testing.assert_close(rounded, torch.tensor([[2.0, -1.0], [-4.0, 1.0]]) * 0.5 / 2)


def test_connections_to_the_same_neurons_share_a_step():
    """Each row's peak is in one of the two: 0.62 gives steps of 1/3 as above, and 1.0 gives steps of 0.5."""
    outside, own = torch.tensor([[0.62, -0.2], [-0.3, 0.3]]), torch.tensor([[0.1, 0.34], [1.0, 0.2]])
    step = torch.tensor([[1 / 3], [0.5]]) / 2
    for weight, other, whole in (
        (outside, own, [[4.0, -1.0], [-1.0, 1.0]]),
        (own, outside, [[1.0, 2.0], [4.0, 1.0]]),
    ):
        rounding = WeightOnGrid(GRID, 1.0, per_channel=True, beside=(nn.Parameter(other),))
        torch.testing.assert_close(rounding(weight), torch.tensor(whole) * step)
        assert not list(rounding.parameters())


def test_a_threshold_that_needs_room_makes_steps_coarser():
    """A threshold of 1000 in at most 100 steps: each is worth 10, and small weights are gone."""
    rounded = WeightOnGrid(GRID, 1000.0, per_channel=True)(torch.tensor([[9.0, 2.0]]))
    torch.testing.assert_close(rounded, torch.tensor([[10.0, 0.0]]))


def test_no_weights_are_no_problem():
    assert torch.equal(
        WeightOnGrid(GRID._replace(most_threshold=np.inf), 1.0, per_channel=True)(torch.zeros(2, 3)), torch.zeros(2, 3)
    )


def test_biases_are_worked_out_by_hand():
    """A step is worth 1/3, of which a bias has halves, over its gain of 4: units of 1/24, and 3 steps are 6 of them."""
    connection = nn.Linear(4, 1)
    connection.weight = nn.Parameter(torch.tensor([[0.62, -0.2, 0.34, 0.07]]))
    rounding = WeightOnGrid(GRID, 1.0, per_channel=True)
    parametrize.register_parametrization(connection, "weight", rounding)
    bias = BiasOnGrid(connection, rounding)
    for given_, units in ((0.1, 2), (-0.06, -1), (1.0, 6), (-1.0, -6)):
        torch.testing.assert_close(bias(torch.tensor([given_])), torch.tensor([units / 24]))


def test_gradients_pass_straight_through():
    """With y = a . round(w) + round(b) the gradients are a and 1, as if nothing were rounded."""
    connection = nn.Linear(3, 1)
    rounding = WeightOnGrid(GRID, 1.0, per_channel=True)
    parametrize.register_parametrization(connection, "weight", rounding)
    parametrize.register_parametrization(connection, "bias", BiasOnGrid(connection, rounding))
    x = torch.tensor([[0.5, -2.0, 7.0]])
    connection(x).sum().backward()
    parametrised = connection.parametrizations
    assert torch.equal(parametrised.weight.original.grad, x)
    assert torch.equal(parametrised.bias.original.grad, torch.ones(1))


@given(
    chip=st.sampled_from(["truenorth", "speck", "loihi-2", FixedPointArithmetic(weight_bits=3)]),
    scale=st.floats(0.05, 5.0),
    threshold=st.floats(0.3, 20.0),
    seed=st.integers(0, 1000),
)
def test_quantise_changes_nothing_afterwards(chip, scale, threshold, seed):
    """Whole weights are those of training; the threshold and the biases are whole numbers of steps as well."""
    generator = torch.Generator().manual_seed(seed)
    arithmetic = arithmetic_of(chip)
    connection = nn.Linear(7, 5)
    with torch.no_grad():
        connection.weight.normal_(0, scale, generator=generator)
        connection.bias.normal_(0, scale, generator=generator)
    neuron = IF(v_threshold=threshold)
    one = sw.quantised.Floats("", neuron, (1,), (), np.zeros(1), 1e-3, analog=False, last=True)
    rounding = WeightOnGrid(arithmetic.grid(one), threshold, per_channel=arithmetic.per_channel)
    parametrize.register_parametrization(connection, "weight", rounding)
    parametrize.register_parametrization(connection, "bias", BiasOnGrid(connection, rounding))
    net = sw.Network(sw.coding.Regular(steps=2), sw.Layer(connection, neuron), sw.coding.SpikeCount(), dt=1e-3)
    plain = sw.network.deploy(net)
    assert type(plain.layers["layer1"].connection) is nn.Linear
    layer = quantise(plain, (7,), chip).layers[0]
    assert layer.error < 1e-6
    worth = rounding.worth(connection.weight).double().numpy()
    places = rounding.grid.places
    whole = threshold * places / worth
    np.testing.assert_allclose(whole, np.rint(whole), rtol=1e-6)
    biases = plain.layers["layer1"].connection.bias.detach().double().numpy() * places / worth
    np.testing.assert_allclose(biases, np.rint(biases), atol=1e-4 * max(1, np.abs(biases).max()))
    if chip != "loihi-2":
        np.testing.assert_array_equal(layer.neuron.threshold, np.maximum(np.rint(whole), 1))


def test_deploy_leaves_the_trained_network_as_it_is():
    connection = nn.Linear(3, 2)
    parametrize.register_parametrization(connection, "weight", WeightOnGrid(GRID, 1.0, per_channel=True))
    net = sw.Network(sw.coding.Regular(steps=2), sw.Layer(connection, IF()), sw.coding.SpikeCount(), dt=1e-3)
    plain = sw.network.deploy(net)
    assert torch.equal(plain.layers["layer1"].connection.weight, connection.weight)
    assert set(plain.state_dict()) == {"layers.layer1.connection.weight", "layers.layer1.connection.bias"}
    assert parametrize.is_parametrized(connection)


@pytest.mark.parametrize("chip", ["truenorth", "speck", "xylo-imu", "loihi-1"])
def test_rounding_twice_is_rounding_once(chip):
    neuron = sw.quantised.neuron_for(sw.chips.load(chip), sw.LIF(tau_mem=5e-3), 1e-3)
    arithmetic = arithmetic_of(chip)
    one = sw.quantised.Floats("", neuron, (1,), (), np.zeros(1), 1e-3, analog=False, last=True)
    rounding = WeightOnGrid(arithmetic.grid(one), 1.0, per_channel=arithmetic.per_channel)
    weight = torch.randn(30, 40, generator=torch.Generator().manual_seed(1))
    once = rounding(weight)
    torch.testing.assert_close(rounding(once), once, rtol=1e-6, atol=1e-8)
    assert len(set((once[0] / rounding.worth(weight)[0]).mul(1000).round().tolist())) > 4
