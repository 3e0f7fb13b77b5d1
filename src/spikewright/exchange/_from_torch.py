"""Modules of torch as networks of rectifiers: whatever torch.fx can trace."""

from __future__ import annotations

import operator
from collections.abc import Callable
from copy import deepcopy
from functools import singledispatch
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from spikewright.checks import ModelError
from spikewright.exchange._artificial import Operation, assembled, linear, refuse
from spikewright.network import INPUT, Network

LEAVES = (
    *(nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.AvgPool2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d),
    *(nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d),
)
"""Modules that are converted, and not looked into."""


def from_torch(module: nn.Module, sample: Tensor) -> Network:
    """Return a network of rectifiers that gives the scores of a torch module in evaluation.

    Parameters
    ----------
    module : nn.Module
        An ``nn.Sequential`` or anything that :mod:`torch.fx` can trace; functional calls are understood too. It stays
        as it is.
    sample : Tensor, shape (1, ...)
        A batch of one sample, which is run once to learn the shapes.

    Returns
    -------
    Network
        Of one step; :func:`spikewright.learners.convert` makes it spike.

    Raises
    ------
    ModelError
        If it cannot be traced, or has operations that cannot be converted, all of which are listed.
    """
    copied = deepcopy(module).eval()
    where = f"from_torch: {type(module).__name__}"
    try:
        traced = fx.GraphModule(copied, _Tracer().trace(copied))
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        # What tracing raises for modules whose way depends on values.
        raise ModelError(f"{where}: cannot be traced: {' '.join(str(error).split())[:200]}") from error
    refuse([name for node in traced.graph.nodes if (name := _unsupported(traced, node))], where)
    reader = _Reader(traced)
    with torch.no_grad():
        reader.run(sample)
    return assembled(reader.operations, reader.last)


class _Tracer(fx.Tracer):
    """Keeps the modules that are converted whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Return whether ``m`` is not looked into."""
        return type(m) in LEAVES or super().is_leaf_module(m, module_qualified_name)


# Any: the arguments of an operation are whatever was written in the call.
Maker = Callable[..., nn.Module | None]


def _pool(kind: type[nn.MaxPool2d | nn.AvgPool2d]) -> Maker:
    def make(_: Tensor, *args: Any, **options: Any) -> nn.Module:
        return kind(*args, **options)

    return make


def _adaptive(x: Tensor, output_size: int | tuple[int, ...]) -> nn.Module:
    """Return the average over the whole image."""
    if output_size not in (1, (1, 1)):
        raise ModelError(f"adaptive average pooling to {output_size}; only to 1 is it the average of windows")
    return nn.AvgPool2d((x.shape[-2], x.shape[-1]))


def _flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> nn.Module:
    if start_dim % x.ndim == 0:
        raise ModelError("flatten joins samples with each other; give start_dim=1")
    return nn.Flatten(start_dim, end_dim)


def _reshaped(x: Tensor, *shape: Any) -> nn.Module:
    sizes = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    if len(sizes) != 2 or sizes[0] not in (-1, x.shape[0]) or sizes[1] not in (-1, x[0].numel()):
        raise ModelError(f"a reshape to {sizes}; only to one row a sample")
    return nn.Flatten()


def _conv(  # noqa: PLR0917 - as torch has them
    _: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> nn.Module:
    channels = weight.shape[1] * groups
    with torch.device("meta"):
        module = nn.Conv2d(
            channels,
            len(weight),
            (weight.shape[2], weight.shape[3]),
            stride,
            padding,
            dilation,
            groups,
            bias=bias is not None,
        )
    module.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}), assign=True)
    return module


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _rectifier(*_: Any, **__: Any) -> nn.Module:
    return nn.ReLU()


def _dense(_: Tensor, weight: Tensor, bias: Tensor | None = None) -> nn.Module:
    return linear(weight, bias)


FUNCTIONS: MappingProxyType[Callable[..., Any] | str, Maker] = MappingProxyType(
    {
        operator.add: _nothing,
        operator.iadd: _nothing,
        torch.add: _nothing,
        torch.relu: _rectifier,
        torch.relu_: _rectifier,
        functional.relu: _rectifier,
        functional.dropout: _nothing,
        functional.linear: _dense,
        functional.conv2d: _conv,
        torch.conv2d: _conv,
        functional.avg_pool2d: _pool(nn.AvgPool2d),
        functional.max_pool2d: _pool(nn.MaxPool2d),
        torch.max_pool2d: _pool(nn.MaxPool2d),
        functional.adaptive_avg_pool2d: _adaptive,
        torch.flatten: _flatten,
        "flatten": _flatten,
        "relu": _rectifier,
        "relu_": _rectifier,
        "view": _reshaped,
        "reshape": _reshaped,
        "add": _nothing,
        "add_": _nothing,
        "contiguous": _nothing,
    }
)
"""For each function and method, how to make the module that does the same."""

SUMS = frozenset((operator.add, operator.iadd, torch.add, "add", "add_"))
_PLAIN = frozenset(("placeholder", "output", "get_attr"))


def _unsupported(traced: fx.GraphModule, node: fx.Node) -> str:
    """Return the name of an operation that cannot be converted, empty if it can."""
    if node.op in _PLAIN:
        return ""
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        return "" if type(module) in LEAVES else f"{type(module).__name__} ({node.target})"
    if node.target in FUNCTIONS:
        return ""
    called = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
    return f"{called} ({node.name})"


class _Reader(fx.Interpreter):
    """Runs a traced module on one sample and writes down what each operation does."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        # It would put lines of a traceback into messages.
        self.extra_traceback = False
        self.operations: list[Operation] = []
        self.last = INPUT

    # Any: as torch.fx types it.
    def run_node(self, n: fx.Node) -> Any:
        """Run one operation."""
        result = super().run_node(n)
        if n.op == "output":
            if not isinstance(n.args[0], fx.Node):
                raise ModelError(f"from_torch: gives {n.args[0]}; it must give one tensor of scores.")
            self.last = self._name(n.args[0])
        elif n.op in ("call_module", "call_function", "call_method"):
            self.operations.append(self._operation(n))
        return result

    def _operation(self, n: fx.Node) -> Operation:
        args, options = self.fetch_args_kwargs_from_env(n)
        try:
            if n.op == "call_module":
                module = _as_connection(self.fetch_attr(str(n.target)), args[0])
                return Operation(n.name, (self._name(n.args[0]),), module)
            if n.target in SUMS:
                return Operation(n.name, self._terms(n))
            return Operation(n.name, (self._name(n.args[0]),), FUNCTIONS[n.target](*args, **options))
        except (ModelError, TypeError, ValueError) as error:
            raise ModelError(f"from_torch: {n.name}: {' '.join(str(error).split())}.") from error

    def _terms(self, n: fx.Node) -> tuple[str, ...]:
        if len(n.args) != 2 or n.kwargs:
            raise ModelError("a sum must be of two tensors")
        return tuple(self._name(source) for source in n.args)

    def _name(self, source: Any) -> str:
        if not isinstance(source, fx.Node) or source.op == "get_attr":
            raise ModelError(f"takes {source}, which no operation before it gives")
        return INPUT if source.op == "placeholder" else source.name


@singledispatch
def _as_connection(module: nn.Module, x: Tensor) -> nn.Module:  # noqa: ARG001 - most are connections themselves
    """Return the connection that does what a module does to ``x``."""
    return module


@_as_connection.register
def _(module: nn.AdaptiveAvgPool2d, x: Tensor) -> nn.Module:
    size: Any = module.output_size
    return _adaptive(x, size if isinstance(size, int) else tuple(size))
