"""Maximum pools through compiled loops: what torch's give, forward and backward, and who goes there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spikewright import Layer
from spikewright.network import INPUT, over_time
from spikewright.network._explain import explained


class Loop(nn.MaxPool2d):
    """The same pool, of which the kernels know nothing."""

    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize("layout", ["contiguous", "view"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("window", [2, (2, 2)])
def test_equals_torch(window, dtype, layout):
    """The same bits, forward and backward, for spikes, of which most are equal."""
    torch.manual_seed(0)
    x = (torch.rand(3, 4, 5, 7, 9) < 0.3).to(dtype)
    if layout == "view":
        x = x.permute(4, 3, 2, 1, 0).contiguous().permute(4, 3, 2, 1, 0)
    found = []
    for pool in (nn.MaxPool2d(window), Loop(window)):
        leaf = x.detach().requires_grad_()
        y = over_time(pool, leaf)
        (y * torch.arange(y.numel()).reshape(y.shape)).sum().backward()
        found.append((y, leaf.grad))
    for ours, reference in zip(*found, strict=True):
        assert ours.dtype == reference.dtype
        assert torch.equal(ours, reference)


@pytest.mark.parametrize(
    ("pool", "x", "reason"),
    [
        (nn.MaxPool2d(2), torch.zeros(1, 3, 4, 4), "by a compiled loop"),
        (Loop(2), torch.zeros(1, 3, 4, 4), "does more than nn.MaxPool2d"),
        (nn.MaxPool2d(3), torch.zeros(1, 3, 4, 4), "got 3 every 3"),
        (nn.MaxPool2d(2, stride=1), torch.zeros(1, 3, 4, 4), "got 2 every 1"),
        (nn.MaxPool2d(2, padding=1), torch.zeros(1, 3, 4, 4), "without padding, dilation and ceil_mode"),
        (nn.MaxPool2d(2, ceil_mode=True), torch.zeros(1, 3, 5, 5), "without padding, dilation and ceil_mode"),
        (nn.MaxPool2d(2), torch.zeros(1, 3, 4, 4, dtype=torch.int32), "got cpu, torch.int32"),
    ],
)
def test_who_goes_there(pool, x, reason):
    """``explain`` says it, and why not; each gives what torch gives."""
    layer = Layer(pool, name="pool")
    (line,) = explained(iter([("pool", layer, (INPUT,))]), x.expand(2, *x.shape).contiguous(), dt=1e-3)
    assert reason in line
    assert torch.equal(over_time(pool, x.unsqueeze(0))[0], nn.functional.max_pool2d(*arguments(pool, x)))


def arguments(pool, x):
    return x, pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode


def test_a_shape_that_does_not_fit():
    """Torch says so."""
    with pytest.raises(RuntimeError, match="Output size is too small"):
        over_time(nn.MaxPool2d(2), torch.zeros(1, 1, 3, 1, 4))
