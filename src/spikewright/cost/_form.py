"""The form of a connection: what its size and its sharing of weights say about what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from math import prod

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.network import (
    AllButSelf,
    DelayedLinear,
    FixedFanOut,
    Scale,
    SumPool2d,
    fan_out,
    has_synapses,
    image_of_one_row,
    output_shape,
    window_of,
)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """What a connection is, apart from what comes through it.

    Parameters
    ----------
    kind : str
        ``"dense"``, ``"sparse"``, ``"convolution"``, ``"pool"``, or ``"lateral"`` for one shared weight between all.
    sources, targets : int
        Values before and after it.
    synapses : int
        Pairs of a source and a target, at the borders as they are, weights of 0 included.
    weights, biases : int
        Numbers that it keeps; a shared one counts once.
    fan_in : int
        Sources that a target away from the borders has.
    channels : int
        Targets that a source reaches through one place of the window; the targets of a dense connection.
    kernel, stride : tuple of int
        Rows and columns of the window; (1, 1) where there is none.
    """

    kind: str
    sources: int
    targets: int
    synapses: int
    weights: int
    biases: int
    fan_in: int
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)


@singledispatch
def form_of(connection: nn.Module | None, shape: Shape) -> Form | None:
    """Return the form of a connection on samples of ``shape``; ``None`` if it has no synapses.

    A new type of connection with synapses registers its rule: ``@form_of.register``.

    Parameters
    ----------
    connection : nn.Module or None
        A connection of a layer.
    shape : tuple of int
        Shape of one sample before it.

    Raises
    ------
    ModelError
        If there is no rule for this type of connection, or it does not take samples of ``shape``.
    """
    if not has_synapses(connection):
        output_shape(connection, shape)
        return None
    raise ModelError(
        f"form_of: no rule for connections of type {type(connection).__name__} on samples of {shape}. "
        "Give each weighted connection a layer of its own, or add a rule with form_of.register and fan_out.register."
    )


@form_of.register(nn.Linear)
@form_of.register(DelayedLinear)
def _(connection: nn.Linear | DelayedLinear, shape: Shape) -> Form:
    weight = connection.weight.detach()
    # A list of synapses with their targets takes twice the memory of a matrix for each synapse.
    kind = "dense" if 2 * int(torch.count_nonzero(weight)) >= weight.numel() else "sparse"
    return _form(kind, connection, shape, fan_in=weight.shape[1], channels=len(weight))


@form_of.register
def _(connection: FixedFanOut, shape: Shape) -> Form:
    listed = connection.targets.shape[1]
    return _form(
        "sparse", connection, shape, fan_in=round(shape[-1] * listed / connection.out_features), channels=listed
    )


@form_of.register
def _(connection: AllButSelf, shape: Shape) -> Form:
    return _form("lateral", connection, shape, fan_in=shape[-1] - 1, channels=shape[-1] - 1)


@form_of.register
def _(connection: nn.Conv2d, shape: Shape) -> Form:
    inputs, outputs = connection.in_channels // connection.groups, connection.out_channels // connection.groups
    return _windowed("convolution", connection, shape, inputs=inputs, channels=outputs)


@form_of.register
def _(connection: nn.Conv1d, shape: Shape) -> Form | None:
    return form_of(image_of_one_row(connection), (shape[0], 1, *shape[1:]))


@form_of.register
def _(connection: Scale, shape: Shape) -> Form:
    return replace(_form("sparse", connection, shape, fan_in=1, channels=1), weights=connection.factor.numel())


@form_of.register(nn.AvgPool2d)
@form_of.register(SumPool2d)
def _(connection: nn.AvgPool2d | SumPool2d, shape: Shape) -> Form:
    return _windowed("pool", connection, shape, inputs=1, channels=1)


def _windowed(kind: str, connection: nn.Module, shape: Shape, *, inputs: int, channels: int) -> Form:
    window = window_of(connection, shape)
    kernel, stride = (window.rows.kernel, window.columns.kernel), (window.rows.stride, window.columns.stride)
    fan_in = inputs * prod(kernel)
    return _form(kind, connection, shape, fan_in=fan_in, channels=channels, kernel=kernel, stride=stride)


def _form(
    kind: str,
    connection: nn.Module,
    shape: Shape,
    *,
    fan_in: int,
    channels: int,
    kernel: tuple[int, int] = (1, 1),
    stride: tuple[int, int] = (1, 1),
) -> Form:
    return Form(
        kind=kind,
        sources=prod(shape),
        targets=prod(_after(connection, shape)),
        synapses=int(fan_out(connection, shape, zeros=True).sum()),
        weights=_size(getattr(connection, "weight", None)),
        biases=_size(getattr(connection, "bias", None)),
        fan_in=fan_in,
        channels=channels,
        kernel=kernel,
        stride=stride,
    )


def _after(connection: nn.Module, shape: Shape) -> Shape:
    # A forward pass through a list of synapses would visit each.
    return (
        (*shape[:-1], connection.out_features)
        if isinstance(connection, FixedFanOut)
        else output_shape(connection, shape)
    )


def _size(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.numel()
