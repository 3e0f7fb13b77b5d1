"""The same synaptic operations as sinabs 3.1.3 counts with its SNNAnalyzer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding
from spikewright.network import Layer, Network, SumPool2d

pytestmark = pytest.mark.peers

LIF = sw.LIF(tau_mem=0.02, v_threshold=0.5)


def test_convolutions_pools_and_dense_layers(ask):
    """Borders, strides, dilation and groups; a pool that adds hands on all spikes of its window."""
    torch.manual_seed(0)
    net = Network(
        coding.Poisson(steps=9, max_rate=400.0),
        Layer(nn.Conv2d(2, 4, 3, padding=1, bias=False), LIF),
        Layer(SumPool2d(2)),
        Layer(nn.Conv2d(4, 6, (2, 3), stride=(1, 2), padding=(0, 1), groups=2, bias=False), LIF),
        Layer(nn.Conv2d(6, 3, 2, dilation=(1, 2), bias=False), LIF),
        Layer(nn.Flatten()),
        Layer(nn.Linear(3, 5, bias=False), LIF),
        coding.SpikeCount(),
        dt=1e-3,
    )
    samples = np.random.default_rng(0).random((5, 2, 6, 10), dtype=np.float32)
    activity = sw.run(net, samples, rasters=True)
    cost = sw.cost.measure(net, activity)
    theirs = ask("sinabs_counts.py", net, activity.rasters["input"])
    counted = [layer for layer in cost.layers.values() if layer.pathways]
    assert min(layer.synaptic_operations for layer in counted) > 0
    assert theirs["spikes"] == pytest.approx([layer.spikes for layer in counted], rel=1e-6)
    # They add in float32.
    assert theirs["synaptic_operations"] == pytest.approx([layer.synaptic_operations for layer in counted], rel=1e-6)
