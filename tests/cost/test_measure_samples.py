"""Counts of every sample: those of a run of it alone, however samples are cut into batches."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.coding import LinearReadout
from spikewright.cost import SampleCounts, measure, measure_samples
from spikewright.engines import EventDriven, Reference
from spikewright.network import AllButSelf, Layer, Network, SumPool2d
from spikewright.spikes import Events

DT = 1e-3
IF = neurons.IF(v_threshold=0.2)
QUANTITIES = [entry.name for entry in fields(SampleCounts)]
SAMPLES = 7
"""More than two batches of three, and not a multiple of it."""


def recordings(shape):
    """Events at random, more in each sample than in the one before, none in the first."""
    rng = np.random.default_rng(0)
    size = int(np.prod(shape))
    return [
        Events(np.sort(rng.random(10 * k) * 0.006), rng.integers(size, size=10 * k), shape, duration=0.006)
        for k in range(SAMPLES)
    ]


def dense(encoder):
    return Network(
        encoder,
        Layer(nn.Flatten()),
        Layer(nn.Linear(60, 9), IF),
        Layer(nn.Linear(9, 4), neurons.LIF(tau_mem=0.01, v_threshold=0.1)),
        coding.SpikeCount(),
        dt=DT,
    )


def convolution(encoder):
    """Borders, a stride and groups, and a pool of each kind: whose charges neurons get, and that is handed on."""
    return Network(
        encoder,
        Layer(nn.Conv2d(2, 6, 3, stride=2, padding=1, groups=2), IF),
        Layer(nn.AvgPool2d(2, stride=1), neurons.IF(v_threshold=0.1)),
        Layer(SumPool2d(2)),
        Layer(nn.Conv2d(6, 4, (1, 1), groups=2)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(4, 3), neurons.Integrator()),
        coding.SpikeCount(),
        dt=DT,
    )


def recurrent(encoder):
    """Feedback and lateral inhibition, a sum of two layers, and a readout with weights."""
    return Network(
        encoder,
        Layer(nn.Flatten(), name="flat"),
        Layer(nn.Linear(60, 8), IF, recurrent=nn.Linear(8, 8), name="back"),
        Layer(nn.Linear(60, 8), IF, recurrent=AllButSelf(-0.05), name="lateral", inputs=("flat",)),
        Layer(nn.Linear(8, 5), IF, inputs=("back", "lateral")),
        LinearReadout(torch.randn(3, 5), torch.zeros(3)),
        dt=DT,
    )


NETWORKS = [dense, convolution, recurrent]
ENCODERS = [coding.EventFrames(steps=6), coding.EventImage(steps=7, scale=3.0)]


def made(build, encoder):
    torch.manual_seed(0)
    return build(encoder).double()


@pytest.mark.parametrize("batch_size", [1, 3, SAMPLES])
@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
@pytest.mark.parametrize("build", NETWORKS, ids=lambda build: build.__name__)
def test_each_sample_counts_as_alone(build, encoder, batch_size):
    """Bit for bit, for each layer and in all, with spikes and with a constant image as input."""
    net, samples = made(build, encoder), recordings((2, 5, 6))
    found = measure_samples(net, samples, batch_size=batch_size)
    alone = [measure(net, sw.run(net, samples[k : k + 1])) for k in range(SAMPLES)]
    for quantity in QUANTITIES:
        expected = [float(getattr(cost.total, quantity)) for cost in alone]
        assert getattr(found.total, quantity).tolist() == expected, quantity
        for name in net.layers:
            expected = [float(getattr(cost.layers[name], quantity)) for cost in alone]
            assert getattr(found.layers[name], quantity).tolist() == expected, (name, quantity)
    assert found.input_events.tolist() == [cost.input_events for cost in alone]
    assert found.latency_steps.tolist() == [cost.latency_steps for cost in alone]
    # Spikes are there, and not equally many in all samples.
    assert len(set(found.total.synaptic_operations.tolist())) > 3
    assert len(set(found.total.spikes.tolist())) > 3


@pytest.mark.parametrize("build", NETWORKS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("engine", [Reference(), EventDriven()], ids=repr)
def test_means_are_those_of_all(build, engine):
    """By any engine."""
    net, samples = made(build, coding.EventFrames(steps=6)), recordings((2, 5, 6))
    found = measure_samples(net, samples, engine, batch_size=3)
    whole = measure(net, sw.run(net, samples))
    for quantity in QUANTITIES:
        assert getattr(found.total, quantity).mean() == pytest.approx(getattr(whole.total, quantity), rel=1e-12)
    assert found.latency_steps.mean() == pytest.approx(whole.latency_steps, rel=1e-12)


def test_spikes_counted_one_by_one():
    """Each spike reaches as many windows of 3 x 3 with a stride of 2 as hold its pixel, in each of two channels."""
    torch.manual_seed(0)
    layer = Layer(nn.Conv2d(1, 2, 3, stride=2, padding=1), IF, name="conv")
    net = Network(coding.EventFrames(steps=6), layer, Layer(nn.Flatten()), coding.SpikeCount(), dt=DT)
    samples = recordings((1, 5, 5))
    found = measure_samples(net, samples, batch_size=2)
    raster = sw.run(net, samples, rasters=True).rasters["input"]
    expected = np.zeros(SAMPLES)
    for _, sample, _, row, column in raster.nonzero().tolist():
        rows, columns = (sum(abs(2 * centre - place) <= 1 for centre in range(3)) for place in (row, column))
        expected[sample] += 2 * rows * columns
    np.testing.assert_array_equal(found.layers["conv"].synaptic_operations, expected)
    np.testing.assert_array_equal(found.layers["conv"].neuron_updates, 18 * 6)


def test_a_code_draws_as_in_a_run():
    """The spikes of the code are those of a run with the same batches, sample by sample."""
    net = Network(coding.Poisson(steps=9, max_rate=400.0), Layer(nn.Linear(3, 5), IF), coding.SpikeCount(), dt=DT)
    samples = np.random.default_rng(0).random((5, 3), dtype=np.float32)
    activity = sw.run(net, samples, batch_size=2)
    assert (
        measure_samples(net, samples, batch_size=2).input_events.tolist()
        == activity.layers["input"].per_sample.tolist()
    )


@pytest.mark.parametrize("batch_size", [2, 5])
def test_counts_of_a_run_are_sums_of_its_rasters(batch_size):
    """They are there on request, in every layer, for each sample and neuron."""
    net = made(dense, coding.EventFrames(steps=6))
    samples = recordings((2, 5, 6))
    activity = sw.run(net, samples, rasters=True, counts=True, batch_size=batch_size)
    for name, layer in activity.layers.items():
        assert torch.equal(layer.counts, activity.rasters[name].double().sum(0)), name
    assert all(layer.counts is None for layer in sw.run(net, samples).layers.values())


def test_errors():
    net = Network(coding.Direct(steps=1), Layer(nn.Linear(2, 1)), coding.SpikeCount(), dt=DT)
    with pytest.raises(ValueError, match=r"run\.samples: must hold at least one sample; got none"):
        measure_samples(net, np.ones((0, 2)))
    with pytest.raises(ValueError, match=r"measure_samples\.batch_size: must be >= 1; got 0"):
        measure_samples(net, np.ones((1, 2)), batch_size=0)
