"""What a record keeps of chips."""

from __future__ import annotations

import torch
from torch import nn

import spikewright as sw
from spikewright.compare import ChipVerdict
from spikewright.compare._verdict import verdicts
from spikewright.cost import measure


def judged(hidden: int) -> tuple[sw.Network, dict[str, ChipVerdict] | None]:
    net = sw.Network(
        sw.coding.Poisson(steps=3, max_rate=300.0),
        sw.Layer(nn.Linear(12, hidden), sw.LIF(tau_mem=0.02, v_reset=0.0)),
        sw.Layer(nn.Linear(hidden, 5), sw.LIF(tau_mem=0.02, v_reset=0.0)),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    activity = sw.run(net, torch.rand(4, 12))
    return net, verdicts(net, activity, measure(net, activity))


def test_every_chip_has_the_verdict_of_place():
    torch.manual_seed(0)
    net, found = judged(1200)
    activity = sw.run(net, torch.rand(1, 12))
    assert tuple(found) == sw.chips.NAMES
    # 1205 neurons in cores of 1024.
    assert found["loihi-1"] == ChipVerdict(2, 128)
    for name, verdict in found.items():
        result = sw.placing.place(net, name, activity)
        assert (verdict.cores is not None) == result.fits
        if not result.fits:
            assert verdict.reason == str(result.misfits[0])
            assert verdict.others == len(result.misfits) - 1


def test_very_many_synapses_are_not_counted_one_by_one():
    _, found = judged(240_000)
    assert found is None
