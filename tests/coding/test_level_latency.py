"""Latency code of a few levels: its messages, and what training asks of it."""

import pytest
import torch

from spikewright.coding import LevelLatency


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"levels": 1}, r"LevelLatency\.levels: must be >= 2; got 1\."),
        ({"latest": 0.0}, r"LevelLatency\.latest: must be > 0 seconds; got 0\.0\."),
        ({"scale": -1.0}, r"LevelLatency\.scale: must be > 0 events; got -1\.0\."),
    ],
)
def test_messages(parameters, message):
    with pytest.raises(ValueError, match=message):
        LevelLatency(**{"steps": 10, "latest": 5e-3, **parameters})


def test_dark_inputs_must_fire_before_the_run_ends():
    """Ten steps of 1 ms end with step 9, and 10 ms is step 10."""
    encoder = LevelLatency(steps=10, latest=10e-3)
    message = r"LevelLatency\.latest: must come before the run ends, 10 steps of 0\.001 seconds; got 0\.01\."
    with pytest.raises(ValueError, match=message):
        encoder(torch.zeros(1, 2), dt=1e-3, like=torch.zeros(()))


def test_levels_and_their_steps():
    """Four levels at 0, 2, 4 and 6 ms; the borders lie at 5/6, 3/6 and 1/6, and a border belongs to the darker side."""
    encoder = LevelLatency(steps=8, levels=4, latest=6e-3)
    assert encoder.step_of_level(1e-3).tolist() == [0, 2, 4, 6]
    assert encoder.level(torch.tensor([2.0, 0.84, 0.83, 0.51, 0.5, 0.17, 0.16, -1.0])).tolist() == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
    ]
