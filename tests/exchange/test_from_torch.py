"""Modules of torch become networks of rectifiers that give the same scores."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from spikewright.checks import ModelError
from spikewright.exchange import from_torch
from spikewright.network import Network


def settled(module: nn.Module) -> nn.Module:
    """Give every normalisation statistics and weights as after training."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, std=0.2)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.2)
    return module.eval()


class Residual(nn.Module):
    """Functional calls, methods, sums, normalisation, and a shortcut with a convolution of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.second, self.again = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.shortcut = nn.Conv2d(6, 4, 1, stride=2)
        self.third = nn.Conv2d(6, 4, 3, stride=2, padding=1)
        self.weight = nn.Parameter(torch.randn(5, 4) / 2)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.first(x)))
        x = torch.relu(self.again(self.second(x)) + x)
        x = functional.max_pool2d(x, 2)
        x = torch.add(self.third(x), self.shortcut(x)).relu()
        x = functional.dropout(functional.adaptive_avg_pool2d(x, 1), training=self.training)
        return functional.linear(torch.flatten(x, 1), self.weight)


MODULES = {
    "dense": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 3)),
        (6,),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
            *(nn.MaxPool2d(2), nn.Conv2d(4, 3, 3, groups=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(3, 4)),
        ),
        (2, 8, 8),
    ),
    "residual": (Residual, (2, 8, 8)),
    "global": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()),
        (2, 6, 5),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_scores_are_those_of_the_module(name):
    """Bound: batch normalisation is folded, which rounds in another order."""
    torch.manual_seed(4)
    make, sample = MODULES[name]
    module = settled(make())
    net = from_torch(module, torch.rand(1, *sample))
    assert isinstance(net, Network)
    x = torch.randn(6, *sample)
    with torch.no_grad():
        torch.testing.assert_close(net(x), module(x), rtol=1e-4, atol=1e-5)


def test_the_module_stays_as_it_is():
    module = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).train()
    before = module[0].weight.clone()
    net = from_torch(module, torch.rand(1, 3))
    with torch.no_grad():
        next(net.parameters()).zero_()
    assert module.training
    assert torch.equal(module[0].weight, before)


class Odd(nn.Module):
    """Several operations that have no rate."""

    def __init__(self) -> None:
        super().__init__()
        self.act, self.norm, self.last = nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.sigmoid(self.norm(self.act(x))))


class Depends(nn.Module):
    """Goes a way that depends on values."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


def test_all_that_cannot_be_converted_is_listed_before_anything_runs():
    def fail(*_: object) -> None:
        raise AssertionError("was run")

    module = Odd()
    module.last.register_forward_hook(fail)
    with pytest.raises(
        ModelError, match=r"Odd: .* because of GELU \(act\), LayerNorm \(norm\), sigmoid \(sigmoid\)\. What"
    ):
        from_torch(module, torch.rand(1, 4))


CALLS = {
    "constant": (lambda x: x + 1.0, r"from_torch: add: takes 1.0, which no operation before it gives"),
    "adaptive": (lambda x: functional.adaptive_avg_pool2d(x, 2), r"adaptive average pooling to 2; only to 1"),
    "reshape": (lambda x: x.reshape(4, -1), r"from_torch: reshape: a reshape to \(4, -1\); only to one row a sample"),
    "flatten": (torch.flatten, r"from_torch: flatten: flatten joins samples with each other"),
    "scaled": (lambda x: torch.add(x, x, alpha=2), r"from_torch: add: a sum must be of two tensors"),
    "two": (lambda x: (torch.relu(x), x), r"from_torch: gives .*; it must give one tensor of scores"),
    "nothing": (lambda x: x.contiguous(), r"the network does nothing to its input"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_have_no_meaning_for_rates(name):
    call, message = CALLS[name]

    class Calls(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return call(x)

    with pytest.raises(ModelError, match=message) as caught:
        from_torch(Calls(), torch.rand(1, 2, 4, 4))
    assert "\n" not in str(caught.value)


def test_what_cannot_be_traced():
    with pytest.raises(ModelError, match=r"from_torch: Depends: cannot be traced: symbolically traced"):
        from_torch(Depends(), torch.rand(1, 2))
