"""The integer neurons give the states that bit-exact simulators of the chips recorded, all bits of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.integer_traces import run_loihi, run_speck, run_xylo

GOLDEN = Path(__file__).parents[1] / "golden" / "integer"


def recorded(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("kind", ["calm", "saturating"])
def test_xylo_is_bit_exact(kind):
    golden = recorded(f"xylosim-{kind}")
    assert run_xylo(golden["specification"]) == golden["states"]


@pytest.mark.parametrize("kind", ["calm", "saturating"])
def test_loihi_is_bit_exact(kind):
    golden = recorded(f"lava-{kind}")
    assert run_loihi(golden["specification"]) == golden["states"]


@pytest.mark.parametrize("kind", ["calm", "bursting"])
def test_speck_is_as_in_sinabs(kind):
    """Weights, biases, threshold and least potential become the same whole numbers; spikes and potentials agree."""
    golden = recorded(f"sinabs-{kind}")
    assert run_speck(golden["specification"]) == golden["states"]


def test_the_traces_show_what_they_are_for():
    """They spike, and those that are to saturate do so at the stated limits."""
    calm, loud = (recorded(f"xylosim-{kind}")["states"] for kind in ("calm", "saturating"))
    assert np.sum(calm["spikes"]) > 10
    assert np.abs(calm["v"]).max() < 32767
    assert (np.min(loud["v"]), np.max(loud["spikes"])) == (-32768, 31)
    quiet, wide = (recorded(f"lava-{kind}")["states"] for kind in ("calm", "saturating"))
    assert np.sum(quiet["spikes"]) > 10
    assert np.max(np.abs(quiet["v"])) < 2**23 - 1
    assert np.min(wide["v"]) == -(2**23 - 1)
    still, bursts = (recorded(f"sinabs-{kind}")["states"] for kind in ("calm", "bursting"))
    assert (np.max(still["spikes"]), np.min(still["v"])) == (1, still["low"])
    assert np.max(bursts["spikes"]) > 5
