"""What every neuron model is: parameters, a start state, and one pure step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import lru_cache, partial
from typing import Any, ClassVar, NamedTuple, overload

import torch
from torch import Tensor

from spikewright.checks import Sequence, Step
from spikewright.neurons._compiled_scan import Traced, compiled_scan, precision, trace
from spikewright.neurons._symbol import UntraceableError


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
            What arrives in each step, from :meth:`receive`. In bfloat16, as automatic mixed precision has it, the
            output is in bfloat16 too; state and arithmetic are in float32.
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
        silence = x.new_zeros(x.shape[1:], dtype=precision(x))
        if state is None:
            state = self.start(silence)
        traced = plan_scan(self, x, state, dt=dt)
        if isinstance(traced, Traced):
            output, after = compiled_scan(traced, len(x), _receptors(x, traced), state)
            return output, type(state)(*after)
        if not len(x):
            # Only a step knows the shape of the output.
            return self.step(silence, state, dt=dt)[0].unsqueeze(0)[:0].to(x.dtype), state
        spikes = []
        for charge in x:
            fired, state = self.step(charge.to(silence.dtype), state, dt=dt)
            spikes.append(fired.to(x.dtype))
        return torch.stack(spikes), state

    def receive(self, feedforward: Tensor, recurrent: Tensor | None) -> Tensor:
        """Join what arrives through the layer's two connections into the ``x`` of :meth:`step`; the sum by default."""
        return feedforward if recurrent is None else feedforward + recurrent


def plan_scan(model: NeuronModel, x: Tensor, state: object, *, dt: float) -> Traced | str:
    """Return the program through which a sequence runs, or the reason why it runs step by step.

    Parameters
    ----------
    model : NeuronModel
        Its step is what is run.
    x : Tensor, shape (time, batch, neuron...) or (time, batch, neuron..., receptor)
        The sequence.
    state : NamedTuple of Tensor, shape (batch, neuron...)
        State before the first step.
    dt : float
        Length of a step in seconds.
    """
    if x.device.type != "cpu":
        return f"kernels run on the CPU; got {x.device.type}"
    if x.dtype not in (torch.float32, torch.float64, torch.bfloat16):
        return f"kernels run in float32, float64 and on sequences in bfloat16; got {x.dtype}"
    if not isinstance(state, tuple):
        return f"a state is a NamedTuple of tensors; got {type(state).__name__}"
    neurons = state[0].shape[1:] if state else x.shape[2:]
    if not x.numel() or any(entry.shape != (x.shape[1], *neurons) for entry in state):
        return "there is nothing to run"
    return traced_step(model, Inputs(precision(x), neurons, x.shape[2:]), dt=dt)


class Inputs(NamedTuple):
    """What the program of a step is for.

    Parameters
    ----------
    dtype : torch.dtype
        Of potentials.
    neurons, shape : tuple of int
        Shapes of one sample: of its state, and of what arrives.
    joined : bool
        Whether there are two inputs, from outside and from the layer's own spikes, which go through ``receive``.
    """

    dtype: torch.dtype
    neurons: tuple[int, ...]
    shape: tuple[int, ...]
    joined: bool = False


def traced_step(model: NeuronModel, inputs: Inputs, *, dt: float) -> Traced | str:
    """Return the step of a model as a program, or the reason why it is none.

    The program of a model without tensors, whose values cannot change, is made once.
    """
    changing = any(isinstance(value, Tensor) for value in vars(model).values())
    return (_traced if changing else _traced_once)(model, inputs, dt)


def _traced(model: NeuronModel, inputs: Inputs, dt: float) -> Traced | str:
    x = torch.zeros(1, *inputs.shape, dtype=inputs.dtype)
    step = partial(model.step, dt=dt)
    try:
        if not inputs.joined:
            return trace(step, x, model.start(x), inputs.neurons)
        start, both = model.start(model.receive(x, x)), x.unsqueeze(-1).expand(*x.shape, 2)
        return trace(lambda pair, state: step(model.receive(*pair.unbind(-1)), state), both, start, inputs.neurons)
    except UntraceableError as error:
        return f"the step has {error}"


_traced_once = lru_cache(maxsize=1024)(_traced)


def _receptors(x: Tensor, traced: Traced) -> tuple[Tensor, ...]:
    """Return one sequence for each receptor, of one step where all steps are the same memory."""
    if len(x) > 1 and not x.stride(0):
        x = x[:1]
    return x.unbind(-1) if traced.receptors > 1 else (x,)


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
