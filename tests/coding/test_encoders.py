"""Encoders: properties, round trips and errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikewright import coding
from spikewright.spikes import Events, to_raster

LIKE = torch.zeros((), dtype=torch.float64)
quick = settings(max_examples=50, deadline=None)
unit = st.floats(0, 1)


def encode(encoder, samples, *, dt=1e-3, seed=0):
    return encoder(samples, dt=dt, like=LIKE, generator=torch.Generator().manual_seed(seed))


def first_steps(raster):
    """The step of the first spike of each input, ``steps`` where there is none."""
    steps = torch.arange(len(raster)).reshape(-1, *(1 for _ in raster.shape[1:]))
    return torch.where(raster > 0, steps, len(raster)).amin(0)


def test_arrays_that_torch_does_not_take_are_copied():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    mirrored = x[:, ::-1]
    x.flags.writeable = False  # as in a memory map of another process
    assert encode(coding.Direct(steps=1), x)[0].tolist() == x.tolist()
    assert encode(coding.Direct(steps=1), mirrored)[0].tolist() == mirrored.tolist()


def test_gradient_reaches_samples_that_are_tensors():
    x = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    encode(coding.Direct(steps=4), x).sum().backward()
    assert x.grad.tolist() == [[4.0] * 3] * 2


def test_error_tells_what_came_instead_of_an_array():
    with pytest.raises(ValueError, match=r"Direct: takes one array of numbers; got a list of list\. For recordings"):
        encode(coding.Direct(steps=1), [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"Direct: takes one array of numbers; got no samples\."):
        encode(coding.Direct(steps=1), [])


def test_transforms_are_applied_in_order():
    encoder = coding.Direct(steps=1, before=(coding.Rescale(0.0, 4.0), coding.Standardise(0.5, 0.25)))
    assert encode(encoder, np.array([[1.0, 3.0]])).tolist() == [[[-1.0, 1.0]]]


@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_poisson_rate(value):
    """The number of spikes in n steps is binomial; five standard deviations are left in 6 of 10 million runs."""
    n, p = 40_000, value * 200.0 * 1e-3
    raster = encode(coding.Poisson(steps=400, max_rate=200.0), np.full((100, 1), value), seed=5)
    assert abs(float(raster.sum()) - n * p) < 5 * math.sqrt(n * p * (1 - p))


def test_poisson_steps_are_independent():
    """Spikes in two steps in a row occur at the square of the rate, within five standard deviations of n / 2 pairs."""
    n, p = 40_000, 0.3
    raster = encode(coding.Poisson(steps=2, max_rate=300.0), np.ones((n, 1)), seed=6)
    assert abs(float((raster[0] * raster[1]).sum()) - n * p**2) < 5 * math.sqrt(n * p**2 * (1 - p**2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_poisson_in_half_precision(dtype):
    """Drawn by torch, with the same rate."""
    x = torch.full((40_000,), 0.5, dtype=dtype)
    raster = coding.Poisson(steps=2, max_rate=600.0).encode(x, dt=1e-3, generator=torch.Generator().manual_seed(7))
    assert raster.dtype == dtype
    assert abs(float(raster.float().mean()) - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 80_000)


def test_poisson_needs_a_rate():
    with pytest.raises(ValueError, match=r"Poisson\.max_rate: must be > 0 Hz; got 0\.0\."):
        coding.Poisson(steps=1, max_rate=0.0)


@quick
@given(arrays(np.float64, (2, 5), elements=unit), st.integers(1, 30), st.sampled_from([None, 2e-3, 5e-2]), unit)
def test_latency_is_monotone_and_fires_once(x, steps, tau, minimum):
    raster = encode(coding.Latency(steps=steps, tau=tau, minimum=minimum), x)
    assert raster.sum(0).max() <= 1
    assert not raster.sum(0)[torch.from_numpy(x) <= minimum].any()
    late = first_steps(raster).flatten()
    bright = torch.from_numpy(x).flatten().argsort(descending=True, stable=True)
    assert (late[bright].diff() >= 0).all()


@quick
@given(arrays(np.float64, (1, 6), elements=unit), st.integers(2, 100))
def test_linear_latency_gives_the_value_back_within_half_a_step(x, steps):
    late = first_steps(encode(coding.Latency(steps=steps), x))
    fired = x > 0
    value = 1 - late.numpy() / (steps - 1)
    assert (np.abs(value - x)[fired] <= 0.5 / (steps - 1) + 1e-12).all()


def test_logarithmic_latency_turns_contrast_into_a_shift():
    """Half the light is tau * ln 2 later: 20 ms * 0.693 = 13.86 ms, or 139 steps of 0.1 ms, wherever it starts."""
    late = first_steps(encode(coding.Latency(steps=600, tau=0.02), np.array([[1.0, 0.5, 0.25, 0.125]]), dt=1e-4))
    assert late.tolist() == [[0, 139, 277, 416]]


def test_values_above_one_count_as_one():
    raster = encode(coding.Latency(steps=3), np.array([[1.5, 1.0]]))
    assert raster[0].tolist() == [[1.0, 1.0]]


def test_latency_errors():
    with pytest.raises(ValueError, match=r"Latency\.minimum: must lie in \[0, 1\]; got -0\.1\."):
        coding.Latency(steps=1, minimum=-0.1)
    with pytest.raises(ValueError, match=r"Latency\.tau: must be > 0 seconds; got 0\.0\. For a linear code use None\."):
        coding.Latency(steps=1, tau=0.0)


@quick
@given(arrays(np.float64, (2, 7), elements=st.floats(0, 4)), st.integers(1, 12))
def test_rank_order_sees_order_only(x, steps):
    """A monotone map of the values changes nothing, and equal values share a step."""
    raster = encode(coding.RankOrder(steps=steps), x)
    # Rank, from the smallest, keeps order and ties exactly; an analytic map could round two values into one.
    ranks = np.stack([np.unique(sample, return_inverse=True)[1] + (sample.min() > 0) for sample in x])
    assert torch.equal(encode(coding.RankOrder(steps=steps), ranks**3), raster)


@pytest.mark.parametrize("steps", [1, 4, 10])
def test_rank_order_spreads_distinct_values_evenly(steps):
    """Forty values in 1, 4 or 10 steps: 40, 10 or 4 a step, the largest first."""
    values = np.random.default_rng(2).permutation(40) + 1.0
    raster = encode(coding.RankOrder(steps=steps), values.reshape(1, 5, 8))
    assert raster.sum((1, 2, 3)).tolist() == [40 / steps] * steps
    assert sorted(values[raster[0].flatten() == 1]) == list(range(41 - 40 // steps, 41))


def test_rank_order_minimum_silences_and_leaves_the_steps_to_the_rest():
    raster = encode(coding.RankOrder(steps=2, minimum=0.3), np.array([[0.3, 0.2, 0.5, 0.4]]))
    assert raster.tolist() == [[[0, 0, 1, 0]], [[0, 0, 0, 1]]]
    with pytest.raises(ValueError, match=r"RankOrder\.minimum: must be finite; got nan\."):
        coding.RankOrder(steps=2, minimum=math.nan)


def test_rank_order_takes_samples_that_are_not_contiguous():
    x = torch.rand(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).T
    assert torch.equal(encode(coding.RankOrder(steps=3), x), encode(coding.RankOrder(steps=3), x.contiguous()))


@quick
@given(arrays(np.float64, (2, 3), elements=unit), st.integers(1, 16))
def test_phases_decode_to_the_nearest_level(x, bits):
    raster = encode(coding.Phase(steps=2 * bits, bits=bits), x)
    weights = 2.0 ** torch.arange(bits - 1, -1, -1, dtype=torch.float64)
    levels = torch.tensordot(weights, raster[:bits], 1)
    assert torch.equal(levels, torch.from_numpy(np.floor(x * (2**bits - 1) + 0.5)))
    assert torch.equal(raster[:bits], raster[bits:])


def test_phase_gives_the_bytes_of_an_image_back_in_float32():
    pixels = np.arange(256, dtype=np.uint8)
    x = (pixels / np.float32(255)).reshape(1, 256)
    raster = coding.Phase(steps=8)(x, dt=1e-3, like=torch.zeros(()))
    assert np.array_equal(np.packbits(raster[:, 0].numpy().astype(np.uint8), axis=0)[0], pixels)


@pytest.mark.parametrize(("bits", "rule"), [(0, "must be >= 1; got 0"), (17, r"must lie in \[1, 16\]; got 17")])
def test_phase_errors(bits, rule):
    with pytest.raises(ValueError, match=rf"Phase\.bits: {rule}\."):
        coding.Phase(steps=8, bits=bits)


@pytest.mark.parametrize("fields", [3, 5, 8])
def test_population_fires_first_where_the_value_is(fields):
    """The centres are (2i - 3) / (2 (n - 2)); at each of them that field fires in step 0, alone."""
    centres = [(2 * i - 3) / (2 * (fields - 2)) for i in range(1, fields + 1)]
    raster = encode(coding.Population(steps=20, fields=fields), np.array(centres).reshape(-1, 1))
    assert raster.shape == (20, fields, 1, fields)
    assert torch.equal(raster[0, :, 0], torch.eye(fields, dtype=torch.float64))


@quick
@given(st.floats(0.05, 0.95), st.floats(1.0, 2.0))
def test_population_decodes_by_the_ratio_of_two_fields(value, sharpness):
    """ln(a / b) of two Gaussians is linear in x; the steps give each activation within 1/2 of a step of 1/9999."""
    fields, steps = 6, 10_000
    raster = encode(
        coding.Population(steps=steps, fields=fields, sharpness=sharpness, minimum=0.0), np.array([[value]])
    )
    activation = 1 - first_steps(raster)[0, 0].numpy() / (steps - 1)
    i = int(np.floor(value * (fields - 2) + 0.5))
    left, right = (i - 0.5) / (fields - 2), (i + 0.5) / (fields - 2)
    width = 1 / (sharpness * (fields - 2))
    decoded = (left + right) / 2 + width**2 / (right - left) * np.log(activation[i + 1] / activation[i])
    # Of two neighbours the weaker has at least exp(-sharpness**2 / 2) > 0.13, so its logarithm is known to 5e-5 / 0.13.
    assert abs(decoded - value) < width**2 / (right - left) * 2 * 5.1e-5 / 0.13


def test_population_errors():
    with pytest.raises(ValueError, match=r"Population\.fields: must be >= 3; got 2\."):
        coding.Population(steps=1, fields=2)
    with pytest.raises(ValueError, match=r"Population\.sharpness: must be > 0; got 0\.0\."):
        coding.Population(steps=1, fields=3, sharpness=0.0)
    with pytest.raises(ValueError, match=r"Population\.minimum: must lie in \[0, 1\]; got 2\.0\."):
        coding.Population(steps=1, fields=3, minimum=2.0)


@quick
@given(
    arrays(np.float64, (2, 3, 8, 2), elements=st.floats(-1, 1)), st.integers(1, 4), st.sampled_from([0.1, 0.25, 3.0])
)
def test_delta_gives_the_signal_back_within_one_threshold(moves, hold, threshold):
    """The signal moves by at most ``hold`` thresholds a row; rounding of its sum is far below 1e-9."""
    signal = np.cumsum(moves * hold * threshold, axis=2)
    encoder = coding.Delta(steps=8 * hold, threshold=threshold, hold=hold)
    on, off = encode(encoder, signal).chunk(2, dim=-1)
    assert not (on * off).any()
    sent = threshold * (on - off).cumsum(0)[hold - 1 :: hold]
    expected = torch.from_numpy(signal).movedim(2, 0).flatten(2)
    assert (sent - expected).abs().max() < threshold + 1e-9


def test_delta_sends_a_fast_change_late():
    """A jump of three thresholds takes three steps."""
    on, off = encode(coding.Delta(steps=5, threshold=0.5), np.full((1, 5, 1), 1.5)).chunk(2, dim=-1)
    assert on.flatten().tolist() == [1, 1, 1, 0, 0]
    assert not off.any()


def test_delta_errors():
    with pytest.raises(ValueError, match=r"Delta\.threshold: must be > 0; got -1\.0\."):
        coding.Delta(steps=1, threshold=-1.0)
    with pytest.raises(ValueError, match=r"Delta\.hold: must be >= 1; got 0\."):
        coding.Delta(steps=1, threshold=1.0, hold=0)
    with pytest.raises(
        ValueError, match=r"Delta\.steps: must be 10 for samples of 5 rows that last 2 steps each; got 5\."
    ):
        encode(coding.Delta(steps=5, threshold=1.0, hold=2), np.zeros((1, 5, 3)))
    with pytest.raises(ValueError, match=r"Delta: takes samples with rows, .* got \(5, 3\)\."):
        encode(coding.Delta(steps=5, threshold=1.0), np.zeros((5, 3)))


def test_sweep_is_the_code_of_each_row_in_turn():
    x = np.random.default_rng(4).random((3, 2, 5, 4))
    row_code = coding.Phase(steps=6, bits=3)
    sweep = coding.Sweep(steps=30, encoder=row_code)
    rows = [encode(row_code, x[:, :, row].reshape(3, 8)) for row in range(5)]
    assert sweep.hold == 6
    assert torch.equal(encode(sweep, x), torch.cat(rows))


def test_sweep_keeps_the_axes_that_the_code_of_a_row_adds():
    raster = encode(coding.Sweep(steps=10, encoder=coding.Population(steps=2, fields=4)), np.zeros((3, 2, 5, 7)))
    assert raster.shape == (10, 3, 14, 4)


def test_sweep_applies_both_kinds_of_transform():
    """Its own see whole samples, those of the row's code see rows."""
    row_code = coding.Direct(steps=1, before=(coding.Standardise(torch.tensor([1.0, 2.0]), 1.0),))
    sweep = coding.Sweep(steps=2, encoder=row_code, before=(coding.Rescale(0.0, 10.0),))
    raster = encode(sweep, np.array([[[[10.0, 20.0], [5.0, 0.0]]]]))
    assert raster.tolist() == [[[0.0, -1.0]], [[-0.5, -2.0]]]


def test_sweep_error():
    with pytest.raises(
        ValueError, match=r"Sweep\.steps: must be 12 for samples of 4 rows that last 3 steps each; got 9\."
    ):
        encode(coding.Sweep(steps=9, encoder=coding.Direct(steps=3)), np.zeros((2, 1, 4, 3)))


@st.composite
def recordings(draw):
    times = sorted(draw(st.lists(st.floats(0, 0.05), max_size=30)))
    addresses = draw(st.lists(st.integers(0, 5), min_size=len(times), max_size=len(times)))
    return Events(np.array(times, dtype=np.float64), np.array(addresses, dtype=np.int64), (2, 3), 0.05)


@quick
@given(st.lists(recordings(), min_size=1, max_size=4), st.integers(1, 60))
def test_event_frames_preserve_counts(events, steps):
    counts = encode(coding.EventFrames(steps=steps, clip=False), events)
    clipped = encode(coding.EventFrames(steps=steps), events)
    for k, recording in enumerate(events):
        # An event within a billionth of a step before a boundary counts as on it.
        inside = recording.times < (steps - 1e-9) * 1e-3
        expected = np.bincount(recording.addresses[inside], minlength=6)
        assert counts[:, k].sum(0).flatten().tolist() == expected.tolist()
        assert torch.equal(counts[:, k], to_raster(recording, steps=steps, dt=1e-3, dtype=torch.float64))
    assert torch.equal(clipped, counts.clamp(max=1))


@quick
@given(st.lists(recordings(), min_size=1, max_size=4))
def test_event_image_counts_whatever_the_step(events):
    """The scale is a power of two, so that nothing rounds."""
    image = encode(coding.EventImage(steps=3, scale=32.0), events, dt=7.0)
    expected = [np.bincount(recording.addresses, minlength=6) / 32 for recording in events]
    assert image[2].flatten(1).tolist() == np.stack(expected).tolist()


def test_transforms_see_frames_of_events():
    """What they give is analog, and clipped like the counts."""
    events = [Events(np.array([0.0, 1e-3, 1e-3]), np.array([1, 0, 0]), (2,), 0.01)]
    encoder = coding.EventFrames(steps=2, before=(coding.Standardise(torch.tensor([1.0, 0.5]), 2.0),))
    assert not encoder.spiking
    assert encode(encoder, events).tolist() == [[[0.0, 0.25]], [[0.5, 0.0]]]


def test_transforms_see_images_of_events():
    events = [Events(np.array([0.0, 1e-3, 1e-3]), np.array([1, 0, 0]), (2,), 0.01)]
    encoder = coding.EventImage(steps=1, scale=4.0, before=(coding.Standardise(1.0, 0.5),))
    assert encode(encoder, events).tolist() == [[[-1.0, -1.5]]]


def test_arrays_of_objects_are_recordings_too():
    recording = Events(np.array([0.0]), np.array([1]), (2,), 0.01)
    batch = np.empty(2, dtype=object)
    batch[:] = [recording, recording]
    assert encode(coding.EventFrames(steps=1), batch).tolist() == [[[0.0, 1.0], [0.0, 1.0]]]


@pytest.mark.parametrize(
    "encoder",
    [coding.EventFrames(steps=2), coding.EventImage(steps=2, scale=1.0), coding.RecordingFrames(steps=2)],
)
def test_event_errors(encoder):
    name = type(encoder).__name__
    small, large = (Events(np.array([0.0]), np.array([0]), (size,), 0.01) for size in (2, 3))
    with pytest.raises(ValueError, match=rf"{name}: all recordings .* one shape; got \[\(2,\), \(3,\)\]\."):
        encode(encoder, [large, small])
    with pytest.raises(ValueError, match=rf"{name}: takes recordings of events, .* got no samples\. For arrays"):
        encode(encoder, [])
    with pytest.raises(ValueError, match=rf"{name}: takes recordings of events, .* got a list of Events\. For arrays"):
        encode(encoder, [small, 3.0])


def test_event_image_needs_a_scale():
    with pytest.raises(ValueError, match=r"EventImage\.scale: must be > 0 events; got 0\.0\."):
        coding.EventImage(steps=1, scale=0.0)
