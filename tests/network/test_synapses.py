"""Connections seen from their synapses: the same charges as torch, and the true fan-out."""

import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.network import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    FixedFanOut,
    MaxCountPool2d,
    Scale,
    SumPool2d,
    fan_out,
    output_shape,
    synapses,
    window_of,
)

LINEAR = {
    "linear": (nn.Linear(5, 3), (5,)),
    "linear on rows": (nn.Linear(5, 3, bias=False), (2, 4, 5)),
    "conv": (nn.Conv2d(2, 3, (3, 2)), (2, 5, 6)),
    "conv stride padding": (nn.Conv2d(2, 3, 3, stride=(2, 3), padding=(2, 1)), (2, 6, 7)),
    "conv groups dilation": (nn.Conv2d(4, 6, (2, 3), groups=2, dilation=(3, 2), bias=False), (4, 6, 7)),
    "conv depthwise": (nn.Conv2d(3, 3, 2, groups=3), (3, 4, 4)),
    "conv same": (nn.Conv2d(1, 2, 3, padding="same", dilation=2), (1, 4, 5)),
    "conv valid": (nn.Conv2d(1, 2, 3, padding="valid"), (1, 4, 5)),
    "conv of a row": (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (4, 9)),
    "conv of a row same": (nn.Conv1d(2, 3, 4, padding="same", dilation=2, bias=False), (2, 7)),
    "scale": (Scale(torch.tensor([[0.5, -1.0], [2.0, 3.0]])), (2, 2)),
    "average": (nn.AvgPool2d(2), (2, 5, 6)),
    "average padded": (nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (2, 6, 5)),
    "average of the inside": (nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), (1, 6, 5)),
    "average by 5": (nn.AvgPool2d((2, 3), stride=1, divisor_override=5), (2, 4, 5)),
    "sum": (SumPool2d(2), (2, 5, 6)),
    "fixed fan-out": (
        FixedFanOut(torch.tensor([[0, 3], [1, 2], [1, 3]], dtype=torch.int32), torch.rand(3, 2) + 1, out_features=5),
        (3,),
    ),
    "fixed fan-out in rows": (
        FixedFanOut(torch.tensor([[0, 3], [1, 2]], dtype=torch.int32), torch.rand(2, 2) + 1, 0.5, out_features=4),
        (3, 2),
    ),
    "all but self": (AllButSelf(-0.3), (6,)),
    "all but self in rows": (AllButSelf(-0.3), (2, 4)),
}

PASSING = {
    "none": (None, (2, 3)),
    "flatten": (nn.Flatten(), (2, 3)),
    "identity": (nn.Identity(), (2, 3)),
    "maximum": (nn.MaxPool2d(2), (1, 4, 4)),
    "maximum of counts": (MaxCountPool2d(2), (1, 4, 4)),
    "delay": (Delay(2), (3,)),
    "dropout": (Dropout(0.5), (3,)),
    "normalisation": (nn.BatchNorm1d(3), (3,)),
}


def response(connection, shape):
    """Return torch's bias, shape (target,), and answer to a spike of each source, shape (source, target)."""
    units = torch.eye(torch.Size(shape).numel()).reshape(-1, *shape)
    with torch.no_grad():
        bias = connection(torch.zeros_like(units[:1]))
        return bias.flatten().numpy(), (connection(units) - bias).flatten(1).numpy()


@pytest.mark.parametrize("name", LINEAR)
def test_synapses_are_what_torch_computes(name):
    """Bound: a difference of two sums of order 1 in float32, so some units in the 7th digit."""
    connection, shape = LINEAR[name]
    wires = synapses(connection, shape)
    bias, weights = response(connection, shape)
    np.testing.assert_allclose(wires.matrix().toarray().T, weights, atol=5e-7)
    np.testing.assert_allclose(wires.bias, bias, atol=5e-7)
    assert wires.source_shape == shape
    assert wires.target_shape == output_shape(connection, shape)


@pytest.mark.parametrize("name", LINEAR)
def test_synapses_are_in_order_and_named_once(name):
    wires = synapses(*LINEAR[name])
    sources = np.repeat(np.arange(len(wires.starts) - 1), np.diff(wires.starts))
    places = sources * len(wires.bias) + wires.targets
    assert np.all(np.diff(places) > 0)
    assert len(wires) == wires.starts[-1] == len(wires.weights)


@pytest.mark.parametrize("name", LINEAR)
def test_fan_out_counts_the_synapses_of_each_source(name):
    """Counted from torch's answer to single spikes, with weights that cannot cancel."""
    connection, shape = LINEAR[name]
    reached = fan_out(connection, shape)
    assert reached.shape == shape
    assert reached.dtype == torch.int64
    reach = (response(connection, shape)[1] != 0).sum(1)
    np.testing.assert_array_equal(reached.flatten().numpy(), reach)
    np.testing.assert_array_equal(reach, np.diff(synapses(connection, shape).starts))


def test_fan_out_of_a_delayed_connection():
    connection = DelayedLinear(torch.randn(4, 3), torch.zeros(4, 3, dtype=torch.int64))
    assert fan_out(connection, (3,)).tolist() == [4, 4, 4]
    assert synapses(connection, (3,)) is None


def test_fan_out_at_the_borders_by_hand():
    """A 3 x 3 kernel in stride 1 without padding sees a corner once and the middle of 5 x 5 nine times."""
    reached = fan_out(nn.Conv2d(1, 2, 3), (1, 5, 5))
    assert reached[0].tolist() == [
        [2, 4, 6, 4, 2],
        [4, 8, 12, 8, 4],
        [6, 12, 18, 12, 6],
        [4, 8, 12, 8, 4],
        [2, 4, 6, 4, 2],
    ]


@pytest.mark.parametrize("name", [name for name, (kind, _) in LINEAR.items() if not isinstance(kind, FixedFanOut)])
def test_fan_out_with_and_without_weights_of_zero(name):
    """With zeros as if every weight were 1; without, a spike reaches what a pruned weight does not lead to."""
    connection, shape = LINEAR[name]
    whole = fan_out(connection, shape)
    pruned = deepcopy(connection)
    for weight in pruned.parameters():
        with torch.no_grad():
            weight.masked_fill_(torch.rand(weight.shape, generator=torch.Generator().manual_seed(0)) < 0.5, 0.0)
    assert torch.equal(fan_out(pruned, shape, zeros=True), whole)
    reach = (response(pruned, shape)[1] != 0).sum(1)
    np.testing.assert_array_equal(fan_out(pruned, shape).flatten().numpy(), reach)


@pytest.mark.parametrize("name", PASSING)
def test_what_hands_on_has_no_synapses(name):
    connection, shape = PASSING[name]
    assert synapses(connection, shape) is None
    reached = fan_out(connection, shape)
    assert reached.shape == shape
    assert not reached.any()


def test_an_even_kernel_is_padded_as_torch_does():
    connection = nn.Conv2d(1, 1, (2, 4), padding="same", bias=False)
    with warnings.catch_warnings():
        # Torch says, once a process, that it copies the input.
        warnings.simplefilter("ignore")
        _, weights = response(connection, (1, 4, 5))
    wires = synapses(connection, (1, 4, 5))
    np.testing.assert_allclose(wires.matrix().toarray().T, weights, atol=5e-7)


def test_shapes_that_do_not_fit():
    for count in (synapses, fan_out):
        with pytest.raises(ModelError, match=r"Linear\(.*does not take samples of shape \(4,\)"):
            count(nn.Linear(5, 3), (4,))
        with pytest.raises(ModelError, match=r"Conv2d\(.*does not take samples of shape \(2, 9, 9\)"):
            count(nn.Conv2d(1, 3, 3), (2, 9, 9))


def test_no_fan_out_without_a_rule():
    with pytest.raises(ModelError, match=r"fan_out: no rule for connections of type Sequential on samples of \(5,\)"):
        fan_out(nn.Sequential(nn.Linear(5, 3)), (5,))


def test_padding_with_other_than_zeros():
    with pytest.raises(ModelError, match="Conv2d: padding_mode must be 'zeros'; got 'circular'"):
        fan_out(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (1, 4, 4))


def test_no_window_without_a_rule():
    with pytest.raises(ModelError, match=r"window_of: Linear slides no window over samples of \(5,\)"):
        window_of(nn.Linear(5, 3), (5,))
