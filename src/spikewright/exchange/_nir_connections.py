"""Connection nodes of NIR as modules of torch and of this package."""

from __future__ import annotations

from functools import singledispatch
from typing import TypeAlias

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.exchange._nir_neurons import Place
from spikewright.network import Delay, Scale, SumPool2d

Pair: TypeAlias = tuple[int, int]


@singledispatch
def connection_of(node: nir.NIRNode, place: Place) -> nn.Module:  # noqa: ARG001 - the rule for any other node
    """Return the module that does what a node does.

    Raises
    ------
    ModelError
        If the node has values with which it does nothing defined.
    """
    raise ModelError(f"{type(node).__name__} is no connection")


@connection_of.register
def _(node: nir.Linear, place: Place) -> nn.Module:
    return _linear(_numbers(node, "weight"), None, place)


@connection_of.register
def _(node: nir.Affine, place: Place) -> nn.Module:
    return _linear(_numbers(node, "weight"), _numbers(node, "bias"), place)


@connection_of.register
def _(node: nir.Scale, place: Place) -> nn.Module:
    factor = _numbers(node, "scale").to(place.dtype)
    return Scale(factor.expand(place.shape).clone() if factor.numel() == 1 else factor)


@connection_of.register
def _(node: nir.Conv1d, place: Place) -> nn.Module:
    weight = _kernel(node, 3)
    padding = _padding(node, 1)
    with torch.device("meta"):
        module = nn.Conv1d(
            *_channels(node, weight),
            weight.shape[2],
            stride=_sizes("stride", node.stride, 1)[0],
            padding=padding if isinstance(padding, str) else padding[0],
            dilation=_sizes("dilation", node.dilation, 1)[0],
            groups=_whole("groups", node.groups),
        )
    return _filled(module, weight, _numbers(node, "bias"), place)


@connection_of.register
def _(node: nir.Conv2d, place: Place) -> nn.Module:
    weight = _kernel(node, 4)
    padding = _padding(node, 2)
    with torch.device("meta"):
        module = nn.Conv2d(
            *_channels(node, weight),
            (weight.shape[2], weight.shape[3]),
            stride=_two("stride", node.stride),
            padding=padding if isinstance(padding, str) else (padding[0], padding[1]),
            dilation=_two("dilation", node.dilation),
            groups=_whole("groups", node.groups),
        )
    return _filled(module, weight, _numbers(node, "bias"), place)


@connection_of.register
def _(node: nir.SumPool2d, place: Place) -> nn.Module:  # noqa: ARG001
    kernel, stride, padding = _window(node)
    if kernel == stride == (kernel[0], kernel[0]) and padding == (0, 0):
        return SumPool2d(kernel[0])
    return nn.AvgPool2d(kernel, stride, padding, divisor_override=1)


@connection_of.register
def _(node: nir.AvgPool2d, place: Place) -> nn.Module:  # noqa: ARG001
    kernel, stride, padding = _window(node)
    return nn.AvgPool2d(kernel, stride, padding)


@connection_of.register
def _(node: nir.Flatten, place: Place) -> nn.Module:  # noqa: ARG001
    # NIR does not count the axis of the samples.
    first, last = (_integer(name, getattr(node, name)) for name in ("start_dim", "end_dim"))
    return nn.Flatten(first + 1 if first >= 0 else first, last + 1 if last >= 0 else last)


@connection_of.register
def _(node: nir.Delay, place: Place) -> nn.Module:
    late = _numbers(node, "delay").double() / place.convention.step
    steps = late.round()
    if (late < 0).any() or ((late - steps).abs() > 1e-3).any():
        odd = float(late[((late < 0) | ((late - steps).abs() > 1e-3))][0]) * place.convention.step
        raise ModelError(f"a delay of {odd:g} is no whole number of steps of {place.convention.step:g}")
    whole = steps.to(torch.int64)
    if whole.numel() == 1 or (whole == whole.flatten()[0]).all():
        return Delay(int(whole.flatten()[0]))
    if tuple(whole.shape) != place.shape:
        raise ModelError(f"delay has shape {tuple(whole.shape)}, its input {place.shape}")
    return Delay(whole)


def _linear(weight: Tensor, bias: Tensor | None, place: Place) -> nn.Linear:
    if weight.ndim != 2 or not weight.numel():
        raise ModelError(f"weight must have the shape (out, in); got {tuple(weight.shape)}")
    if place.shape != (weight.shape[1],):
        raise ModelError(f"takes {weight.shape[1]} values in a row; it receives samples of shape {place.shape}")
    with torch.device("meta"):
        module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ModelError(f"bias has shape {tuple(bias.shape)}; it must be {tuple(weight.shape[:1])}")
    state = {"weight": weight} | ({} if bias is None else {"bias": bias})
    module.load_state_dict({name: tensor.to(place.dtype) for name, tensor in state.items()}, assign=True)
    return module


def _filled(module: nn.Conv1d | nn.Conv2d, weight: Tensor, bias: Tensor, place: Place) -> nn.Module:
    """Give a convolution its tensors; a bias of zeros is none."""
    if bias.numel() != len(weight):
        raise ModelError(f"bias has {bias.numel()} values for {len(weight)} channels")
    state = {"weight": weight, "bias": bias.reshape(-1)}
    if not bias.any():
        module.bias = None
        del state["bias"]
    module.load_state_dict({name: tensor.to(place.dtype) for name, tensor in state.items()}, assign=True)
    return module


def _kernel(node: nir.Conv1d | nir.Conv2d, axes: int) -> Tensor:
    weight = _numbers(node, "weight")
    if weight.ndim != axes or not weight.numel():
        raise ModelError(f"weight must have {axes} axes, none of them empty; got the shape {tuple(weight.shape)}")
    return weight


def _channels(node: nir.Conv1d | nir.Conv2d, weight: Tensor) -> tuple[int, int]:
    groups = _whole("groups", node.groups)
    if weight.shape[0] % groups:
        raise ModelError(f"{weight.shape[0]} channels cannot be split into {groups} groups")
    return weight.shape[1] * groups, weight.shape[0]


def _window(node: nir.SumPool2d | nir.AvgPool2d) -> tuple[Pair, Pair, Pair]:
    return _two("kernel_size", node.kernel_size), _two("stride", node.stride), _two("padding", node.padding, least=0)


def _padding(node: nir.Conv1d | nir.Conv2d, axes: int) -> tuple[int, ...] | str:
    if isinstance(node.padding, str):
        return node.padding
    padding = _sizes("padding", node.padding, axes, least=0)
    reach = tuple(
        size * dilation
        for size, dilation in zip(node.weight.shape[2:], _sizes("dilation", node.dilation, axes), strict=True)
    )
    if any(width > most for width, most in zip(padding, reach, strict=True)):
        raise ModelError(f"padding must not be wider than the kernel, {reach}; got {padding}")
    return padding


def _sizes(name: str, values: object, axes: int, *, least: int = 1) -> tuple[int, ...]:
    given = np.ravel(np.asarray(values))
    if len(given) not in (1, axes):
        raise ModelError(f"{name} must have 1 or {axes} values; got {len(given)}")
    sizes = [_whole(name, value, least=least) for value in given]
    return tuple(sizes * axes if len(sizes) == 1 else sizes)


def _two(name: str, values: object, *, least: int = 1) -> Pair:
    first, second = _sizes(name, values, 2, least=least)
    return first, second


def _whole(name: str, value: object, *, least: int = 1) -> int:
    number = _integer(name, value)
    if not least <= number < 1 << 31:
        raise ModelError(f"{name} must be >= {least}; got {number}")
    return number


def _integer(name: str, value: object) -> int:
    array: NDArray[np.generic] = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf" or array.item() != np.floor(array.item()):
        raise ModelError(f"{name} must be a whole number; got {str(value)[:40]}")
    return int(array.item())


def _numbers(node: nir.NIRNode, name: str) -> Tensor:
    given: NDArray[np.generic] = np.asarray(getattr(node, name))
    if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise ModelError(f"{name} must be finite numbers")
    return torch.from_numpy(np.array(given))
