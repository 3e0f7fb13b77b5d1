"""What travels between layers: spikes or analog values, constant or not."""

import pytest
import torch
from torch import nn

from spikewright import coding, neurons
from spikewright.network import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    Layer,
    MaxCountPool2d,
    Network,
    SumPool2d,
    gather_signals,
    keeps_spikes,
    signals,
)

IF = neurons.IF()


def given(encoder, *layers):
    """Return ``spiking, constant`` of each output in turn."""
    net = Network(encoder, *layers, coding.SpikeCount(), dt=1e-3)
    return [tuple(signal) for signal in signals(net).values()]


@pytest.mark.parametrize(
    "connection",
    [None, nn.Flatten(), nn.Identity(), nn.MaxPool2d(2), Delay(1), Dropout(0.5), MaxCountPool2d(2), SumPool2d(2)],
)
def test_these_keep_spikes(connection):
    assert keeps_spikes(connection)


@pytest.mark.parametrize(
    "connection",
    [
        nn.Linear(1, 1),
        nn.Conv2d(1, 1, 1),
        nn.AvgPool2d(2),
        nn.BatchNorm1d(1),
        AllButSelf(1.0),
        DelayedLinear(torch.ones(1, 1), torch.zeros(1, 1, dtype=torch.int64)),
        nn.GELU(),
    ],
)
def test_these_make_analog_values(connection):
    assert not keeps_spikes(connection)


def test_spikes_stay_spikes_until_they_are_weighed():
    poisson = coding.Poisson(steps=2, max_rate=1.0)
    layers = (Layer(nn.MaxPool2d(2)), Layer(nn.Linear(1, 1)), Layer(nn.Flatten()), Layer(None, IF))
    assert given(poisson, *layers) == [
        (True, False),
        (True, False),
        (False, False),
        (False, False),
        (True, False),
    ]


def test_a_constant_stays_constant_until_there_is_time():
    direct = coding.Direct(steps=2)
    assert given(direct, Layer(nn.Linear(1, 1)), Layer(nn.Flatten()), Layer(None, IF)) == [
        (False, True),
        (False, True),
        (False, True),
        (True, False),
    ]
    assert given(direct, Layer(Delay(1)), Layer(nn.Linear(1, 1), neurons.Integrator())) == [
        (False, True),
        (False, False),
        (False, False),
    ]


def test_a_sum_is_what_all_its_parts_are():
    net = Network(
        coding.Direct(steps=2),
        Layer(None, IF, name="spikes"),
        Layer(nn.Linear(1, 1), name="charges", inputs=("input",)),
        Layer(None, name="both", inputs=("spikes", "input")),
        coding.SpikeCount(),
        dt=1e-3,
    )
    all_given = signals(net)
    assert gather_signals(all_given, ("spikes", "spikes")) == (True, False)
    assert gather_signals(all_given, ("spikes", "input")) == all_given["both"] == (False, False)
    assert gather_signals(all_given, ("charges", "input")) == (False, True)
