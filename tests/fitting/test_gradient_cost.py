"""What backpropagation costs, against loops over the spikes that occurred."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from spikewright import coding
from spikewright.cost import TrainingCost
from spikewright.engines import run
from spikewright.fitting import Descent, GradientTraining, Labelled, Masked, for_chip
from spikewright.fitting._gradient_cost import GradientCost
from spikewright.learners import RateConversion, SurrogateGradient, Twin
from spikewright.network import AllButSelf, Dropout, Layer, Network, deploy
from spikewright.neurons import LIF, Integrator

STEPS, SAMPLES = 3, 5
STILL = 1e-30
"""A learning rate that changes no weight, so that spikes are the same in every step of a fit."""


def network(*, recurrent=True):
    """A convolution with a stride on an image of 5 x 5, one in groups, a dense layer with feedback, and a readout."""
    torch.manual_seed(2)
    feedback = nn.Linear(6, 6, bias=False) if recurrent else None
    net = Network(
        coding.Direct(steps=STEPS),
        Layer(nn.Conv2d(1, 2, 3, stride=2, padding=1), LIF(tau_mem=5e-3, v_threshold=0.3)),
        Layer(nn.Conv2d(2, 4, 3, padding=1, groups=2), LIF(tau_mem=5e-3, v_threshold=0.1)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(36, 6), LIF(tau_mem=5e-3, v_threshold=0.1), recurrent=feedback),
        Layer(nn.Linear(6, 3), Integrator()),
        coding.SpikeCount(),
        dt=1e-3,
    )
    # So that all of its neurons fire.
    net.layers["layer4"].connection.weight.data.abs_()
    return net


def images():
    return np.random.default_rng(1).random((SAMPLES, 1, 5, 5), dtype=np.float32)


def trained(net, x, *, batch_size, **options):
    """Do one round in which no weight changes, and return what it cost."""
    train = Labelled(x, np.arange(len(x)) % 3)
    training = GradientTraining(net, train, Descent(1, batch_size, STILL, **options), seed=0)
    training.advance(0)
    return training.cost


def targets_of(row, column, kernel=3, stride=1, padding=1, size=3):
    """Return how many windows of an image hold a pixel."""
    windows = product(range(size), repeat=2)
    return sum(
        0 <= row + padding - stride * r < kernel and 0 <= column + padding - stride * c < kernel for r, c in windows
    )


def by_hand(net, x, *, batch_size, recurrent=True):
    """Count one round spike by spike."""
    rasters = run(net, x, rasters=True).rasters
    first, second, dense = (rasters[name] for name in ("layer1", "layer2", "layer4"))
    assert min(first.sum(), second.sum(), dense.sum()) > 20
    # Each group has one input channel and two output channels.
    delivered = sum(2 * targets_of(row, column) for _, _, _, row, column in first.nonzero().tolist())
    delivered += 6 * len(second.nonzero()) + (6 * recurrent + 3) * len(dense.nonzero())
    once = 2 * sum(targets_of(row, column, stride=2) for row, column in product(range(5), repeat=2))
    grouped = 4 * sum(targets_of(row, column) for row, column in product(range(3), repeat=2))
    steps = -(-SAMPLES // batch_size)
    parameters = 2 * 10 + 4 * 10 + 6 * 37 + 36 * recurrent + 3 * 7
    return TrainingCost(
        forward_accumulates=delivered,
        forward_multiply_accumulates=SAMPLES * once,
        backward_multiply_accumulates=SAMPLES * STEPS * (grouped + 36 * 6 + 36 * recurrent + 6 * 3),
        gradient_accumulates=delivered,
        gradient_multiply_accumulates=SAMPLES * once,
        weight_updates=steps * parameters,
        optimizer_updates=2 * steps * parameters,
        neuron_updates=2 * SAMPLES * STEPS * (2 * 9 + 4 * 9 + 6 + 3),
    )


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_counts_of_spikes_that_occurred(batch_size):
    """Borders, strides, groups and feedback; a constant image is multiplied once, and gets no error.

    A larger batch changes only how often weights are written.
    """
    cost = trained(network(), images(), batch_size=batch_size)
    assert replace(cost, history_values=0, history_bytes=0) == by_hand(network(), images(), batch_size=batch_size)


def test_pieces_run_forward_twice():
    """Neurons and spikes do, the product of the constant image does not; errors go back once."""
    plain = by_hand(network(recurrent=False), images(), batch_size=2, recurrent=False)
    pieces = trained(network(recurrent=False), images(), batch_size=2, recompute_every=2)
    assert replace(pieces, history_values=0, history_bytes=0) == replace(
        plain,
        forward_accumulates=2 * plain.forward_accumulates,
        neuron_updates=3 * plain.neuron_updates // 2,
    )


def test_history_by_hand():
    """Of an image of 25 pixels each step of each neuron is kept: its spike, and its potential.

    Integrators need neither. Of pieces of one step, a piece is kept and the potentials between.
    """
    image, neurons = 25, 2 * 9 + 4 * 9 + 6
    kept = trained(network(recurrent=False), images(), batch_size=2)
    assert kept.history_values == image + STEPS * 2 * neurons
    assert kept.history_bytes == 4 * kept.history_values
    pieces = trained(network(recurrent=False), images(), batch_size=2, recompute_every=1)
    assert pieces.history_values == image + 2 * neurons + STEPS * (neurons + 3)


def test_history_grows_with_the_steps():
    """The memory of backpropagation through time, and that pieces of it cost little more than the states between."""
    x, y = np.random.default_rng(0).random((6, 4), dtype=np.float32), [0, 1] * 3
    learners = [
        SurrogateGradient("8", steps=steps, epochs=1, recompute_every=every).fit(x, y)
        for steps, every in [(10, None), (40, None), (40, 5)]
    ]
    short, long, pieces = (learner.train_cost_.history_values for learner in learners)
    assert (short, long) == (4 + 10 * 16, 4 + 40 * 16)
    assert pieces == 4 + 5 * 16 + 8 * (8 + 2)


def test_half_precision_halves_spikes():
    """The image, its copy in two bytes, spikes in two bytes, potentials in four; and the 16 weights that errors meet.

    These are copied too, for a batch, which of the two samples that are looked at is a half each.
    """
    x, y = np.random.default_rng(0).random((6, 4), dtype=np.float32), [0, 1] * 3
    full, half = (
        SurrogateGradient("8", steps=3, epochs=1, mixed_precision=mixed).fit(x, y).train_cost_
        for mixed in (False, True)
    )
    assert full.history_bytes == 4 * (4 + 3 * 8 + 3 * 8)
    assert half.history_bytes == 4 * 4 + 2 * 4 + 2 * 3 * 8 + 4 * 3 * 8 + 2 * 16 // 2
    assert full.forward_multiply_accumulates == half.forward_multiply_accumulates == 6 * 4 * 8


def test_a_lateral_connection_learns_nothing():
    """Each spike reaches the two others, and errors go back the same way, but there is no weight to change."""
    torch.manual_seed(0)
    lateral = AllButSelf(-0.1)
    net = Network(
        coding.Direct(steps=STEPS),
        Layer(nn.Linear(4, 3, bias=False), LIF(tau_mem=5e-3, v_threshold=0.05), recurrent=lateral),
        coding.SpikeCount(),
        dt=1e-3,
    )
    x = np.random.default_rng(0).random((SAMPLES, 4), dtype=np.float32)
    spikes = int(run(net, x, rasters=True).rasters["layer1"].sum())
    assert spikes > 0
    cost = trained(net, x, batch_size=2)
    assert (cost.forward_accumulates, cost.gradient_accumulates) == (2 * spikes, 0)
    assert cost.backward_multiply_accumulates == SAMPLES * STEPS * 6


def test_spikes_that_dropout_scales_count_once():
    """Half of the spikes are dropped, and the others weigh 2."""
    net = Network(
        coding.Poisson(steps=STEPS, max_rate=100.0),
        Layer(Dropout(0.5), name="dropped"),
        Layer(nn.Linear(4, 7)),
        coding.SpikeCount(),
        dt=1e-3,
    )
    cost = GradientCost(net, np.ones((1, 4), dtype=np.float32))
    sent = torch.tensor([[[2.0, 0.0, 0.0, 2.0], [0.0, 2.0, 0.0, 0.0]]])
    cost.watch("dropped", sent)
    cost.watch("dropped", sent)
    assert cost.of(4).forward_accumulates == 2 * 3 * 7
    assert cost.of(4).forward_accumulates == 0


@pytest.mark.parametrize("batch_size", [1, 4, 9])
def test_artificial_network_by_hand(batch_size):
    """Two epochs of 9 samples through 4 x 6 and 6 x 2 synapses, zeros included; only the second sends errors back."""
    x, y = np.random.default_rng(0).random((9, 4), dtype=np.float32), np.arange(9) % 2
    twin = Twin("6", epochs=2, batch_size=batch_size).fit(x, y)
    steps = 2 * -(-9 // batch_size)
    assert twin.train_cost_ == TrainingCost(
        forward_multiply_accumulates=18 * (24 + 12),
        backward_multiply_accumulates=18 * 12,
        gradient_multiply_accumulates=18 * (24 + 12),
        weight_updates=steps * (30 + 14),
        optimizer_updates=2 * steps * (30 + 14),
        history_values=4 + 6,
        history_bytes=4 * (4 + 6),
    )
    converted = RateConversion("6", epochs=2, batch_size=batch_size).fit(x, y)
    assert (converted.train_cost_, converted.train_samples_) == (twin.train_cost_, twin.train_samples_)


def test_weights_that_a_mask_holds_at_zero_do_not_count():
    """A kernel of which 5 of 9 weights are synapses, a dense layer of which 4 of 12 are, and 3 of 9 of its feedback."""
    masks = {
        "layer1": torch.tensor([[[[1, 0, 1], [0, 1, 0], [1, 0, 1]]]]).bool(),
        "layer3": torch.tensor([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]).bool(),
    }
    own = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 0, 0]]).bool()
    torch.manual_seed(4)
    feedback = nn.Linear(3, 3, bias=False)
    net = Network(
        coding.Regular(steps=STEPS),
        Layer(nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False), LIF(tau_mem=5e-3, v_threshold=0.01)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(4, 3), LIF(tau_mem=5e-3, v_threshold=0.01), recurrent=feedback),
        coding.SpikeCount(),
        dt=1e-3,
    )
    for name, mask in masks.items():
        net.layers[name].connection.weight.data.abs_()
        parametrize.register_parametrization(net.layers[name].connection, "weight", Masked(mask))
    parametrize.register_parametrization(feedback, "weight", Masked(own))
    x = np.ones((SAMPLES, 1, 4, 4), dtype=np.float32)
    rasters = run(net, x, rasters=True).rasters
    sent, images, dense = rasters["input"], rasters["layer1"], rasters["layer3"]
    assert min(sent.sum(), images.sum(), dense.sum()) > 0
    # Windows begin at -1 and 1, and a pixel meets the weights of the kernel that are in the mask.
    kernel = np.pad(masks["layer1"][0, 0].numpy().astype(int), 4)
    reached = sum(
        kernel[4 + row - r, 4 + column - c]
        for _, _, _, row, column in sent.nonzero().tolist()
        for r, c in product((-1, 1), repeat=2)
    )
    columns = masks["layer3"].sum(0).tolist()
    reached += sum(columns[2 * row + column] for _, _, _, row, column in images.nonzero().tolist())
    reached += len(dense.nonzero())
    cost = trained(net, x, batch_size=SAMPLES)
    assert cost.forward_accumulates == cost.gradient_accumulates == reached
    assert cost.backward_multiply_accumulates == SAMPLES * STEPS * (4 + 3)
    # The dense layer has 3 biases.
    assert (cost.weight_updates, cost.optimizer_updates) == (5 + 4 + 3 + 3, 2 * (5 + 4 + 3 + 3))


def test_folded_normalisation_takes_two_products():
    """Each spike of 4 inputs reaches 3 neurons, once with exact and once with rounded weights."""
    torch.manual_seed(0)
    layers = Layer(nn.Linear(4, 3)), Layer(nn.BatchNorm1d(3), LIF(tau_mem=5e-3))
    net = Network(coding.Regular(steps=STEPS), *layers, coding.SpikeCount(), dt=1e-3)
    net = for_chip(net, "truenorth", (4,), LIF(tau_mem=5e-3))
    x = np.ones((SAMPLES, 4), dtype=np.float32)
    spikes = int(run(deploy(net), x, rasters=True).rasters["input"].sum())
    cost = trained(net, x, batch_size=SAMPLES)
    assert spikes > 0
    assert (cost.forward_accumulates, cost.gradient_accumulates) == (2 * 3 * spikes, 3 * spikes)
    assert cost.backward_multiply_accumulates == 0


def test_what_does_not_learn_gets_no_gradient():
    """A first layer that is fixed is run, but no error comes through the second one to it."""
    net = Network(
        coding.Direct(steps=STEPS),
        Layer(nn.Linear(4, 5), LIF(tau_mem=5e-3)),
        Layer(nn.Linear(5, 3), Integrator()),
        coding.SpikeCount(),
        dt=1e-3,
    )
    net.layers["layer1"].requires_grad_(requires_grad=False)
    cost = trained(net, np.ones((SAMPLES, 4), dtype=np.float32), batch_size=5)
    assert cost.forward_multiply_accumulates == SAMPLES * 20
    assert (cost.backward_multiply_accumulates, cost.gradient_multiply_accumulates) == (0, 0)
    assert (cost.weight_updates, cost.optimizer_updates) == (18, 36)
    assert cost.neuron_updates == SAMPLES * STEPS * (5 + 2 * 3)
