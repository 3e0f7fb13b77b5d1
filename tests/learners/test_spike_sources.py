"""Lists of spikes are those of the encoder."""

from __future__ import annotations

import numpy as np
import torch

from spikewright.coding import EventFrames, Poisson
from spikewright.learners._spike_sources import spike_source
from spikewright.spikes import Events


def raster_of(offsets, addresses, inputs):
    """Return spikes as a matrix, shape (time, in)."""
    raster = np.zeros((len(offsets) - 1, inputs))
    np.add.at(raster, (np.repeat(np.arange(len(raster)), np.diff(offsets)), addresses), 1)
    return raster


def test_recordings_have_the_spikes_of_event_frames():
    """Several events of one input in a step are one spike, and events after the last step are left out."""
    rng = np.random.default_rng(1)
    made = [Events(np.sort(rng.uniform(0, 0.05, 400)), rng.integers(0, 12, 400), (3, 4), 0.05) for _ in range(3)]
    source = spike_source(made, steps=40, dt=1e-3, max_rate=10.0, brighten=1.0)
    assert source.encoder == EventFrames(steps=40)
    assert source.shape == (3, 4)
    raster = source.encoder(made, dt=1e-3, like=torch.zeros(())).flatten(2).numpy()
    for number in range(3):
        np.testing.assert_array_equal(raster_of(*source.spikes(number, seed=0), 12), raster[:, number])
    np.testing.assert_allclose(source.rate, raster.sum() / (3 * 0.04))


def test_numbers_have_the_rates_of_the_poisson_code():
    """Samples are brought into [0, 1]; counts of 4000 steps lie within five standard deviations of the expected."""
    x = np.array([[-2.0, 0.0, 2.0], [1.0, 1.0, 1.0]], np.float32)
    source = spike_source(x, steps=4000, dt=1e-3, max_rate=200.0, brighten=0.0)
    assert isinstance(source.encoder, Poisson)
    scaled = np.array([[0.0, 0.5, 1.0], [0.75, 0.75, 0.75]])
    np.testing.assert_allclose(source.rate, 200 * scaled.sum(1).mean(), rtol=1e-6)
    for number in range(2):
        counts = raster_of(*source.spikes(number, seed=7), 3).sum(0)
        expected = 4000 * 0.2 * scaled[number]
        assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()
    first, second = (source.spikes(0, seed)[1] for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_dim_samples_have_the_rates_of_brighter_ones():
    """The second of three is raised to 0.8 of the mean brightness 1; the rate is told of the samples as they came."""
    x = np.array([[0.9, 0.1, 1.0], [0.0, 0.1, 0.1], [0.4, 0.4, 0.0]], np.float32)
    source = spike_source(x, steps=8000, dt=1e-3, max_rate=200.0, brighten=0.8)
    np.testing.assert_allclose(source.rate, 200.0, rtol=1e-6)
    shown = np.array([[0.9, 0.1, 1.0], [0.0, 0.4, 0.4], [0.4, 0.4, 0.0]])
    in_use = source.encoder(x, dt=1e-3, like=torch.zeros(()), generator=torch.Generator().manual_seed(3)).sum(0).numpy()
    for number in range(3):
        counts = raster_of(*source.spikes(number, seed=7), 3).sum(0)
        expected = 8000 * 0.2 * shown[number]
        assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()
        assert (np.abs(in_use[number] - expected) <= 5 * np.sqrt(expected)).all()
