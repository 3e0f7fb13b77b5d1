"""What every integer arithmetic is: how weights and neurons of a layer become whole numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import ModelError
from spikewright.neurons import NeuronModel
from spikewright.quantised._bits import IntArray, nearest
from spikewright.quantised._grid import Grid
from spikewright.quantised._integer_neuron import IntegerNeuron

FloatArray: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = scipy.sparse.csr_array[np.float64]


class Floats(NamedTuple):
    """A layer as it is: neurons, and all synapses that reach them, each matrix of shape (target, source).

    ``shape`` is that of one sample of the layer; ``analog`` says whether values arrive that are no spikes, ``last``
    whether the layer is read out.
    """

    name: str
    neuron: NeuronModel
    shape: tuple[int, ...]
    matrices: tuple[Matrix, ...]
    bias: FloatArray
    dt: float
    analog: bool
    last: bool

    def each(self, value: float | Tensor) -> FloatArray:
        """Return a parameter of the neurons as one value a neuron, shape (neuron,)."""
        values = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
        spread: FloatArray = values.expand(self.shape).reshape(-1).numpy()
        return spread

    def decay(self, tau: float | Tensor) -> FloatArray:
        """Return what is left after a step of a decay with time constant ``tau``, shape (neuron,)."""
        return np.exp(-self.dt / self.each(tau))


class Whole(NamedTuple):
    """A layer in whole numbers.

    ``weights`` stand in the place of the matrices. ``step`` is what a weight of 1 is worth, ``scale`` what 1 of the
    output is worth where it is a potential; both of shape (neuron,). ``error`` is the root mean square of what rounding
    changed in the weights, beside that of the weights.
    """

    weights: tuple[scipy.sparse.csr_array[np.int64], ...]
    neuron: IntegerNeuron
    step: FloatArray
    scale: FloatArray
    error: float


@dataclass(frozen=True)
class Arithmetic(ABC):
    """An integer arithmetic.

    Parameters
    ----------
    per_channel : bool
        Whether every channel of an image, or every neuron of another layer, has a scale of its own; if not, a layer has
        one.
    """

    per_channel: bool = True

    input_bits = 0
    """Bits behind the binary point of analog values that arrive; 0 if they cannot."""

    @abstractmethod
    def convert(self, layer: Floats) -> Whole:
        """Return a layer in whole numbers.

        Raises
        ------
        ModelError
            If the arithmetic has no such neurons, or their numbers do not fit.
        """

    @abstractmethod
    def grid(self, layer: Floats) -> Grid:
        """Return the numbers that the arithmetic has for a layer, whatever its weights and biases are.

        Raises
        ------
        ModelError
            If the arithmetic has no such neurons.
        """

    @abstractmethod
    def kept(self, decay: float) -> float:
        """Return the decay nearest to ``decay``, what is left after a step, that the arithmetic has; from 0 to 1."""

    def scaled(
        self, layer: Floats, grid: Grid, least: FloatArray
    ) -> tuple[tuple[scipy.sparse.csr_array[np.int64], ...], FloatArray, float]:
        """Round the weights of a layer.

        Parameters
        ----------
        layer : Floats
            The layer.
        grid : Grid
            The numbers there are for it.
        least : array, shape (neuron,)
            What a weight of 1 must be worth at least, so that other numbers of the neuron fit.

        Returns
        -------
        weights : tuple of sparse array of int64
            Rounded to the nearest; halves to the even one.
        step : array, shape (neuron,)
            What a weight of 1 is worth.
        error : float
            See :class:`Whole`.
        """
        peaks = np.max([abs(matrix).max(axis=1).toarray().ravel() for matrix in layer.matrices], axis=0)
        step = shared(
            np.maximum(np.abs(grid.gain) * peaks / grid.largest, least), layer.shape, per_channel=self.per_channel
        )
        step = np.where(step == 0, 1.0, step)
        exact = [_times(matrix, grid.gain / step) for matrix in layer.matrices]
        whole = [np.clip(nearest(matrix.data), -grid.largest, grid.largest) for matrix in exact]
        errors = [np.square(matrix.data - data).sum() for matrix, data in zip(exact, whole, strict=True)]
        squares = sum(np.square(matrix.data).sum() for matrix in exact)
        weights = tuple(
            scipy.sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
            for matrix, data in zip(exact, whole, strict=True)
        )
        return weights, step, float(np.sqrt(sum(errors) / squares)) if squares else 0.0


def shared(values: FloatArray, shape: tuple[int, ...], *, per_channel: bool) -> FloatArray:
    """Return for each neuron the largest of its channel, or of the layer."""
    if not per_channel:
        return np.full_like(values, values.max(initial=0.0))
    return np.repeat(values.reshape(shape[0], -1).max(axis=1), len(values) // shape[0])


def check_spikes(arithmetic: str, layer: Floats) -> None:
    """Raise unless only spikes arrive at a layer."""
    if layer.analog:
        raise ModelError(
            f"{arithmetic}: layer {layer.name!r} receives analog values, and the chip receives spikes. "
            "Use a code of spikes, such as Poisson or Latency."
        )


def refuse(arithmetic: str, layer: Floats, has: str) -> ModelError:
    """Return the error for neurons that an arithmetic does not have."""
    kind = type(layer.neuron).__name__
    return ModelError(f"{arithmetic}: layer {layer.name!r} is of {kind} neurons; this arithmetic has {has}.")


def check_largest(arithmetic: str, layer: Floats, what: str, values: IntArray, largest: int) -> None:
    """Raise if a whole number of the neurons does not fit."""
    if np.abs(values).max(initial=0) > largest:
        raise ModelError(
            f"{arithmetic}: layer {layer.name!r} needs a {what} of {np.abs(values).max()}; the largest is {largest}."
        )


def _times(matrix: Matrix, factor: FloatArray) -> Matrix:
    """Multiply each row of a matrix."""
    rows = np.repeat(factor, np.diff(matrix.indptr))
    return scipy.sparse.csr_array((matrix.data * rows, matrix.indices, matrix.indptr), shape=matrix.shape)
