"""Causal spikes, counted one by one."""

from math import inf

import torch

from spikewright.cost import TrainingCost
from spikewright.learners._first_spike_cost import causal_cost, causal_inputs, causal_inputs_of_levels

END = 20.0


def times(*shape, seed):
    """Times from 1 to 25, a third of them none, a tenth the same as others."""
    generator = torch.Generator().manual_seed(seed)
    z = 1 + 24 * torch.rand(shape, generator=generator)
    z[torch.rand(shape, generator=generator) < 1 / 3] = inf
    z[torch.rand(shape, generator=generator) < 0.1] = 5.0
    return z


def test_inputs_before_a_spike_or_the_end():
    """An input at the time of the spike has no part in it."""
    z, z_out = times(7, 31, seed=0), times(7, 12, seed=1)
    expected = [[sum(now < min(fired, END) for now in row) for fired in out] for row, out in zip(z, z_out, strict=True)]
    assert causal_inputs(z, z_out, END).tolist() == expected


def test_inputs_that_share_times():
    """The same count from levels, and none comes after the end."""
    at = torch.tensor([1.0, 2.5, 5.0, 6.0])
    level = torch.randint(0, 4, (7, 31), generator=torch.Generator().manual_seed(2))
    z_out = times(7, 12, seed=3)
    assert torch.equal(causal_inputs_of_levels(level, at, z_out), causal_inputs(at[level], z_out, END))


def test_cost_of_a_layer_by_hand():
    """The neuron at 3 gets an error, that at 4 gets none, and the third is silent: it uses its inputs forward only."""
    z_out = torch.tensor([[3.0, 4.0, inf]], requires_grad=True)
    z_out.grad = torch.tensor([[0.5, 0.0, 0.0]])
    causal = torch.tensor([[5, 6, 7]])
    forward = TrainingCost(forward_accumulates=18, forward_multiply_accumulates=18, gradient_multiply_accumulates=5)
    assert causal_cost(causal, z_out, first=True) == forward
    assert causal_cost(causal, z_out, first=False) == forward + TrainingCost(backward_multiply_accumulates=5)
