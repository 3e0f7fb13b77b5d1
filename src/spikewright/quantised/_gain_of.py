"""What a synaptic current does to a potential, for either way of stepping the two."""

from __future__ import annotations

from functools import singledispatch

from torch import Tensor

from spikewright.neurons import CUBA, PromptCUBA, current_gain


@singledispatch
def gain_of(neuron: CUBA | PromptCUBA, dt: float) -> float | Tensor:  # noqa: ARG001
    """Return what a current of 1 adds to the potential in a step."""
    raise TypeError(f"gain_of: {type(neuron).__name__} has no current; takes CUBA or PromptCUBA.")


@gain_of.register
def _(neuron: CUBA, dt: float) -> float | Tensor:
    return current_gain(neuron.tau_mem, neuron.tau_syn, dt)


@gain_of.register
def _(neuron: PromptCUBA, dt: float) -> float | Tensor:  # noqa: ARG001 - it is a parameter
    return neuron.gain
