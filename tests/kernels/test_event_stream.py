"""Streams of spikes through leaky neurons: the kernels against their references, bit for bit."""

import numpy as np
import pytest

from spikewright import kernels

DTYPES = [np.float32, np.float64]


def neurons_of(dtype, *, subtract):
    """Return neurons near their threshold, with few powers, so that long silences are products."""
    leaky = kernels.Leaky(dtype(0.3), dtype(0.2 if subtract else -0.1), subtract)
    return leaky, (0.9 ** np.arange(5)).astype(dtype)


def rows_of(rng, sources, size, each, weight, dtype):
    """Draw targets, none twice in a row, with weights and a scale."""
    targets = np.argsort(rng.random((sources, size)))[:, :each].astype(np.int32)
    charges = rng.normal(0, 40, targets.shape).astype(weight)
    return targets, charges, dtype(0.005)


def both(name, make):
    """Call kernel and reference, each on arguments of its own; return results and arguments."""
    results = []
    for suffix in ("", "_reference"):
        arguments = make()
        results.append((getattr(kernels, name + suffix)(*arguments), arguments))
    return results


@pytest.mark.parametrize(
    ("dtype", "weight"), [(np.float32, np.int8), (np.float32, np.float32), (np.float64, np.float64)]
)
@pytest.mark.parametrize(("count", "each"), [(0, 3), (1, 1), (37, 17), (5, 0)])
def test_deliver_rows(dtype, weight, count, each):
    """State and list of crossings; neurons were last touched long ago or in this step."""

    def make():
        rng = np.random.default_rng(count)
        records = kernels.resting(30, np.dtype(dtype))
        records["u"] = rng.normal(0, 0.2, 30)
        records["last"] = rng.integers(0, 21, 30)
        records["u"][:3] = 1e30, -1e30, 1e-30
        sources = rng.integers(0, 9, count).astype(np.int32)
        rows = rows_of(rng, 9, 30, each, weight, dtype)
        leaky, powers = neurons_of(dtype, subtract=True)
        crossed = np.full(count * each + 2, -1, np.int32)
        return sources, *rows, 20, leaky, powers, records, crossed, 1

    (ours, mine), (plain, theirs) = both("deliver_rows", make)
    assert ours == plain
    assert count < 37 or ours > 3
    np.testing.assert_array_equal(mine[-2], theirs[-2])
    for field in ("u", "last"):
        np.testing.assert_array_equal(mine[-3][field], theirs[-3][field])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("crossed", [[], [4], [7, 2, 7, 3, 2]])
def test_fire_crossed(dtype, subtract, crossed):
    """Each neuron fires once, in order of addresses; one that fell below again does not."""

    def make():
        records = kernels.resting(9, np.dtype(dtype))
        records["u"] = 1.0
        records["u"][3] = 0.29
        records["last"] = np.arange(9)
        leaky, powers = neurons_of(dtype, subtract=subtract)
        return np.array(crossed, np.int32), 9, leaky, powers, records, np.full(9, -1, np.int32)

    (ours, mine), (plain, theirs) = both("fire_crossed", make)
    assert ours == plain == len(set(crossed) - {3})
    assert mine[-1][:ours].tolist() == sorted(set(crossed) - {3})
    np.testing.assert_array_equal(mine[-1], theirs[-1])
    np.testing.assert_array_equal(mine[-2], theirs[-2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("size", [1, 31])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 40])
def test_run_stream(dtype, subtract, size, own, steps):
    """Many steps, from a state that is carried over; inputs through rows, or each for its own neuron."""

    def make():
        rng = np.random.default_rng(size)
        records = kernels.resting(size, np.dtype(dtype))
        records["u"] = rng.normal(0, 0.1, size)
        offsets = np.append(0, np.cumsum(rng.integers(0, 4, steps)))
        arriving = rows_of(rng, 0 if own else size, size, 1 if own else min(size, 8), np.int8, dtype)
        if own:
            arriving = np.empty((0, 1), np.int32), np.empty((0, 1), np.int8), dtype(0.4)
        recurrent = rows_of(rng, size, size, min(size, 5), np.int8, dtype)
        addresses = rng.integers(0, size, offsets[-1]).astype(np.int32)
        leaky, powers = neurons_of(dtype, subtract=subtract)
        return addresses, offsets, arriving, recurrent, np.zeros(1, np.int32), 0, leaky, powers, records

    ((spikes, found), mine), ((plain, expected), theirs) = both("run_stream", make)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(spikes, plain)
    np.testing.assert_array_equal(mine[-1], theirs[-1])
    assert len(found) == steps + 1
    assert found[-1] == len(spikes)
    assert steps < 40 or size == 1 or len(spikes) > 10
