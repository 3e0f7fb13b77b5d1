"""Events and rasters: examples worked out by hand, round trips, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikewright.spikes import Events, from_raster, to_raster

quick = settings(max_examples=50, deadline=None)
counts = arrays(
    np.float32, st.tuples(st.integers(1, 12), st.integers(1, 3), st.integers(1, 4)), elements=st.integers(0, 3)
)


def events(times=(0.0, 0.001), addresses=(0, 1), shape=(2, 2), duration=0.01):
    return Events(np.array(times, dtype=np.float64), np.array(addresses, dtype=np.int64), shape, duration)


def test_raster_counts_the_events_of_each_step():
    recording = events(times=[0.0, 0.0015, 0.0019, 0.002, 0.0099], addresses=[3, 1, 1, 2, 0])
    raster = to_raster(recording, steps=3, dt=1e-3)
    assert raster.tolist() == [[[0, 0], [0, 1]], [[0, 2], [0, 0]], [[0, 0], [1, 0]]]


def test_events_of_a_raster_stand_at_the_start_of_their_steps():
    recording = from_raster(torch.tensor([[[0, 1], [0, 2]], [[1, 0], [0, 0]]]), dt=0.5)
    assert recording.times.tolist() == [0.0, 0.0, 0.0, 0.5]
    assert recording.addresses.tolist() == [1, 3, 3, 0]
    assert (recording.shape, recording.duration, len(recording)) == ((2, 2), 1.0, 4)


@quick
@given(counts, st.sampled_from([1e-4, 1e-3, 0.1, 1 / 3, 7.0]))
def test_raster_to_events_and_back(raster, dt):
    raster = torch.from_numpy(raster)
    assert torch.equal(to_raster(from_raster(raster, dt=dt), steps=len(raster), dt=dt), raster)


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 0.1, 1 / 3])
def test_round_trip_of_many_steps(dt):
    """k * dt / dt is not always k in floating point; the step must be k all the same."""
    raster = torch.ones(20_000, 1)
    assert torch.equal(to_raster(from_raster(raster, dt=dt), steps=20_000, dt=dt), raster)


@quick
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=30))
def test_events_on_the_grid_to_a_raster_and_back(pairs):
    pairs = sorted(pairs)
    recording = events([step * 1e-3 for step, _ in pairs], [address for _, address in pairs], duration=0.041)
    back = from_raster(to_raster(recording, steps=41, dt=1e-3), dt=1e-3)
    assert back.times.tolist() == recording.times.tolist()
    assert back.addresses.tolist() == recording.addresses.tolist()
    assert back.shape == recording.shape


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.bfloat16, torch.float64], ids=str)
def test_rasters_of_any_dtype_become_events(dtype):
    recording = from_raster(torch.tensor([[0, 1], [1, 0]], dtype=dtype), dt=1.0)
    assert recording.addresses.tolist() == [1, 0]
    assert recording.addresses.dtype == np.int64
    assert recording.times.dtype == np.float64


def test_raster_has_the_dtype_asked_for():
    assert to_raster(events(), steps=2, dt=1e-3, dtype=torch.float64).dtype == torch.float64


def test_recording_without_events_is_a_raster_of_zeros():
    silent = events(times=[], addresses=[])
    assert len(silent) == 0
    assert to_raster(silent, steps=3, dt=1e-3).tolist() == [[[0.0, 0.0], [0.0, 0.0]]] * 3
    assert len(from_raster(torch.zeros(3, 2, 2), dt=1e-3)) == 0


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"duration": 0.0}, r"Events\.duration: must be > 0 seconds; got 0\.0\."),
        ({"times": [0.0]}, r"Events: times and addresses must be 1-D and of one length; got \(1,\) and \(2,\)\."),
        ({"times": [[0.0, 1e-3]], "addresses": [[0, 1]]}, r"Events: times and addresses must be 1-D .* \(1, 2\)"),
        ({"addresses": [0, 4]}, r"Events\.addresses: must lie in \[0, 3\] for shape \(2, 2\); got 0 to 4\."),
        ({"addresses": [-1, 0]}, r"Events\.addresses: must lie in \[0, 3\] for shape \(2, 2\); got -1 to 0\."),
        ({"times": [-0.001, 0.0]}, r"Events\.times: must not decrease and must lie in \[0, 0\.01\] seconds\."),
        ({"times": [0.0, 0.02]}, r"Events\.times: must not decrease and must lie in \[0, 0\.01\] seconds\."),
        ({"times": [0.002, 0.001]}, r"Events\.times: must not decrease and must lie in \[0, 0\.01\] seconds\."),
        ({"times": [0.0, math.nan]}, r"Events\.times: must not decrease and must lie in \[0, 0\.01\] seconds\."),
        ({"times": [math.nan], "addresses": [0]}, r"Events\.times: must not decrease and must lie in"),
    ],
)
def test_events_that_cannot_be(change, rule):
    with pytest.raises(ValueError, match=rule):
        events(**change)


def test_to_raster_errors():
    with pytest.raises(ValueError, match=r"to_raster\.steps: must be >= 1; got 0\."):
        to_raster(events(), steps=0, dt=1e-3)
    with pytest.raises(ValueError, match=r"to_raster\.dt: must be > 0 seconds; got 0\.0\."):
        to_raster(events(), steps=1, dt=0.0)


@pytest.mark.parametrize("wrong", [-1.0, 0.5, math.nan])
def test_from_raster_needs_whole_counts(wrong):
    with pytest.raises(
        ValueError, match=rf"from_raster\.raster: must hold whole counts >= 0; got values from {wrong:g}"
    ):
        from_raster(torch.tensor([[wrong, 2.0]]), dt=1e-3)


def test_from_raster_needs_a_step():
    with pytest.raises(ValueError, match=r"from_raster\.dt: must be > 0 seconds; got -1\.0\."):
        from_raster(torch.zeros(1, 1), dt=-1.0)
