"""The forms of connections, worked out by hand."""

import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.cost import Form, form_of
from spikewright.exchange._connections import RECIPES
from spikewright.network import AllButSelf, Delay, DelayedLinear, FixedFanOut, MaxCountPool2d, Scale, SumPool2d, fan_out


@pytest.mark.parametrize(
    ("connection", "shape", "form"),
    [
        (nn.Linear(5, 3), (5,), Form("dense", 5, 3, 15, 15, 3, fan_in=5, channels=3)),
        (nn.Linear(5, 3, bias=False), (2, 5), Form("dense", 10, 6, 30, 15, 0, fan_in=5, channels=3)),
        (
            DelayedLinear(torch.ones(4, 3), torch.zeros(4, 3, dtype=torch.int64)),
            (3,),
            Form("dense", 3, 4, 12, 12, 0, fan_in=3, channels=4),
        ),
        (AllButSelf(-1.0), (7,), Form("lateral", 7, 7, 42, 1, 0, fan_in=6, channels=6)),
        # 3 x 3 kernels on 4 x 4 pixels with a border of 1: (3 + 4 + 4 + ... ) = 10 rows, and as many columns.
        (
            nn.Conv2d(2, 6, 3, padding=1),
            (2, 4, 4),
            Form("convolution", 32, 96, 10 * 10 * 12, 108, 6, fan_in=18, channels=6, kernel=(3, 3)),
        ),
        (
            nn.Conv2d(4, 6, (2, 3), stride=(2, 1), groups=2, bias=False),
            (4, 4, 5),
            Form("convolution", 80, 36, 36 * 12, 72, 0, fan_in=12, channels=3, kernel=(2, 3), stride=(2, 1)),
        ),
        (
            nn.AvgPool2d(2),
            (3, 4, 4),
            Form("pool", 48, 12, 48, 0, 0, fan_in=4, channels=1, kernel=(2, 2), stride=(2, 2)),
        ),
        (SumPool2d(2), (1, 4, 4), Form("pool", 16, 4, 16, 0, 0, fan_in=4, channels=1, kernel=(2, 2), stride=(2, 2))),
        # A kernel of 3 with a border of 1 on 5 places: 2 + 3 + 3 + 3 + 2 = 13 uses.
        (
            nn.Conv1d(2, 6, 3, padding=1),
            (2, 5),
            Form("convolution", 10, 30, 13 * 12, 36, 6, fan_in=6, channels=6, kernel=(1, 3)),
        ),
        (Scale(torch.ones(2, 3)), (2, 3), Form("sparse", 6, 6, 6, 6, 0, fan_in=1, channels=1)),
        (MaxCountPool2d(2), (2, 4, 4), None),
        (nn.Flatten(), (2, 3), None),
        (nn.MaxPool2d(2), (2, 4, 4), None),
        (nn.BatchNorm1d(4), (4,), None),
        (Delay(2), (4,), None),
        (None, (4,), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_forms(connection, shape, form):
    assert form_of(connection, shape) == form


def test_every_connection_of_a_file_has_a_form():
    """A new kind of connection without a rule fails here."""
    for recipe in RECIPES:
        assert fan_out.dispatch(recipe.kind) is not fan_out.dispatch(object), recipe.kind
        known = form_of.dispatch(recipe.kind) is not form_of.dispatch(object)
        assert known == (fan_out.dispatch(recipe.kind) is not fan_out.dispatch(type(None))), recipe.kind


def test_a_matrix_of_mostly_zeros_is_sparse():
    connection = nn.Linear(4, 4, bias=False)
    with torch.no_grad():
        connection.weight.copy_(torch.eye(4))
    assert form_of(connection, (4,)).kind == "sparse"
    with torch.no_grad():
        connection.weight[:2] = 1.0
    assert form_of(connection, (4,)).kind == "dense"


def test_a_list_of_synapses_is_sparse():
    targets = torch.tensor([[0, 2], [1, 3], [0, 3]], dtype=torch.int32)
    connection = FixedFanOut(targets, torch.ones(3, 2), out_features=4)
    assert form_of(connection, (3,)) == Form("sparse", 3, 4, 6, 6, 0, fan_in=2, channels=2)


def test_no_form_without_a_rule():
    with pytest.raises(ModelError, match=r"form_of: no rule for connections of type Sequential on samples of \(5,\)"):
        form_of(nn.Sequential(nn.Linear(5, 3)), (5,))
