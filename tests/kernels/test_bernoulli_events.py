"""The drawn spikes against their reference, and against the distribution that they must have."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.kernels import (
    bernoulli_events,
    bernoulli_events_reference,
    bernoulli_raster,
    bernoulli_raster_reference,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("inputs", "steps"), [(0, 5), (1, 1), (7, 0), (33, 101)])
def test_equals_reference(inputs, steps, dtype):
    """Both draw the same random numbers, so every spike is the same; extreme probabilities and seeds included."""
    probability = np.random.default_rng(1).uniform(0, 0.3, (2, inputs)).astype(dtype)[0]
    probability[::5] = 0
    probability[1::7] = 1
    probability[2::7] = 1e-30
    for seed in (0, 17, 2**63 - 1):
        ours = bernoulli_events(probability, steps, seed)
        reference = bernoulli_events_reference(probability, steps, seed)
        for array, expected in zip(ours, reference, strict=True):
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == np.int64
        raster, expected = np.zeros((2, steps, inputs), dtype)
        bernoulli_raster(probability, raster, seed)
        bernoulli_raster_reference(probability, expected, seed)
        np.testing.assert_array_equal(raster, expected)
        assert raster.sum() == len(ours[1])


def test_accepts_rows_that_are_not_contiguous():
    """A column of a matrix is read as it is."""
    table = np.random.default_rng(2).uniform(0, 1, (20, 3))
    raster, expected = np.zeros((30, 40)), np.zeros((30, 20))
    bernoulli_raster(table[:, 1], raster[:, ::2], 5)
    bernoulli_raster(table[:, 1].copy(), expected, 5)
    np.testing.assert_array_equal(raster[:, ::2], expected)
    assert not raster[:, 1::2].any()
    ours = bernoulli_events(table[:, 1], 30, 5)
    for array, expected in zip(ours, bernoulli_events(table[:, 1].copy(), 30, 5), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_spikes_are_independent_with_the_probability():
    """Counts lie within five standard deviations, and so do coincidences of neighbouring steps and inputs."""
    probability, steps, inputs = 0.2, 2000, 50
    offsets, addresses = bernoulli_events(np.full(inputs, probability), steps, 3)
    raster = np.zeros((steps, inputs))
    raster[np.repeat(np.arange(steps), np.diff(offsets)), addresses] = 1
    trials = steps * inputs
    assert raster.sum() == len(addresses)
    assert abs(raster.mean() - probability) < 5 * np.sqrt(probability * (1 - probability) / trials)
    for coincidences in (raster[1:] * raster[:-1], raster[:, 1:] * raster[:, :-1]):
        expected = probability**2
        # Neighbouring products share a factor, which raises the variance: by 2 p^3 (1 - p) a product at most.
        deviation = np.sqrt((expected * (1 - expected) + 2 * probability**3 * (1 - probability)) / coincidences.size)
        assert abs(coincidences.mean() - expected) < 5 * deviation


def test_ends_of_the_range():
    """An input fires in every step at 1 or more, and never at 0 or less."""
    offsets, addresses = bernoulli_events(np.array([1.0, 0.0, 2.0, -1.0]), 3, 9)
    np.testing.assert_array_equal(offsets, [0, 2, 4, 6])
    np.testing.assert_array_equal(addresses, [0, 2, 0, 2, 0, 2])
