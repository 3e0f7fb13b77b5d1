"""Masks: both limits are kept, evenly, by the same seed alike; weights outside stay at 0."""

from __future__ import annotations

from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrize

from spikewright.fitting import Masked, Wiring, draw_masks, seeded

SIZES = st.integers(1, 24)
LIMITS = st.none() | st.integers(1, 30)


def draw_mask(shape, *, fan_in=None, fan_out=None):
    return draw_masks([Wiring(shape, fan_out=fan_out)], fan_in)[0]


@given(targets=SIZES, sources=SIZES, window=st.sampled_from([(), (2, 3)]), fan_in=LIMITS, fan_out=LIMITS)
def test_both_limits_are_kept(targets, sources, window, fan_in, fan_out):
    """Every target has the same number of synapses; sources differ by one target a weight of the window at most."""
    mask = draw_mask((targets, sources, *window), fan_in=fan_in, fan_out=fan_out)
    each = mask.flatten(1).sum(1)
    assert len(set(each.tolist())) == 1
    assert each[0] >= 1
    assert fan_in is None or each[0] <= fan_in
    columns = mask.flatten(1).sum(0)
    assert columns.max() - columns.min() <= 1
    reached = mask.transpose(0, 1).flatten(1).sum(1)
    possible = fan_out is not None and fan_out // prod(window) * sources * prod(window) >= targets
    assert not possible or reached.max() <= fan_out


@pytest.mark.parametrize(
    ("limits", "kept"),
    [({}, 12), ({"fan_in": 12}, 12), ({"fan_in": 5}, 5), ({"fan_out": 4}, 6), ({"fan_in": 5, "fan_out": 2}, 3)],
)
def test_as_many_synapses_as_the_limits_allow(limits, kept):
    """8 targets share the synapses of 12 sources: 2 of each are 24 in all, 3 a target."""
    assert draw_mask((8, 12), **limits).sum(1).tolist() == [kept] * 8


@pytest.mark.parametrize(
    ("wirings", "fan_in", "kept"),
    [
        ([Wiring((5, 12)), Wiring((5, 5))], None, [12, 5]),
        ([Wiring((5, 12)), Wiring((5, 5))], 17, [12, 5]),
        ([Wiring((5, 12)), Wiring((5, 5))], 9, [6, 2]),  # 9/17 of 12 and of 5, rounded down
        ([Wiring((5, 12)), Wiring((5, 5), fan_out=2)], 9, [7, 1]),  # 9/14 of 12 and of 2
        ([Wiring((5, 12), pooled=4)], 20, [5]),  # five weights are synapses of 20 neurons
        ([Wiring((5, 12), pooled=4), Wiring((5, 5))], 20, [4, 1]),  # 20/53 of 12 and of 5
        ([Wiring((5, 50)), Wiring((5, 1))], 3, [2, 1]),  # none has no synapse at all
    ],
)
def test_connections_to_the_same_targets_share_the_fan_in(wirings, fan_in, kept):
    masks = draw_masks(wirings, fan_in)
    assert [tuple(mask.shape) for mask in masks] == [wiring.shape for wiring in wirings]
    assert [mask.sum(1).tolist() for mask in masks] == [[each] * 5 for each in kept]


def test_masks_come_from_the_seed():
    def draw(seed):
        with seeded(seed):
            return draw_mask((20, 30), fan_in=10)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_nothing_is_drawn_where_there_is_nothing_to_choose():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert draw_mask((4, 6), fan_in=6, fan_out=9).all()
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_outside_stay_at_zero_in_training():
    torch.manual_seed(0)
    connection = nn.Linear(6, 4)
    mask = draw_mask((4, 6), fan_in=2)
    parametrize.register_parametrization(connection, "weight", Masked(mask))
    trained = connection.parametrizations.weight.original
    assert trained[~mask].eq(0).all()
    optimiser = torch.optim.AdamW(connection.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        connection(torch.rand(5, 6)).square().sum().backward()
        optimiser.step()
    assert connection.weight[~mask].eq(0).all()
    assert not connection.weight[~mask].signbit().any()
    assert trained[~mask].eq(0).all()
    assert connection.weight[mask].ne(0).all()
    assert connection.parametrizations.weight.original.grad[~mask].eq(0).all()
