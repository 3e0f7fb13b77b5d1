"""Any connection seen from its synapses: which neurons a spike reaches, with which weight, and how many."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import singledispatch
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.network._connections import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    MaxCountPool2d,
    Scale,
    SumPool2d,
    output_shape,
)
from spikewright.network._fixed_fan_out import FixedFanOut
from spikewright.network._windows import window_of

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses of a linear connection, ordered by source neuron.

    Those of source ``n`` are the entries from ``starts[n]`` up to ``starts[n + 1]``. Neurons are numbered in C order.

    Parameters
    ----------
    starts : array of int64, shape (source + 1,)
        First synapse of each source.
    targets : array of int64, shape (synapse,)
        Neuron that each synapse reaches.
    weights : array of float64, shape (synapse,)
        Charge that a spike delivers through each; synapses of weight 0 are listed too.
    bias : array of float64, shape (target,)
        Charge that arrives in every step without a spike.
    source_shape, target_shape : tuple of int
        Shapes of one sample before and after the connection.
    """

    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    source_shape: Shape
    target_shape: Shape

    def __len__(self) -> int:
        return len(self.targets)

    def matrix(self) -> scipy.sparse.csc_array[np.float64]:
        """Return the weights as a sparse matrix, shape (target, source)."""
        return scipy.sparse.csc_array(
            (self.weights, self.targets, self.starts), shape=(len(self.bias), len(self.starts) - 1)
        )


@singledispatch
def synapses(connection: object, shape: Shape) -> Synapses | None:  # noqa: ARG001 - the rule for any other type
    """Return the synapses of a connection, in evaluation mode and with its weights as they are now.

    A new type of connection registers its rule: ``@synapses.register``.

    Parameters
    ----------
    connection : nn.Module or None
        A connection of a layer.
    shape : tuple of int
        Shape of one sample before it.

    Returns
    -------
    Synapses or None
        ``None`` where the connection is not linear, keeps its input as it is, or looks back in time.

    Raises
    ------
    ModelError
        If the connection does not take samples of ``shape``.
    """
    return None


@synapses.register
def _(connection: nn.Linear, shape: Shape) -> Synapses:
    target_shape = output_shape(connection, shape)
    sources, targets = np.divmod(np.arange(connection.weight.numel()), connection.out_features)
    weights = _array(connection.weight).T.ravel()
    return _repeated(_Entries(sources, targets, weights), _bias(connection), shape, target_shape)


@synapses.register
def _(connection: FixedFanOut, shape: Shape) -> Synapses:
    _check_sources(connection, shape)
    targets = connection.targets.cpu().numpy().astype(np.int64)
    sources = np.arange(len(targets)).repeat(targets.shape[1])
    weights = _array(connection.weight) * float(connection.scale)
    bias = np.zeros(connection.out_features)
    return _repeated(_Entries(sources, targets.ravel(), weights.ravel()), bias, shape, (*shape[:-1], len(bias)))


@synapses.register
def _(connection: AllButSelf, shape: Shape) -> Synapses:
    sources, targets = np.nonzero(~np.eye(shape[-1], dtype=bool))
    weights = np.full(len(sources), float(connection.weight))
    return _repeated(_Entries(sources, targets, weights), np.zeros(shape[-1]), shape, shape)


@synapses.register
def _(connection: nn.Conv2d, shape: Shape) -> Synapses:
    target_shape = output_shape(connection, shape)
    pairs = window_of(connection, shape).pairs()
    outputs, inputs = connection.weight.shape[:2]
    output = np.arange(outputs)[:, None, None]
    # Channels of group g read the g-th part of the input channels.
    channel = output // (outputs // connection.groups) * inputs + np.arange(inputs)[None, :, None]
    sources = channel * prod(shape[1:]) + pairs.sources
    targets = output * prod(target_shape[1:]) + pairs.targets
    weights = _array(connection.weight)[:, :, pairs.rows, pairs.columns]
    bias = _bias(connection).repeat(prod(target_shape[1:]))
    targets = np.broadcast_to(targets, sources.shape)
    return _compressed(_Entries(sources.ravel(), targets.ravel(), weights.ravel()), bias, shape, target_shape)


@synapses.register
def _(connection: nn.Conv1d, shape: Shape) -> Synapses:
    target_shape = output_shape(connection, shape)
    wires = synapses(image_of_one_row(connection), (shape[0], 1, *shape[1:]))
    assert wires is not None  # a Conv2d has them
    return replace(wires, source_shape=shape, target_shape=target_shape)


@synapses.register
def _(connection: Scale, shape: Shape) -> Synapses:
    output_shape(connection, shape)
    factors = _array(connection.factor).ravel()
    neurons = np.arange(len(factors))
    return _compressed(_Entries(neurons, neurons, factors), np.zeros(len(factors)), shape, shape)


@synapses.register(nn.AvgPool2d)
@synapses.register(SumPool2d)
def _(connection: nn.AvgPool2d | SumPool2d, shape: Shape) -> Synapses:
    target_shape = output_shape(connection, shape)
    window = window_of(connection, shape)
    pairs = window.pairs()
    weights = 1 / window.divisors().ravel()[pairs.targets]
    entries = _Entries(pairs.sources, pairs.targets, weights)
    return _repeated(entries, np.zeros(prod(target_shape[1:])), shape, target_shape)


@singledispatch
def fan_out(connection: object, shape: Shape, *, zeros: bool = False) -> Tensor:  # noqa: ARG001
    """Return how many synapses a spike of each source neuron reaches, at the borders too, without building them.

    A weight of exactly 0 is no synapse: so a sparse matrix, such as a liquid's, and a pruned kernel are kept whole.

    A new type of connection registers its rule: ``@fan_out.register``.

    Parameters
    ----------
    connection : nn.Module or None
        A connection of a layer.
    shape : tuple of int
        Shape of one sample before it.
    zeros : bool
        Whether to count weights of 0 too, as a product that does not look at them does.

    Returns
    -------
    Tensor of int64, shape ``shape``
        0 where the connection only hands on, picks or normalises what it receives.

    Raises
    ------
    ModelError
        If there is no rule for this type of connection, or it does not take samples of ``shape``.
    """
    raise ModelError(
        f"fan_out: no rule for connections of type {type(connection).__name__} on samples of {shape}. "
        "Give each weighted connection a layer of its own, or add a rule with fan_out.register."
    )


# Normalisation is folded into the layer before it when a network is deployed, and so is not counted.
@fan_out.register(nn.BatchNorm1d)
@fan_out.register(nn.BatchNorm2d)
@fan_out.register(nn.Flatten)
@fan_out.register(nn.Identity)
@fan_out.register(nn.MaxPool2d)
@fan_out.register(Delay)
@fan_out.register(Dropout)
@fan_out.register(MaxCountPool2d)
@fan_out.register(type(None))
def _(connection: nn.Module | None, shape: Shape, *, zeros: bool = False) -> Tensor:  # noqa: ARG001
    output_shape(connection, shape)
    return torch.zeros(shape, dtype=torch.int64)


@fan_out.register(nn.Linear)
@fan_out.register(DelayedLinear)
def _(connection: nn.Linear | DelayedLinear, shape: Shape, *, zeros: bool = False) -> Tensor:
    output_shape(connection, shape)
    weight = connection.weight.detach()
    reached = torch.full(weight.shape[1:], len(weight)) if zeros else torch.count_nonzero(weight, 0)
    return reached.expand(shape).contiguous()


@fan_out.register
def _(connection: FixedFanOut, shape: Shape, *, zeros: bool = False) -> Tensor:  # noqa: ARG001 - all that is listed
    _check_sources(connection, shape)
    return torch.full(shape, connection.targets.shape[1])


@fan_out.register
def _(connection: AllButSelf, shape: Shape, *, zeros: bool = False) -> Tensor:  # noqa: ARG001
    return torch.full(shape, shape[-1] - 1)


@fan_out.register
def _(connection: nn.Conv2d, shape: Shape, *, zeros: bool = False) -> Tensor:
    whole = _uses(connection, shape, connection.out_channels // connection.groups)
    return whole if zeros or bool(connection.weight.all()) else _uses_of_nonzero(connection, shape)


@fan_out.register
def _(connection: nn.Conv1d, shape: Shape, *, zeros: bool = False) -> Tensor:
    output_shape(connection, shape)
    return fan_out(image_of_one_row(connection), (shape[0], 1, *shape[1:]), zeros=zeros).reshape(shape)


@fan_out.register
def _(connection: Scale, shape: Shape, *, zeros: bool = False) -> Tensor:
    output_shape(connection, shape)
    return ((connection.factor.detach() != 0) | zeros).to(torch.int64)


@fan_out.register(nn.AvgPool2d)
@fan_out.register(SumPool2d)
def _(connection: nn.AvgPool2d | SumPool2d, shape: Shape, *, zeros: bool = False) -> Tensor:  # noqa: ARG001
    return _uses(connection, shape, 1)


def has_synapses(connection: nn.Module | None) -> bool:
    """Return whether a connection has synapses: it has none where its rule in :func:`fan_out` is that of ``None``."""
    return fan_out.dispatch(type(connection)) is not fan_out.dispatch(type(None))


def _check_sources(connection: FixedFanOut, shape: Shape) -> None:
    """Ask the shape only, because a forward pass would visit every synapse."""
    if shape[-1] != len(connection.targets):
        raise ModelError(f"{connection}: does not take samples of shape {shape}.")


def image_of_one_row(connection: nn.Conv1d) -> nn.Conv2d:
    """Return the convolution of images that does the same to a single row, with the same tensors."""
    padding = connection.padding
    with torch.device("meta"):
        image = nn.Conv2d(
            connection.in_channels,
            connection.out_channels,
            (1, connection.kernel_size[0]),
            stride=(1, connection.stride[0]),
            padding=padding if isinstance(padding, str) else (0, padding[0]),
            dilation=(1, connection.dilation[0]),
            groups=connection.groups,
            bias=connection.bias is not None,
            padding_mode=connection.padding_mode,
        )
    state = {
        name: tensor.unsqueeze(2) if tensor.ndim == 3 else tensor for name, tensor in connection.state_dict().items()
    }
    image.load_state_dict(state, assign=True)
    return image


def _uses(connection: nn.Module, shape: Shape, outputs: int) -> Tensor:
    """Return ``outputs`` for each window that sees a pixel, the same in every channel."""
    pixels = torch.from_numpy(window_of(connection, shape).uses())
    return (pixels * outputs).expand(shape).contiguous()


def _uses_of_nonzero(connection: nn.Conv2d, shape: Shape) -> Tensor:
    """Return how many weights that are not 0 meet each pixel: the gradient of a sum over a kernel of zeros and ones."""
    kernel = deepcopy(connection).double().requires_grad_(requires_grad=False)
    kernel.weight.copy_(kernel.weight != 0)
    with torch.enable_grad():
        x = torch.zeros(1, *shape, dtype=torch.float64, requires_grad=True)
        (uses,) = torch.autograd.grad(kernel(x).sum(), x)
    return uses[0].round().to(torch.int64)


class _Entries(NamedTuple):
    """Synapses in any order."""

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]


def _repeated(entries: _Entries, bias: NDArray[np.float64], before: Shape, after: Shape) -> Synapses:
    """Repeat the synapses of one block, as of a channel, for all blocks of a sample."""
    blocks = prod(after) // len(bias)
    block = np.arange(blocks)[:, None]
    repeated = _Entries(
        (block * (prod(before) // blocks) + entries.sources).ravel(),
        (block * len(bias) + entries.targets).ravel(),
        np.tile(entries.weights, blocks),
    )
    return _compressed(repeated, np.tile(bias, blocks), before, after)


def _compressed(entries: _Entries, bias: NDArray[np.float64], before: Shape, after: Shape) -> Synapses:
    """Order synapses by source, then by target."""
    order = np.lexsort((entries.targets, entries.sources))
    starts = np.zeros(prod(before) + 1, dtype=np.int64)
    np.cumsum(np.bincount(entries.sources, minlength=prod(before)), out=starts[1:])
    return Synapses(starts, entries.targets[order], entries.weights[order], bias, before, after)


def _bias(connection: nn.Linear | nn.Conv2d) -> NDArray[np.float64]:
    return np.zeros(len(connection.weight)) if connection.bias is None else _array(connection.bias)


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()
