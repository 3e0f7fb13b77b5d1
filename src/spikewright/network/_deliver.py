"""Each connection in the way that is quickest for it: by torch, or by a compiled loop where one fits."""

from __future__ import annotations

from functools import singledispatch

from torch import Tensor, nn

from spikewright.checks import Step
from spikewright.network._max_pool import MaxPool, refuses_max_pool
from spikewright.network._sparse_linear import SparseLinear, plan_sparse_linear


@singledispatch
def deliver(connection: nn.Module, x: Step) -> Step:
    """Return what a connection gives for ``x``, shape (batch, neuron...)."""
    y: Tensor = connection(x)
    return y


@deliver.register
def _(connection: nn.Linear, x: Step) -> Step:
    events = plan_sparse_linear(connection, x)
    if isinstance(events, str):
        y: Tensor = connection(x)
        return y
    product: Tensor = SparseLinear.apply(events, x, connection.weight, connection.bias)  # type: ignore[no-untyped-call]
    return product


@deliver.register
def _(connection: nn.MaxPool2d, x: Step) -> Step:
    if refuses_max_pool(connection, x):
        y: Tensor = connection(x)
        return y
    pooled: Tensor = MaxPool.apply(x)  # type: ignore[no-untyped-call]
    return pooled


@singledispatch
def way_of(connection: nn.Module, x: Tensor) -> str:  # noqa: ARG001 - the rule for any other type
    """Say how :func:`deliver` computes a connection; a type with several ways registers its rule."""
    return "in one call for all steps"


@way_of.register
def _(connection: nn.Linear, x: Tensor) -> str:
    events = plan_sparse_linear(connection, x)
    if isinstance(events, str):
        return f"as one dense product for all steps ({events})"
    return "by adding the rows of what is not zero"


@way_of.register
def _(connection: nn.MaxPool2d, x: Tensor) -> str:
    reason = refuses_max_pool(connection, x)
    return f"in one call for all steps ({reason})" if reason else "by a compiled loop"
