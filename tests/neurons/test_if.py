"""IF against counts that can be worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.neurons import IF


@given(start=st.integers(0, 31), charge=st.integers(0, 32), steps=st.integers(1, 40))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_soft_reset_counts_are_exact(start, charge, steps):
    """T steps of x give floor((v_start + T x) / v_threshold) spikes; in 32nds of the threshold all sums are exact."""
    x = torch.full((steps, 1, 1), charge / 32)
    spikes, state = IF(v_start=start / 32).scan(x, dt=1e-3)
    count, rest = divmod(start + steps * charge, 32)
    assert spikes.sum() == count
    assert state.v.item() == rest / 32


@pytest.mark.parametrize("charge", [0.07, 0.3, 0.55, 1.0])
def test_hard_reset_loses_what_passes_the_threshold(charge):
    """The period is ceil(v_threshold / x), so the rate lies below x."""
    spikes, _ = IF(v_reset=0.0).scan(torch.full((300, 1, 1), charge, dtype=torch.float64), dt=1e-3)
    assert spikes.flatten().nonzero().flatten().diff().unique().tolist() == [math.ceil(1 / charge)]


def test_start_may_differ_per_neuron():
    """Each neuron starts at its own value and fires that much earlier."""
    model = IF(v_start=torch.tensor([0.0, 0.5, 0.75]))
    spikes, _ = model.scan(torch.full((8, 2, 3), 0.125), dt=1e-3)
    assert (spikes.argmax(0) + 1).tolist() == [[8, 4, 2]] * 2
