"""The neurons of a layer as numbers, for the models that have an event-driven kernel."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright import kernels
from spikewright.neurons import IF, LIF, CurrentIF


class Constants(NamedTuple):
    """A model's numbers, each a number or one value a neuron; see :class:`spikewright.kernels.Population`."""

    model: int
    start: float | Tensor
    threshold: float | Tensor
    after: float | Tensor | None
    kept: float | Tensor = 0.0
    other: float | Tensor = 0.0
    once: bool = False


@singledispatch
def constants(neuron: object, dt: float) -> Constants | None:  # noqa: ARG001 - the rule for any other type
    """Return the numbers of neurons that have an event-driven kernel, ``None`` for all others.

    The kernels compute what the model's ``step`` does, in the same order of operations.
    """
    return None


@constants.register
def _(neuron: IF, dt: float) -> Constants:  # noqa: ARG001 - there is no decay
    return Constants(kernels.IF_MODEL, neuron.v_start, neuron.v_threshold, neuron.v_reset)


@constants.register
def _(neuron: LIF, dt: float) -> Constants:
    kept = _decay(neuron.tau_mem, dt)
    return Constants(kernels.LIF_MODEL, neuron.v_leak, neuron.v_threshold, neuron.v_reset, kept, neuron.v_leak)


@constants.register
def _(neuron: CurrentIF, dt: float) -> Constants:
    kept = _decay(neuron.tau_syn, dt)
    model = kernels.CURRENT_IF_MODEL
    return Constants(model, 0.0, neuron.v_threshold, neuron.v_reset, kept, 1 - kept, neuron.once)


def _decay(tau: float | Tensor, dt: float) -> float | Tensor:
    return torch.exp(-dt / tau) if isinstance(tau, Tensor) else math.exp(-dt / tau)


def population(
    numbers: Constants,
    shape: tuple[int, ...],
    order: NDArray[np.int64],
    *,
    bias: NDArray[np.floating],
    scale: NDArray[np.floating],
) -> kernels.Population:
    """Give every neuron of a layer of ``shape`` its numbers, in the order of addresses; bias and scale come in it."""
    dtype = torch.from_numpy(bias).dtype

    def each(value: float | Tensor) -> NDArray[np.floating]:
        spread: NDArray[np.floating] = torch.as_tensor(value).detach().to(dtype).expand(shape).numpy().ravel()[order]
        return spread

    return kernels.Population(
        model=numbers.model,
        subtract=int(numbers.after is None),
        once=int(numbers.once),
        bias=bias,
        scale=scale.astype(bias.dtype),
        start=each(numbers.start),
        threshold=each(numbers.threshold),
        after=each(0.0 if numbers.after is None else numbers.after),
        kept=each(numbers.kept),
        other=each(numbers.other),
    )
