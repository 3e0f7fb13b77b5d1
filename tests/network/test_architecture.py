"""Architectures as text."""

import pytest
import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.network import Architecture, SumPool2d


def built(text, shape, **options):
    """Return the printed connections, and the shape that comes out for two samples."""
    connections = Architecture(text).connections(shape, classes=10, **options)
    return [repr(c) for c in connections], nn.Sequential(*connections)(torch.zeros(2, *shape)).shape


def test_dense():
    names, out = built("800-400", (784,))
    assert names == [repr(nn.Linear(784, 800)), repr(nn.Linear(800, 400)), repr(nn.Linear(400, 10))]
    assert out == (2, 10)


def test_no_hidden_layer():
    names, out = built("", (1, 8, 8), bias=False)
    assert names == [repr(nn.Flatten()), repr(nn.Linear(64, 10, bias=False))]
    assert out == (2, 10)


def test_convolutions_and_pools():
    names, out = built("12C5-P2-6C3S-A2-20", (2, 28, 20), bias=False)
    assert names == [
        repr(nn.Conv2d(2, 12, 5, bias=False)),
        repr(nn.MaxPool2d(2)),
        repr(nn.Conv2d(12, 6, 3, padding=1, bias=False)),
        repr(nn.AvgPool2d(2)),
        repr(nn.Flatten()),
        repr(nn.Linear(6 * 6 * 4, 20, bias=False)),
        repr(nn.Linear(20, 10, bias=False)),
    ]
    assert out == (2, 10)


def test_pools_that_add_up():
    connections = Architecture("4C3-P2-A3-5").connections((1, 14, 14), 2, sums=True)
    pools = [connection.kernel_size for connection in connections if isinstance(connection, SumPool2d)]
    assert pools == [2, 3]
    assert nn.Sequential(*connections)(torch.zeros(2, 1, 14, 14)).shape == (2, 2)


def test_feedback_is_told_of_each_dense_layer():
    form = Architecture("4C3-20R-P2-30-7R")
    assert form.feedback == (True, False, True, False)
    assert form.feedforward == Architecture("4C3-20-P2-30-7")
    assert Architecture("").feedback == (False,)
    assert [repr(c) for c in Architecture("9R").connections((4,), 2)] == [repr(nn.Linear(4, 9)), repr(nn.Linear(9, 2))]


@pytest.mark.parametrize(
    "text", ["4C3R", "P2R", "RR", "R", "800,400", "C5", "32C", "P", "-800", "800-", "32c5", "8 0", "32C5X"]
)
def test_text_that_is_no_architecture(text):
    with pytest.raises(
        ModelError, match=r"Architecture: '.*' in .* is no layer; write 800, 800R, 32C5, 32C5S, P2 or A2"
    ):
        Architecture(text)


def test_images_only():
    with pytest.raises(
        ModelError, match=r"Architecture: 4C3 needs images of shape \(channel, row, column\); got .*\(9,\)"
    ):
        Architecture("4C3").connections((9,), classes=2)


def test_an_image_that_is_too_small():
    with pytest.raises(ModelError, match=r"does not take samples of shape \(1, 4, 4\)"):
        Architecture("4C5").connections((1, 4, 4), classes=2)
