"""Readouts: properties, gradients of parameters and errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikewright import coding

quick = settings(max_examples=50, deadline=None)
rasters = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(2), st.just(4)), elements=st.sampled_from([0.0, 1.0]))


@quick
@given(rasters)
def test_first_spike_ranks_by_the_first_spike(raster):
    """The score is the steps left when it came, 0 if it never did."""
    steps = len(raster)
    first = np.where(raster.any(0), raster.argmax(0), steps)
    assert coding.FirstSpike()(torch.from_numpy(raster)).tolist() == (steps - first).tolist()


@quick
@given(rasters, st.data())
def test_gradient_of_first_spike_is_what_one_spike_changes(raster, data):
    """Turning one spike on or off changes the score by exactly its derivative there."""
    outputs = torch.from_numpy(raster).requires_grad_()
    readout = coding.FirstSpike()
    readout(outputs).sum().backward()
    place = tuple(data.draw(st.integers(0, size - 1)) for size in raster.shape)
    toggled = torch.from_numpy(raster).clone()
    toggled[place] = 1 - toggled[place]
    change = readout(toggled).sum() - readout(torch.from_numpy(raster)).sum()
    assert float(change) == float(outputs.grad[place] * (toggled[place] - raster[place]))


def test_neurons_that_fire_first_together_are_told_apart_by_index():
    outputs = torch.tensor([[[0.0, 1.0, 1.0]], [[1.0, 0.0, 1.0]]])
    assert coding.FirstSpike()(outputs).argmax(-1).tolist() == [1]


def test_gradient_of_the_maximum_goes_to_its_step():
    outputs = torch.tensor([[[1.0]], [[3.0]], [[2.0]]], requires_grad=True)
    coding.MembraneMaximum()(outputs).sum().backward()
    assert outputs.grad.flatten().tolist() == [0.0, 1.0, 0.0]


@quick
@given(rasters)
def test_population_vote_is_the_class_vote_of_consecutive_groups_times_their_size(raster):
    outputs = torch.from_numpy(raster)
    vote = coding.ClassVote(torch.tensor([0, 0, 1, 1]), classes=2)
    assert torch.equal(coding.PopulationVote(2).over_time(outputs), 2 * vote.over_time(outputs))


def test_population_vote_errors():
    with pytest.raises(ValueError, match=r"PopulationVote\.classes: must be >= 1; got 0\."):
        coding.PopulationVote(0)
    with pytest.raises(ValueError, match=r"PopulationVote: takes a multiple of 4 neurons, one group a class; got 6\."):
        coding.PopulationVote(4)(torch.zeros(3, 2, 6))


def test_class_vote_without_any_labelled_neuron_scores_nothing():
    vote = coding.ClassVote(torch.full((3,), -1), classes=2)
    assert vote(torch.ones(5, 1, 3)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        (torch.tensor([0.0, 1.0]), r"must be int64, one a neuron, shape \(neuron,\); got torch.float32, shape \(2,\)"),
        (torch.tensor([[0, 1]]), r"must be int64, one a neuron, .* got torch.int64, shape \(1, 2\)"),
        (torch.tensor([], dtype=torch.int64), r"must be int64, one a neuron, .* shape \(0,\)"),
        (torch.tensor([0, 2]), r"must lie in \[-1, 1\], -1 for no class; got 0 to 2"),
        (torch.tensor([-2, 1]), r"must lie in \[-1, 1\], -1 for no class; got -2 to 1"),
    ],
)
def test_class_vote_checks_its_labels(labels, rule):
    with pytest.raises(ValueError, match=rf"ClassVote\.labels: {rule}\."):
        coding.ClassVote(labels, classes=2)


def test_class_vote_errors():
    with pytest.raises(ValueError, match=r"ClassVote\.classes: must be >= 1; got 0\."):
        coding.ClassVote(torch.tensor([0]), classes=0)
    with pytest.raises(ValueError, match=r"ClassVote: has labels for 2 neurons; got 3\."):
        coding.ClassVote(torch.tensor([0, 1]), classes=2)(torch.zeros(4, 1, 3))


def test_linear_readout_learns_weight_and_bias():
    generator = torch.Generator().manual_seed(1)
    weight, bias, outputs = (
        torch.rand(*shape, dtype=torch.float64, generator=generator) for shape in ((3, 4), (3,), (5, 2, 4))
    )
    assert torch.autograd.gradcheck(
        lambda w, b: coding.LinearReadout(w, b)(outputs), (weight.requires_grad_(), bias.requires_grad_())
    )


def test_linear_readout_starts_from_the_bias():
    """Without spikes the scores are the bias, from the first step on."""
    readout = coding.LinearReadout(torch.ones(2, 3), torch.tensor([4.0, -5.0]))
    assert readout.over_time(torch.zeros(3, 1, 3)).tolist() == [[[4.0, -5.0]]] * 3


def test_linear_readout_errors():
    with pytest.raises(ValueError, match=r"LinearReadout: weight must .* got \(2, 3\) and \(3,\)\."):
        coding.LinearReadout(torch.zeros(2, 3), torch.zeros(3))
    with pytest.raises(ValueError, match=r"LinearReadout: weight must .* got \(2,\) and \(2,\)\."):
        coding.LinearReadout(torch.zeros(2), torch.zeros(2))
    with pytest.raises(ValueError, match=r"LinearReadout: has weights for 3 neurons; got 4\."):
        coding.LinearReadout(torch.zeros(2, 3), torch.zeros(2))(torch.zeros(5, 1, 4))
