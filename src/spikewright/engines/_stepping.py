"""Neurons one step after another, for the engines that do not scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from spikewright.checks import Sequence, Step
from spikewright.neurons import NeuronModel

Feedback: TypeAlias = Callable[[Step], Step]
"""Turns the spikes of the step before, (batch, neuron...), into the charges that they bring back."""


def step_through(neuron: NeuronModel, charges: Sequence, feedback: Feedback | None, *, dt: float) -> Sequence:
    """Advance neurons from their start state through all steps.

    Parameters
    ----------
    neuron : NeuronModel
        Its ``step`` says what happens.
    charges : Tensor, shape (time, batch, neuron...)
        What arrives in each step from other layers.
    feedback : callable, optional
        What the layer's own spikes of the step before bring.
    dt : float
        Length of a step in seconds.

    Returns
    -------
    Tensor, shape (time, batch, neuron...)
        Output of each step.
    """
    outputs = torch.zeros_like(charges, memory_format=torch.contiguous_format)
    state = None
    for step, charge in enumerate(charges):
        # Before the first step no neuron has fired.
        fired = outputs[step - 1] if step else outputs[0]
        x = neuron.receive(charge, None if feedback is None else feedback(fired))
        outputs[step], state = neuron.step(x, neuron.start(x) if state is None else state, dt=dt)
    return outputs
