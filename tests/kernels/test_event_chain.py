"""The event-driven kernels agree with their references: the same additions in the same order give the same bits."""

from itertools import pairwise

import numpy as np
import pytest

from spikewright import kernels

DTYPES = [np.float32, np.float64]
MODELS = {"IF": kernels.IF_MODEL, "LIF": kernels.LIF_MODEL, "CurrentIF": kernels.CURRENT_IF_MODEL}
THRESHOLD, RESET = 3, 4
"""Rows of ``numbers``."""
WIDTH = 6
"""Column of ``layers``."""


def draw_numbers(rng, size, dtype):
    """Draw the numbers of neurons that are near their thresholds, some of them extreme."""
    numbers = rng.uniform(0.1, 0.9, (7, size)).astype(dtype)
    numbers[THRESHOLD, : size // 4] = np.inf
    return numbers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["event_if", "event_lif", "event_current_if"])
@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 1), (3, 40)])
def test_neurons(dtype, name, subtract, begin, end):
    """Some of them fire, some of those once only."""
    rng = np.random.default_rng(end)
    numbers = draw_numbers(rng, 64, dtype)
    numbers[RESET, 30:] = -np.inf
    charges = rng.normal(size=64).astype(dtype)
    charges[:3] = 1e30, -1e30, 1e-30
    state = [rng.normal(size=64).astype(dtype) for _ in range(2 if name == "event_current_if" else 1)]
    ours, plain = [s.copy() for s in state], [s.copy() for s in state]
    fired, flags = np.full(64, 7, np.uint8), np.full(64, 7, np.uint8)
    count = 0
    for _ in range(3):
        found = getattr(kernels, name)(begin, end, numbers, charges, subtract, *ours, fired)
        assert found == getattr(kernels, f"{name}_reference")(begin, end, numbers, charges, subtract, *plain, flags)
        np.testing.assert_array_equal(ours, plain)
        np.testing.assert_array_equal(fired, flags)
        count += fired[begin:end].sum()
    assert end < 2 or (count and not np.array_equal(ours, state))


@pytest.mark.parametrize("share", [0.0, 0.07, 1.0])
@pytest.mark.parametrize(("begin", "end"), [(0, 0), (64, 128), (64, 320)])
def test_list_fired(share, begin, end):
    """From none to more than eight of 64; the first and the last address too."""
    rng = np.random.default_rng(end)
    fired = (rng.random(320) < share).astype(np.uint8)
    fired[[64, 319]] = share > 0
    lists = []
    for function in (kernels.list_fired, kernels.list_fired_reference):
        events = np.zeros(340, np.int32)
        last = function(begin, end, fired, 3, events)
        lists.append(events[3:last])
    np.testing.assert_array_equal(*lists)
    assert (len(lists[0]) > 0) == (share > 0 and end > 0)


@pytest.mark.parametrize(("weight", "total"), [(np.float32, np.float32), (np.float64, np.float64), (np.int8, np.int16)])
@pytest.mark.parametrize("count", [0, 1, 37])
def test_add_rows(weight, total, count):
    rng = np.random.default_rng(count)
    rows = draw_rows(rng, 9, 50, weight)
    segments = np.stack([rows.targets, rows.lengths, np.cumsum(rows.lengths) - rows.lengths], axis=1)
    events = rng.integers(0, 9, count).astype(np.int32)
    carried = rng.integers(-100, 100, 50).astype(total)
    ours, plain = carried.copy(), carried.copy()
    kernels.add_rows(events, count // 3, count, rows.starts, segments, rows.weights, ours)
    kernels.add_rows_reference(events, count // 3, count, rows.starts, segments, rows.weights, plain)
    np.testing.assert_array_equal(ours, plain)
    assert count == 0 or not np.array_equal(ours, carried)


@pytest.mark.parametrize(("weight", "total"), [(np.float32, np.float32), (np.float64, np.float64), (np.int8, np.int16)])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 37])
@pytest.mark.parametrize("width", [0, 16, 32, 48])
def test_add_dense_rows(weight, total, count, width):
    """The same bits, so the same order of additions."""
    rng = np.random.default_rng(count)
    weights = rng.normal(0, 30, 5 + 9 * width).astype(weight)
    events = rng.integers(20, 29, count + 2).astype(np.int32)
    carried = rng.normal(0, 100, 60).astype(total)
    ours, plain = carried.copy(), carried.copy()
    kernels.add_dense_rows(events, 2, count + 2, 20, 5, width, 7, weights, ours)
    kernels.add_dense_rows_reference(events, 2, count + 2, 20, 5, width, 7, weights, plain)
    np.testing.assert_array_equal(ours, plain)
    assert not count * width or not np.array_equal(ours, carried)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("levels", [2, 5, 20])
@pytest.mark.parametrize("size", [0, 1, 41])
@pytest.mark.parametrize("minimum", [-np.inf, 0.25])
def test_level_events(dtype, levels, size, minimum):
    rng = np.random.default_rng(size)
    x = rng.uniform(-0.5, 1.5, size).astype(dtype)
    x[:3] = np.array([1e30, -1e30, 0.25], dtype)[:size]
    step_of_level = np.linspace(1, 22, levels).astype(np.int64)
    for ours, plain in zip(
        kernels.level_events(x, minimum, step_of_level, 25),
        kernels.level_events_reference(x, minimum, step_of_level, 25),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, plain)
        assert ours.dtype == plain.dtype


def draw_rows(rng, sources, targets, dtype):
    """Draw up to three segments for each source, and none for the last."""
    counts = rng.integers(0, 4, sources)
    counts[-1] = 0
    begins = rng.integers(0, targets, counts.sum())
    lengths = rng.integers(1, targets - begins + 1)
    weights = rng.integers(-60, 128, lengths.sum()) if dtype == np.int8 else rng.normal(0.3, 0.5, lengths.sum())
    return kernels.Rows(np.append(0, np.cumsum(counts)), begins, lengths, weights.astype(dtype))


def draw_dense_rows(rng, sources, targets, dtype):
    """Draw one row of all targets for each source."""
    low, high = (-60, 128) if dtype == np.int8 else (-0.5, 1.1)
    weights = rng.uniform(low, high, sources * targets).astype(dtype)
    places = np.zeros(sources, np.int64)
    return kernels.Rows(np.arange(sources + 1), places, places + targets, weights)


@pytest.mark.parametrize(("reached", "width"), [(10, 0), (16, 16), (20, 0), (40, 48)])
def test_which_rows_are_dense(reached, width):
    """Whole rows for the first targets; those of all targets are filled up to whole ones."""
    rng = np.random.default_rng(0)
    rows = draw_dense_rows(rng, 6, reached, np.float64)
    numbers = (rng.uniform(0.5, 1.0, 40) for _ in range(7))
    chain = kernels.pack_chain(6, [rows], [kernels.Population(kernels.IF_MODEL, 1, 0, *numbers)])
    assert chain.layers[0, WIDTH] == width
    addresses, offsets = np.arange(6, dtype=np.int32), np.array([0, 6])
    ours, plain = np.zeros((2, 1, 64), np.uint8)
    kernels.run_chain(addresses, offsets, *chain, 0, 64, ours)
    kernels.run_chain_reference(addresses, offsets, *chain, 0, 64, plain)
    np.testing.assert_array_equal(ours, plain)
    assert ours.any()


def draw_chain(rng, sizes, models, weight, dtype, draw=draw_rows):
    """Draw a chain of layers whose neurons fire now and then."""
    populations = []
    for model, size in zip(models, sizes[1:], strict=True):
        bias, start, threshold, after, kept, other = (
            rng.uniform(low, high, size).astype(dtype)
            for low, high in ((0, 0.05), (0, 0.3), (1, 3), (-0.2, 0.2), (0.8, 1), (0.05, 0.2))
        )
        scale = np.full(size, 0.02 if weight == np.int8 else 1.0, dtype)
        flags = int(rng.integers(2)), int(rng.integers(2))
        populations.append(kernels.Population(MODELS[model], *flags, bias, scale, start, threshold, after, kept, other))
    rows = [draw(rng, a, b, weight) for a, b in pairwise(sizes)]
    return kernels.pack_chain(sizes[0], rows, populations)


def draw_events(rng, inputs, steps):
    """Draw what inputs send, one of them several times in one step."""
    counts = rng.poisson(inputs / 3, steps) * (rng.random(steps) < 0.7)
    addresses = rng.integers(0, inputs, counts.sum()).astype(np.int32)
    return addresses, np.append(0, np.cumsum(counts))


@pytest.mark.parametrize(
    ("weight", "dtype"),
    [(np.float32, np.float32), (np.float64, np.float64), (np.int8, np.float32), (np.int8, np.float64)],
)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stop", [0, 1])
@pytest.mark.parametrize("sizes", [(1, 1), (30, 70, 5), (13, 128, 64, 9)])
@pytest.mark.parametrize("draw", [draw_rows, draw_dense_rows])
def test_run_chain(weight, dtype, model, stop, sizes, draw):
    rng = np.random.default_rng(len(sizes))
    models = [model, "LIF", "IF"][: len(sizes) - 1]
    chain = draw_chain(rng, sizes, models, weight, dtype, draw)
    addresses, offsets = draw_events(rng, sizes[0], 20)
    first = int(chain.layers[0, 0])
    rasters = [np.zeros((20, chain.numbers.shape[1] - first), np.uint8) for _ in range(2)]
    ours = kernels.run_chain(addresses, offsets, *chain, stop, first, rasters[0])
    plain = kernels.run_chain_reference(addresses, offsets, *chain, stop, first, rasters[1])
    assert ours == plain
    np.testing.assert_array_equal(*rasters)
    assert len(sizes) == 2 or rasters[0].any()


@pytest.mark.parametrize("steps", [0, 1])
def test_short_runs(steps):
    chain = draw_chain(np.random.default_rng(0), (3, 4), ["IF"], np.float32, np.float32)
    nothing = np.zeros((0, 0), np.uint8)
    ours = kernels.run_chain(np.zeros(0, np.int32), np.zeros(steps + 1, np.int64), *chain, 1, 0, nothing)
    assert ours == (-1, steps)


@pytest.mark.parametrize("weight", [np.float32, np.int8])
@pytest.mark.parametrize("steps", [[0, 9], [2, 2, 11], [3, 4, 5, 20], range(20)])
def test_run_levels(weight, steps):
    """Few levels, two of them perhaps in one step, and many."""
    rng = np.random.default_rng(3)
    chain = draw_chain(rng, (40, 70, 5), ["CurrentIF", "CurrentIF"], weight, np.float32)
    step_of_level = np.array(steps)
    winners = set()
    for _ in range(10):
        x = rng.random(40).astype(np.float32)
        ours = kernels.run_levels(x, 0.1, step_of_level, 25, *chain)
        assert ours == kernels.run_levels_reference(x, 0.1, step_of_level, 25, *chain)
        winners.add(ours)
    assert len(winners) > 1


def test_integer_sums_do_not_overflow():
    """A thousand spikes through the largest weight: int16 alone would wrap at 258."""
    one = np.ones(1, np.float64)
    for sign in (1, -1):
        rows = kernels.Rows(np.array([0, 1]), np.array([0]), np.array([1]), np.array([127 * sign], np.int8))
        threshold = 127_000.0 if sign > 0 else -127_000.0
        people = kernels.Population(kernels.IF_MODEL, 1, 0, 0 * one, one, 0 * one, threshold * one, one, one, one)
        chain = kernels.pack_chain(1, [rows], [people])
        assert chain.sums.dtype == np.int16
        fired = []
        for count in (999, 1000, 1001):
            raster = np.zeros((1, 64), np.uint8)
            kernels.run_chain(np.zeros(count, np.int32), np.array([0, count]), *chain, 0, 64, raster)
            fired.append(raster[0, 0])
        assert fired == ([0, 1, 1] if sign > 0 else [1, 1, 0])
