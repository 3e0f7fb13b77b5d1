"""Where the page says that spikes break even."""

from __future__ import annotations

from dataclasses import replace

from spikewright.compare import summarise
from spikewright.report._break_even import compared_under, standings


def test_standings_by_hand(records):
    """Three methods under two models; the one that needs more than 69 nJ loses under the first."""
    first, second = standings(summarise(records))
    assert (first.model, first.opponent, first.lost) == ("horowitz-45nm-fp32", "the same machine", 1)
    assert first.lines[0] == (
        "First",
        "27.9 nJ",
        "69 nJ",
        "2.07",
        "5.11",
        "The spiking network wins: 2.47 times less energy, 2.07 spikes a synapse where 5.11 break even.",
    )
    assert first.lines[2][-1] == (
        "The artificial network wins: 1.17 times less energy, 6 spikes a synapse where 5.11 break even."
    )
    assert second.model == "horowitz-45nm-int8"
    assert second.lines[0][4] == "–"


def test_records_that_do_not_say(records):
    """Of an earlier version, or of artificial networks."""
    older = [replace(record, spikes_per_synapse=None, break_even=None, artificial_energy_pj=None) for record in records]
    rows = summarise(older)
    assert standings(rows) == []
    assert compared_under("horowitz-45nm-fp32", rows[0]) is None
