"""How numbers are written."""

from __future__ import annotations

import math

import pytest

from spikewright.compare import Mean, summarise
from spikewright.report._format import NOTHING, count, energy, percent, ratio, seconds
from spikewright.report._ranking import pareto_front, ranked


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING),
        (math.nan, NOTHING),
        (0, "0"),
        (0.25, "0.25"),
        (999, "999"),
        (1234, "1.23 k"),
        (999_999, "1 M"),
        (635e6, "635 M"),
    ],
)
def test_count(value, text):
    """Three digits and a prefix."""
    assert count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, NOTHING), (0.9, "0.9 pJ"), (2920, "2.92 nJ"), (2.92e6, "2.92 µJ"), (5e9, "5 mJ")]
)
def test_energy(value, text):
    """Picojoules in the unit that suits."""
    assert energy(value) == text


def test_percent():
    """Two digits, with the interval where there is one."""
    assert percent(Mean(0.98765, 0.00123)) == "98.77 ± 0.12"
    assert percent(Mean(0.5, None)) == "50.00"
    assert percent(None) == NOTHING


def test_seconds_and_ratio():
    """Times and how many times."""
    assert seconds(12.34) == "12.3 s"
    assert seconds(303) == "5 min 3 s"
    assert seconds(None) == NOTHING
    assert ratio(1.0, 4.0) == "4 × less"
    assert ratio(4.0, 1.0) == "4 × more"
    assert ratio(None, 1.0) == NOTHING


def test_front_and_rank(records):
    """Third is beaten by both others in accuracy and in cost."""
    rows = summarise(records)
    assert [row.method for row in pareto_front(rows, lambda row: row.synaptic_operations)] == ["Second", "First"]
    assert [row.method for row in ranked(rows)] == ["First", "Second", "Third"]
