"""What gradients of first-spike times cost: the spikes that came before a neuron's own are all that it uses."""

from __future__ import annotations

from math import inf

import numpy as np
import torch
from torch import Tensor

from spikewright.cost import TrainingCost


def causal_inputs(z: Tensor, z_out: Tensor, z_end: float) -> Tensor:
    """Return how many inputs fire before each neuron does, or before the end where it does not.

    Parameters
    ----------
    z, z_out : Tensor, shape (batch, in) and (batch, out)
        Times of inputs and neurons; ``inf`` for no spike.
    z_end : float
        Spikes after this time do not count.

    Returns
    -------
    Tensor of int64, shape (batch, out)
    """
    # NumPy sorts several times faster than torch.
    ordered = torch.from_numpy(np.sort(z.numpy(), axis=1))
    return torch.searchsorted(ordered, z_out.clamp(max=z_end))


def causal_inputs_of_levels(level: Tensor, z: Tensor, z_out: Tensor) -> Tensor:
    """Do as :func:`causal_inputs` for inputs that share a few times.

    Parameters
    ----------
    level : Tensor of int64, shape (batch, in)
        Which of the times each input fires at.
    z : Tensor, shape (level,)
        The times, all before the end.
    z_out : Tensor, shape (batch, out)
        As there.
    """
    causal = torch.zeros_like(z_out, dtype=torch.int64)
    for number, now in enumerate(z):
        causal += (level == number).sum(1, keepdim=True) * (now < z_out)
    return causal


def causal_cost(causal: Tensor, z_out: Tensor, *, first: bool) -> TrainingCost:
    """Return what a layer of neurons costs in one step, after its backward pass.

    Forward each causal synapse adds its weight to one sum and its weight times the input's time to another. Backward it
    has a part in the gradient of its weight and, but in the first layer, of its input's time, if the neuron fired and
    got an error.

    Parameters
    ----------
    causal : Tensor, shape (batch, out)
        From :func:`causal_inputs`.
    z_out : Tensor, shape (batch, out)
        Times of the neurons, with their gradient kept.
    first : bool
        Whether its inputs are those of the network.
    """
    forward = int(causal.sum())
    errors = torch.zeros_like(z_out) if z_out.grad is None else z_out.grad
    corrected = int((causal * ((errors != 0) & (z_out < inf))).sum())
    return TrainingCost(
        forward_accumulates=forward,
        forward_multiply_accumulates=forward,
        backward_multiply_accumulates=0 if first else corrected,
        gradient_multiply_accumulates=corrected,
    )
