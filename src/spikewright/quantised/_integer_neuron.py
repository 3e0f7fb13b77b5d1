"""What every integer neuron is: whole-number parameters, and one step that says where it saturates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from spikewright.quantised._bits import IntArray

WIDE = 2**62
"""Limit of accumulators that never saturate."""


class IntegerNeuron(ABC):
    """A population of neurons in whole numbers: a frozen dataclass of parameters with a pure ``step``.

    Parameters hold one value a neuron, shape (neuron,); a state is a ``NamedTuple`` of arrays of shape (batch, neuron).
    """

    spiking: ClassVar[bool] = True
    """Whether the output is a number of spikes. If not, it is the potential."""

    accumulator: ClassVar[tuple[int, int]] = (-WIDE, WIDE)
    """Limits to which arriving weights are clipped, each time one is added."""

    # The state is Any because each model has a NamedTuple of its own.
    @abstractmethod
    def start(self, batch: int) -> Any:
        """Return the state before the first step."""

    def held(self, state: Any) -> IntArray:
        """Return what the weights that arrive are added to, a new array of shape (batch, neuron): 0 by default."""
        return np.zeros_like(state[0])

    @abstractmethod
    def step(self, x: IntArray, state: Any) -> tuple[IntArray, Any]:
        """Advance by one step; ``x``, shape (batch, neuron), is :meth:`held` with all that arrived added."""
