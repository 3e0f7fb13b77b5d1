"""The same counts as NeuroBench 2.3.0, whose networks run in snnTorch and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.network import Layer, Network

pytestmark = pytest.mark.peers

# Where a threshold is subtracted snnTorch differs from the equation once what is left still lies above it.
LIF = sw.LIF(tau_mem=0.02, v_threshold=0.5, v_reset=0.0)
POISSON = coding.Poisson(steps=7, max_rate=400.0)


def pruned(connection: nn.Module) -> nn.Module:
    """Set a third of the weights to 0."""
    with torch.no_grad():
        connection.weight.masked_fill_(torch.rand_like(connection.weight) < 1 / 3, 0.0)
    return connection


def spiking_convolutions():
    """Borders, strides, groups, a maximum pool and weights of 0."""
    return Network(
        POISSON,
        Layer(pruned(nn.Conv2d(2, 4, 3, padding=1, bias=False)), LIF),
        Layer(nn.MaxPool2d(2)),
        Layer(nn.Conv2d(4, 6, (2, 3), stride=(1, 2), padding=(0, 1), groups=2, bias=False), LIF),
        Layer(nn.Flatten()),
        Layer(pruned(nn.Linear(24, 5, bias=False)), LIF),
        coding.SpikeCount(),
        dt=1e-3,
    )


def artificial_convolutions():
    """The same with rectified units, whose zeros count."""
    return Network(
        coding.Direct(steps=1),
        Layer(pruned(nn.Conv2d(2, 4, 3, padding=1, bias=False)), neurons.ReLU()),
        Layer(nn.MaxPool2d(2)),
        Layer(nn.Conv2d(4, 6, (2, 3), stride=(1, 2), padding=(0, 1), groups=2, bias=False), neurons.ReLU()),
        Layer(nn.Flatten()),
        Layer(pruned(nn.Linear(24, 5, bias=False))),
        coding.SpikeCount(),
        dt=1e-3,
    )


def analog_input():
    """A constant analog input before spiking layers."""
    return Network(
        coding.Direct(steps=7),
        Layer(pruned(nn.Linear(10, 12, bias=False)), LIF),
        Layer(nn.Linear(12, 5, bias=False), LIF),
        coding.SpikeCount(),
        dt=1e-3,
    )


def recurrent():
    """Spikes that come back one step later."""
    return Network(
        POISSON,
        Layer(nn.Linear(10, 12, bias=False), LIF, recurrent=nn.Linear(12, 12, bias=False)),
        coding.SpikeCount(),
        dt=1e-3,
    )


def run(net, shape):
    """Return the activity with rasters, and our counts, of four samples with many zeros."""
    samples = np.random.default_rng(0).random((4, *shape), dtype=np.float32)
    samples[samples < 0.4] = 0.0
    activity = sw.run(net, samples, rasters=True)
    return activity, sw.cost.measure(net, activity)


def operations(total):
    """Return our counts under NeuroBench's names."""
    return {
        "Effective_MACs": total.effective_multiply_accumulates,
        "Effective_ACs": total.synaptic_operations,
        "Dense": total.dense_synaptic_operations + total.multiply_accumulates,
    }


def test_spiking_convolutions(ask):
    torch.manual_seed(0)
    net = spiking_convolutions()
    activity, cost = run(net, (2, 6, 8))
    theirs = ask("neurobench_counts.py", net, activity.rasters["input"])
    assert min(path.events for path in cost.total.pathways) > 1
    for found in theirs.values():
        assert found["SynapticOperations"] == pytest.approx(operations(cost.total), rel=1e-12)
        neurons_there = (4 * 48 + 24 + 5) * 7
        assert 1 - found["ActivationSparsity"] == pytest.approx(cost.total.spikes / neurons_there, rel=1e-6)


def test_an_artificial_network(ask):
    torch.manual_seed(0)
    net = artificial_convolutions()
    activity, cost = run(net, (2, 6, 8))
    theirs = ask("neurobench_counts.py", net, activity.rasters["input"])
    total = cost.total
    assert 0 < total.effective_multiply_accumulates < total.multiply_accumulates
    weights = [tensor for tensor in net.state_dict().values() if tensor.ndim > 1]
    zeros = sum(int((weight == 0).sum()) for weight in weights) / total.parameters
    for found in theirs.values():
        assert found["SynapticOperations"] == pytest.approx(operations(total), rel=1e-12)
        assert found["Footprint"] == total.weight_bytes
        assert found["ConnectionSparsity"] == pytest.approx(zeros, abs=5e-5)


def test_an_analog_input(ask):
    """They compute its products in every step; we once, because it is constant."""
    torch.manual_seed(0)
    net = analog_input()
    activity, cost = run(net, (10,))
    theirs = ask("neurobench_counts.py", net, activity.rasters["input"])
    first, second = cost.layers.values()
    assert second.synaptic_operations > 0
    for found in theirs.values():
        assert found["SynapticOperations"] == pytest.approx(
            {
                "Effective_MACs": 7 * first.effective_multiply_accumulates,
                "Effective_ACs": second.synaptic_operations,
                "Dense": 7 * first.multiply_accumulates + second.dense_synaptic_operations,
            },
            rel=1e-12,
        )


def test_a_recurrent_layer(ask):
    """Spikes of the last step never arrive; we count a spike where it is sent, they where it arrives."""
    torch.manual_seed(0)
    net = recurrent()
    activity, cost = run(net, (10,))
    theirs = ask("neurobench_counts.py", net, activity.rasters["input"])
    late = float(activity.rasters["layer1"][-1].sum()) / 4 * 12
    assert 0 < late < cost.total.synaptic_operations
    ours = operations(cost.total)
    for found in theirs.values():
        assert found["SynapticOperations"] == pytest.approx(
            {**ours, "Effective_ACs": ours["Effective_ACs"] - late}, rel=1e-12
        )
