"""Files written by other libraries give the raster that the library gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.exchange.library_files import CONVENTIONS, differing

from spikewright.checks import ModelError
from spikewright.exchange import SINABS, Euler, Rockpool, open_network

FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_raster_is_the_library_s(name):
    """In float32, as there; the draws come nowhere nearer to a threshold than its rounding."""
    assert not any(differing(FILES, name).values())


def test_neurons_fire_once_a_step():
    """Sinabs and Rockpool let a neuron fire several times a step by default, here it fires once and keeps the rest.

    So what was left over comes out later: the count of a neuron that has time to empty itself is the same.
    """
    expected = np.load(FILES / "sinabs_many.npz")
    net = open_network(FILES / "sinabs_many.nir", convention=SINABS)
    with torch.no_grad():
        spikes = net.propagate(torch.from_numpy(expected["x"]).to(net.like))["1"].numpy()
    assert expected["1"].max() > 1
    assert spikes.max() == 1
    # Until a neuron first fires more than once, it fires as there.
    first = np.argmax(expected["1"] > 1, axis=0)
    for (sample, neuron), step in np.ndenumerate(first):
        assert (spikes[:step, sample, neuron] == expected["1"][:step, sample, neuron]).all()


def test_another_convention_gives_other_spikes():
    """What a file leaves open matters: the reset of snnTorch is in no file of it."""
    expected = np.load(FILES / "snntorch.npz")
    net = open_network(FILES / "snntorch.nir", convention=Euler())
    with torch.no_grad():
        spikes = net.propagate(torch.from_numpy(expected["x"]).to(net.like))["2"].numpy()
    assert (spikes != expected["2"]).any()


def test_rockpool_says_its_dt():
    with pytest.raises(
        ModelError, match=r"node '1_LIFTorch' .*: r is not tau / dt exp\(-dt / tau\) at dt = 0.01; give"
    ):
        open_network(FILES / "rockpool.nir", convention=Rockpool(dt=0.01))
