"""The density at which two ways of multiplying take as long: what is measured, and where it is kept."""

from __future__ import annotations

import json

import pytest

from spikewright.kernels import Rates, _crossing, densest


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache folder, and nothing measured yet."""
    monkeypatch.setattr(_crossing, "user_cache_path", lambda name: tmp_path / name)
    _crossing._rates.cache_clear()
    yield tmp_path / "spikewright" / "kernels"
    _crossing._rates.cache_clear()


def again(targets=100):
    _crossing._rates.cache_clear()
    return densest(targets)


def test_both_ways_take_as_long_at_the_crossing(folder, monkeypatch):
    """1 s to find and 3 s an event and target are 7 s a dense product where 2 of 3 inputs are events, at one target."""
    monkeypatch.setattr(_crossing, "measured", lambda: Rates(find=0.1, add=0.3, multiply=0.7))
    assert densest(1) == pytest.approx(0.6 / 0.3)
    assert densest(2) == pytest.approx((0.7 - 0.05) / 0.3)
    assert densest(0) == densest(1)


def test_nothing_is_found_quickly_enough_for_few_targets(folder, monkeypatch):
    """Then it is never worth looking."""
    monkeypatch.setattr(_crossing, "measured", lambda: Rates(find=0.1, add=0.3, multiply=0.01))
    assert densest(9) == 0.0
    assert densest(11) > 0.0


def test_what_was_measured_is_kept(folder, monkeypatch):
    """For all processes to come, whatever they would measure; a damaged file is replaced."""
    rates = Rates(find=0.1, add=0.3, multiply=0.7)
    monkeypatch.setattr(_crossing, "measured", lambda: rates)
    before = again()
    (file,) = folder.iterdir()
    assert json.loads(file.read_text()) == list(rates)
    monkeypatch.setattr(_crossing, "measured", lambda: Rates(find=0.1, add=0.4, multiply=0.7))
    assert again() == before
    for damaged in ("", "[1]", "[0.1, -1, 0.7]", "[0.1, null, 0.7]"):
        file.write_text(damaged)
        assert again() == pytest.approx((0.7 - 0.1 / 100) / 0.4)
    assert [path.name for path in folder.iterdir()] == [file.name]


def test_another_process_was_faster(folder, monkeypatch):
    """Its rates hold for both."""
    theirs = Rates(find=0.1, add=0.5, multiply=0.7)

    def meanwhile():
        monkeypatch.setattr(_crossing, "measured", lambda: theirs)
        _crossing._rates.cache_clear()
        densest(100)
        return Rates(find=0.1, add=0.3, multiply=0.7)

    monkeypatch.setattr(_crossing, "measured", meanwhile)
    assert densest(100) == again() == pytest.approx((0.7 - 0.1 / 100) / 0.5)


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    """Measured once for the process."""
    (tmp_path / "spikewright").write_text("a file in the way")
    monkeypatch.setattr(_crossing, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(_crossing, "measured", lambda: Rates(find=0.1, add=0.3, multiply=0.7))
    assert again() == pytest.approx((0.7 - 0.1 / 100) / 0.3)
    _crossing._rates.cache_clear()


def test_rates_of_this_machine():
    """Seconds of a few operations."""
    rates = _crossing.measured()
    assert all(1e-13 < rate < 1e-6 for rate in rates)
    assert rates.add > rates.multiply / 10
