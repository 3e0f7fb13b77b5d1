"""What every neuron model is: parameters, a start state, and one pure step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, overload

import torch
from torch import Tensor

from spikewright.checks import Sequence, Step


class NeuronModel(ABC):
    """A population of neurons: a frozen dataclass of parameters with a pure ``step``.

    A subclass is a frozen dataclass and defines :meth:`start` and :meth:`step`; its state is a ``NamedTuple`` of
    tensors of shape (batch, neuron...), passed in and returned. Parameters given as tensors hold one value a neuron and
    have the shape of one sample, (neuron...).

    What ``step`` takes is what :meth:`receive` gives. For most models that is one charge a neuron; a model with
    receptors of several kinds has them on a last axis of its own, (batch, neuron..., receptor), and says so in its
    class.
    """

    spiking: ClassVar[bool] = True
    """Whether the output is 0 or 1. A unit that is not spiking gives analog values, and its targets multiply."""

    # The state is Any because each model has a NamedTuple of its own, and a type parameter here would reach into every
    # signature that holds "some neuron model".
    @abstractmethod
    def start(self, x: Step) -> Any:
        """Return the state before the first step, for inputs like ``x``, one step of what :meth:`receive` gives."""

    @abstractmethod
    def step(self, x: Step, state: Any, *, dt: float) -> tuple[Step, Any]:
        """Advance by ``dt`` seconds: decay, integrate, fire, reset. Pure and differentiable.

        Spikes and state have the shape (batch, neuron...), whatever receptors ``x`` has.
        """

    def scan(self, x: Tensor, state: Any = None, *, dt: float) -> tuple[Sequence, Any]:
        """Run a whole sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, neuron...) or (time, batch, neuron..., receptor)
            What arrives in each step, from :meth:`receive`.
        state : optional
            State to go on from; ``None`` is the start state.
        dt : float
            Length of a step in seconds.

        Returns
        -------
        spikes : Tensor, shape (time, batch, neuron...)
            Output of each step.
        state
            State after the last step.
        """
        silence = x.new_zeros(x.shape[1:])
        if state is None:
            state = self.start(silence)
        if not len(x):
            # Only a step knows the shape of the output.
            return self.step(silence, state, dt=dt)[0].unsqueeze(0)[:0], state
        spikes = []
        for charge in x:
            fired, state = self.step(charge, state, dt=dt)
            spikes.append(fired)
        return torch.stack(spikes), state

    def receive(self, feedforward: Tensor, recurrent: Tensor | None) -> Tensor:
        """Join what arrives through the layer's two connections into the ``x`` of :meth:`step`; the sum by default."""
        return feedforward if recurrent is None else feedforward + recurrent


@overload
def decay(tau: float, dt: float) -> float: ...
@overload
def decay(tau: Tensor, dt: float) -> Tensor: ...
def decay(tau: float | Tensor, dt: float) -> float | Tensor:
    """Return ``exp(-dt / tau)``, what is left after ``dt`` seconds of a decay with time constant ``tau``."""
    return torch.exp(-dt / tau) if isinstance(tau, Tensor) else math.exp(-dt / tau)


def reset(v: Step, spikes: Step, v_threshold: float | Tensor, v_reset: float | Tensor | None) -> Step:
    """Subtract the threshold where a neuron fired, or set ``v_reset`` there if it is given.

    The reset is part of the graph: gradients flow through it.
    """
    if v_reset is None:
        return v - spikes * v_threshold
    return v + spikes * (v_reset - v)
