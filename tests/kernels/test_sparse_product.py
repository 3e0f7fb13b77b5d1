"""Products of matrices that are mostly zeros, compiled, against their references and the dense product."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.kernels import (
    Events,
    add_event_rows,
    add_event_rows_reference,
    events_of,
    find_events,
    find_events_reference,
    spread_event_rows,
    spread_event_rows_reference,
    turned,
    turned_reference,
)

SHAPES = [(0, 3, 2), (1, 1, 1), (4, 0, 3), (5, 7, 0), (23, 41, 19), (9, 64, 33), (3, 50, 259), (2, 65, 3), (2, 130, 5)]
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_kind = pytest.mark.parametrize("ones", [False, True], ids=["values", "ones"])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def matrices(shape, dtype, density=0.3, *, ones=False):
    """Return a raster with counts and one negative value, or of ones, weights, a bias, a gradient of the product."""
    rng = np.random.default_rng(0)
    rows, sources, targets = shape
    x = (rng.random((rows, sources)) < density) * rng.integers(1, 4, (rows, sources)).astype(dtype)
    x[:1, :1] = -0.5
    if ones:
        x = x != 0
    weights, bias, gradient = (rng.normal(size=size) for size in ((sources, targets), targets, (rows, targets)))
    return x.astype(dtype), weights.astype(dtype), bias.astype(dtype), gradient.astype(dtype)


def emptied(x, limit):
    """Return room for events."""
    room = limit + x.shape[1] + 8
    return Events(np.empty(len(x) + 1, np.int64), np.empty(room, np.int32), np.empty(room, x.dtype))


@pytest.mark.parametrize("density", [0.0, 0.05, 0.6, 1.0])
@every_dtype
@every_shape
def test_events_are_those_of_the_reference(shape, dtype, density):
    """All of them, also where a word of eight is full or cut off."""
    x = matrices(shape, dtype, density)[0]
    ours, reference = emptied(x, x.size), emptied(x, x.size)
    assert find_events(x, *ours)
    assert find_events_reference(x, *reference)
    np.testing.assert_array_equal(ours.first, reference.first)
    for a, b in zip(ours[1:], reference[1:], strict=True):
        np.testing.assert_array_equal(a[: ours.first[-1]], b[: ours.first[-1]])
    assert ours.first[-1] == np.count_nonzero(x)


@pytest.mark.parametrize("find", [find_events, find_events_reference])
@pytest.mark.parametrize("width", [5, 64, 130])
def test_what_is_zero(find, width):
    """Zero has two signs; a number that is none is an event, and the smallest one too."""
    x = np.zeros((3, width), np.float32)
    x[0], x[1, -1], x[2, 1] = -0.0, np.nan, np.finfo(np.float32).smallest_subnormal
    events = emptied(x, 8)
    assert find(x, *events)
    assert events.first.tolist() == [0, 0, 1, 2]
    assert events.sources[:2].tolist() == [width - 1, 1]


@pytest.mark.parametrize("find", [find_events, find_events_reference])
def test_too_many_events(find):
    """Exactly as many as the limit still fit."""
    x = np.eye(6, 9)
    assert find(x, *emptied(x, 6))
    assert not find(x, *emptied(x, 5))
    assert events_of(x, 6 / 54) is not None
    assert events_of(x, 5 / 54) is None


def test_not_a_number_is_not_zero():
    """It is delivered, so that it is seen."""
    events = events_of(np.array([[0.0, np.nan, -0.0]]), 1.0)
    assert events.sources[: events.first[-1]].tolist() == [1]


@pytest.mark.parametrize("threads", [1, 3])
@every_kind
@every_dtype
@every_shape
def test_products_are_those_of_the_reference(shape, dtype, ones, threads):
    """The same bits, for any number of threads; and up to rounding what dense products give."""
    x, weights, bias, gradient = matrices(shape, dtype, ones=ones)
    events = events_of(x, 1.0)
    charges, expected = np.empty_like(gradient), np.empty_like(gradient)
    add_event_rows(events, weights, bias, charges, threads)
    add_event_rows_reference(events, weights, bias, expected, 1)
    np.testing.assert_array_equal(charges, expected)
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(charges, x @ weights + bias, rtol=tolerance, atol=tolerance)
    grads, wanted = np.ones_like(weights), np.ones_like(weights)
    spread_event_rows(events, gradient, grads, threads)
    spread_event_rows_reference(events, gradient, wanted, 1)
    np.testing.assert_array_equal(grads, wanted)
    np.testing.assert_allclose(grads, x.T @ gradient, rtol=tolerance, atol=tolerance)


@every_dtype
@every_shape
def test_ones_are_not_kept(shape, dtype):
    """And what is added and spread for them has the bits of events that have values."""
    x, weights, bias, gradient = matrices(shape, dtype, ones=True)
    bare, full = events_of(x, 1.0), emptied(x, x.size)
    assert find_events(x, *full)
    assert bare.values.shape == (0,)
    assert events_of(2 * x, 1.0).values[: bare.first[-1]].tolist() == [2.0] * np.count_nonzero(x)
    found = []
    for events in (bare, full):
        charges, grads = np.empty_like(gradient), np.empty_like(weights)
        add_event_rows(events, weights, bias, charges, 1)
        spread_event_rows(events, gradient, grads, 1)
        found.append((charges, grads))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@every_kind
@every_dtype
@every_shape
def test_turned_events_are_those_of_the_transposed_matrix(shape, dtype, ones):
    """In both ways of finding them, room that is left over included."""
    x = matrices(shape, dtype, ones=ones)[0]
    expected = events_of(np.ascontiguousarray(x.T), 1.0)
    for turn in (turned, turned_reference):
        found = turn(events_of(x, 1.0), x.shape[1])
        np.testing.assert_array_equal(found.first, expected.first)
        np.testing.assert_array_equal(found.sources, expected.sources[: found.first[-1]])
        np.testing.assert_array_equal(found.values, expected.values[: found.first[-1]])
        assert [part.dtype for part in found] == [part.dtype for part in expected]


def test_extreme_values():
    """Very large ones overflow as in a dense product."""
    x, weights, bias, _ = matrices((3, 5, 4), np.float32)
    charges = np.empty((3, 4), np.float32)
    with np.errstate(over="ignore"):
        add_event_rows(events_of(x, 1.0), weights * np.float32(3e38), bias, charges, 1)
        reference = np.empty_like(charges)
        add_event_rows_reference(events_of(x, 1.0), weights * np.float32(3e38), bias, reference, 1)
    np.testing.assert_array_equal(charges, reference)
    assert np.isinf(charges).any()
