"""Means and intervals, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spikewright.compare import Record, summarise
from spikewright.compare._statistics import mean_of

RECORD = Record(
    cell="a",
    method="M",
    learner="p:M",
    settings={},
    card={},
    family="f",
    data="d",
    classes=["x"],
    digests={},
    seed=0,
    budget=None,
    seconds=1.0,
    versions={},
    machine={},
    date="2025-01-01T00:00:00+00:00",
)


def test_interval_by_hand():
    """0.90, 0.92 and 0.94 have mean 0.92 and deviation 0.02; t(0.975, 2) = 4.30265, over the root of 3: 0.049683."""
    mean = mean_of([0.90, 0.92, 0.94])
    assert mean.value == pytest.approx(0.92, abs=1e-12)
    assert mean.ci95 == pytest.approx(4.302652729911275 * 0.02 / 3**0.5, rel=1e-9)


def test_one_seed_has_no_interval():
    assert mean_of([0.5, None]).value == 0.5
    assert mean_of([0.5, None]).ci95 is None


def test_no_value_has_no_mean():
    assert mean_of([None, None]) is None


def test_rows():
    """One row for each method on each data set; a failed seed counts as failed and not as a value."""
    found = [
        replace(RECORD, accuracy=0.8, energy_pj={"h": 2.0}, seed=0),
        replace(RECORD, method="N", accuracy=0.7, seed=0),
        replace(RECORD, accuracy=0.6, energy_pj={"h": 4.0}, seed=1),
        replace(RECORD, error="it broke", seed=2),
        replace(RECORD, data="e", error="it broke"),
    ]
    rows = summarise(found)
    assert [(row.data, row.method, len(row.records), row.failed) for row in rows] == [
        ("d", "M", 3, 1),
        ("d", "N", 1, 0),
        ("e", "M", 1, 1),
    ]
    assert rows[0].accuracy.value == pytest.approx(0.7)
    # t(0.975, 1) = 12.7062; the deviation of two values is their distance over the root of 2, here divided again by it.
    assert rows[0].energy_pj["h"].value == 3.0
    assert rows[0].energy_pj["h"].ci95 == pytest.approx(12.7062047 * 1.0, rel=1e-6)
    assert rows[2].accuracy is None
    assert rows[2].energy_pj == {}
