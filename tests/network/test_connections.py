"""Connections that torch lacks, against what they say by hand."""

import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.network import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    MaxCountPool2d,
    Scale,
    SumPool2d,
    Temporal,
    output_shape,
    over_time,
)


def test_delay_by_hand():
    x = torch.arange(1.0, 5.0).reshape(4, 1, 1)
    assert Delay(1)(x).flatten().tolist() == [0, 1, 2, 3]
    assert torch.equal(Delay(0)(x), x)
    assert not Delay(4)(x).any()
    assert not Delay(9)(x).any()


def test_a_delay_for_each_neuron():
    x = torch.arange(1.0, 4.0).reshape(3, 1, 1).expand(3, 2, 3)
    late = Delay(torch.tensor([2, 0, 1]))(x)
    assert late[:, 1].T.tolist() == [[0, 0, 1], [1, 2, 3], [0, 1, 2]]


def test_a_delay_for_each_synapse():
    weight = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    connection = DelayedLinear(weight, torch.tensor([[0, 2], [1, 5]]))
    x = torch.zeros(4, 1, 2)
    x[0] = 1
    assert connection(x)[:, 0].tolist() == [[1, 0], [0, 100], [10, 0], [0, 0]]


def test_gradients_pass_a_delay():
    connection = DelayedLinear(torch.randn(2, 3, dtype=torch.float64), torch.tensor([[0, 1, 2], [2, 0, 1]]))
    x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, weight: torch.func.functional_call(connection, {"weight": weight}, x),
        (x, connection.weight.detach().requires_grad_()),
    )


@pytest.mark.parametrize("steps", [-1, torch.tensor([1, -2]), 1.5, torch.tensor([0.5]), torch.tensor([True])])
def test_delays_are_whole_steps(steps):
    with pytest.raises(ValueError, match=r"Delay.steps: must be whole numbers of time steps >= 0"):
        Delay(steps)


def test_delayed_linear_needs_a_delay_for_each_weight():
    with pytest.raises(
        ModelError, match=r"DelayedLinear: weight and delays must have one shape .* \(2, 3\) and \(3,\)"
    ):
        DelayedLinear(torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64))


def test_all_but_self_by_hand():
    assert AllButSelf(-2.0)(torch.tensor([[1.0, 0.0, 1.0, 1.0]])).tolist() == [[-4, -6, -4, -4]]


def test_sum_pool_by_hand():
    x = torch.arange(20.0).reshape(1, 1, 4, 5)
    assert SumPool2d(2)(x).tolist() == [[[[0 + 1 + 5 + 6, 2 + 3 + 7 + 8], [10 + 11 + 15 + 16, 12 + 13 + 17 + 18]]]]


def test_sum_pool_needs_a_window():
    with pytest.raises(ValueError, match=r"SumPool2d.kernel_size: must be >= 1; got 0"):
        SumPool2d(0)


def test_dropout_holds_its_mask_over_time():
    torch.manual_seed(0)
    y = Dropout(0.25)(torch.ones(6, 40, 50))
    assert torch.equal(y, y[:1].expand_as(y))
    assert y.unique().tolist() == pytest.approx([0, 4 / 3])
    # 2000 masks of probability 0.25: a standard deviation of 0.0097.
    assert float((y[0] == 0).double().mean()) == pytest.approx(0.25, abs=0.04)
    assert not torch.equal(y[0, 0], y[0, 1])


def test_dropout_passes_all_in_evaluation():
    x = torch.rand(3, 2, 4)
    assert Dropout(0.9).eval()(x) is x
    assert repr(Dropout(0.9)) == "Dropout(0.9)"


@pytest.mark.parametrize("probability", [-0.1, 1.0, float("nan")])
def test_dropout_keeps_something(probability):
    with pytest.raises(ValueError, match=r"Dropout.probability: must be >= 0 and < 1; got"):
        Dropout(probability)


def test_over_time_is_each_step_alone():
    torch.manual_seed(0)
    connection, x = nn.Conv2d(2, 3, 3), torch.randn(4, 5, 2, 6, 6)
    torch.testing.assert_close(over_time(connection, x), torch.stack([connection(step) for step in x]))


class Counting(nn.Module):
    """Counts how often it is computed."""

    calls = 0

    def forward(self, x):
        self.calls += len(x)
        return 2 * x


def test_a_constant_input_is_computed_once():
    connection = Counting()
    x = torch.randn(5, 3).expand(7, 5, 3)
    y = over_time(connection, x)
    assert connection.calls == 5
    assert torch.equal(y, 2 * x)
    over_time(connection, x.contiguous())
    assert connection.calls == 5 + 35


class RunningSum(Temporal):
    """Looks back at all that came."""

    def forward(self, x):
        return x.cumsum(0)


def test_a_temporal_connection_sees_the_sequence():
    assert over_time(RunningSum(), torch.ones(4, 1, 1)).flatten().tolist() == [1, 2, 3, 4]
    assert over_time(RunningSum(), torch.ones(1, 1).expand(4, 1, 1)).flatten().tolist() == [1, 2, 3, 4]


def test_output_shape():
    assert output_shape(None, (3, 4)) == (3, 4)
    assert output_shape(nn.Conv2d(2, 5, 3, stride=2).double(), (2, 9, 8)) == (5, 4, 3)
    assert output_shape(Delay(3), (2, 9)) == (2, 9)
    assert output_shape(nn.Flatten(), (2, 3, 4)) == (24,)
    assert output_shape(nn.BatchNorm1d(5, affine=False).double(), (5,)) == (5,)
    with pytest.raises(ModelError, match=r"Conv2d\(2, 5.*does not take samples of shape \(3, 9, 8\)"):
        output_shape(nn.Conv2d(2, 5, 3), (3, 9, 8))


def test_scale_has_a_factor_a_neuron():
    scale = Scale(torch.tensor([2.0, -0.5]))
    assert scale(torch.tensor([[1.0, 4.0], [3.0, 0.0]])).tolist() == [[2.0, -2.0], [6.0, 0.0]]
    with pytest.raises(ModelError, match=r"does not take samples of shape \(3,\): Scale has factors of shape \(2,\)"):
        output_shape(scale, (3,))


def test_maximum_of_counts_by_hand():
    """Two inputs take turns in one window: its count is that of the one ahead, and never more."""
    first, second = [1, 0, 0, 0, 1, 1], [0, 1, 1, 0, 1, 0]
    x = torch.tensor([first, second], dtype=torch.float32).T.reshape(6, 1, 1, 1, 2)
    passed = MaxCountPool2d((1, 2))(x).flatten()
    assert passed.tolist() == [1, 0, 1, 0, 1, 0]
    # Counts after each step: 1 and 0, 1 and 1, 1 and 2, 1 and 2, 2 and 3, 3 and 3.
    assert passed.cumsum(0).tolist() == [1, 1, 2, 2, 3, 3]
