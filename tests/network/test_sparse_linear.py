"""Linear connections on inputs that are mostly zeros: the dense product's result and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spikewright import kernels
from spikewright.network import over_time
from spikewright.network._sparse_linear import plan_sparse_linear

STEPS, BATCH, SOURCES, TARGETS = 9, 37, 211, 65


@pytest.fixture(autouse=True)
def crossing(monkeypatch):
    """Whatever this machine is like."""
    monkeypatch.setattr(kernels, "densest", lambda targets: 0.05 if targets >= 64 else 0.0)


class Loop(nn.Linear):
    """The same connection, of which the kernels know nothing."""

    def forward(self, x):
        return super().forward(x)


def raster(density=0.03, dtype=torch.float64):
    torch.manual_seed(0)
    spikes = torch.rand(STEPS, BATCH, SOURCES) < density
    return (spikes * torch.randint(1, 4, spikes.shape)).to(dtype)


def connections(*, bias, dtype=torch.float64):
    sparse, dense = nn.Linear(SOURCES, TARGETS, bias=bias), Loop(SOURCES, TARGETS, bias=bias)
    dense.load_state_dict(sparse.state_dict())
    return sparse.to(dtype), dense.to(dtype)


@pytest.mark.parametrize("layout", ["contiguous", "view"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_equals_the_dense_product(dtype, tolerance, wanted, bias, layout):
    """Charges and all gradients, also that of the input if it is wanted."""
    x = raster(dtype=dtype)
    if layout == "view":
        x = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    found = []
    for connection in connections(bias=bias, dtype=dtype):
        leaf = x.detach().requires_grad_(wanted)
        y = over_time(connection, leaf)
        weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=dtype)
        (y * weights).sum().backward()
        found.append([y.detach(), *([leaf.grad] if wanted else []), *(p.grad for p in connection.parameters())])
        assert wanted or leaf.grad is None
    assert not isinstance(plan_sparse_linear(connections(bias=bias, dtype=dtype)[0], x.flatten(0, 1)), str)
    for ours, reference in zip(*found, strict=True):
        torch.testing.assert_close(ours, reference, rtol=tolerance, atol=tolerance)


def test_threads_change_nothing():
    """Rows are shared forward, targets backward."""
    threads, found = torch.get_num_threads(), []
    connection, _ = connections(bias=True, dtype=torch.float32)
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            connection.zero_grad()
            y = over_time(connection, raster(dtype=torch.float32))
            y.square().sum().backward()
            found.append((y, connection.weight.grad, connection.bias.grad))
    finally:
        torch.set_num_threads(threads)
    for alone, shared in zip(*found, strict=True):
        assert torch.equal(alone, shared)


def test_a_raster_that_changes_afterwards():
    """What was found is kept, so that a raster that is written again does not change gradients."""
    connection, _ = connections(bias=False)
    x = raster()
    y = over_time(connection, x)
    expected = x.flatten(0, 1).T @ torch.ones_like(y).flatten(0, 1)
    x.fill_(5)
    y.sum().backward()
    torch.testing.assert_close(connection.weight.grad, expected.T)


@pytest.mark.parametrize(
    ("x", "connection", "reason"),
    [
        (raster()[0], connections(bias=True)[1], "does more than nn.Linear"),
        (raster().flatten(0, 1), connections(bias=True, dtype=torch.float32)[0], "got cpu, torch.float64"),
        (raster().flatten(0, 1).half(), connections(bias=True)[0].half(), "got cpu, torch.float16"),
        (raster()[0], connections(bias=True)[0], "the product is small"),
        (raster().flatten(0, 1), nn.Linear(SOURCES, 10).double(), "more than 0.0% of the input"),
        (raster().flatten(0, 1), nn.Linear(3, 100).double(), "shapes do not match"),
        (
            raster(density=0.2).flatten(0, 1),
            connections(bias=True)[0],
            "more than 5.0% of the input is not zero",
        ),
    ],
)
def test_reasons_for_a_dense_product(x, connection, reason):
    """Each says what stands in the way."""
    assert reason in plan_sparse_linear(connection, x)


def test_automatic_mixed_precision_is_left_alone():
    """Its products are in bfloat16, as everywhere."""
    connection, _ = connections(bias=True, dtype=torch.float32)
    x = raster(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        assert "automatic mixed precision" in plan_sparse_linear(connection, x.flatten(0, 1))
        assert over_time(connection, x).dtype == torch.bfloat16
