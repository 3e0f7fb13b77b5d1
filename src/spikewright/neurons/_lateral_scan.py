"""A whole sequence of neurons that act on all others of their layer, in one compiled pass."""

from __future__ import annotations

import torch
from torch import Tensor

from spikewright import kernels
from spikewright.checks import Sequence
from spikewright.neurons._compiled_scan import Traced, run_forward
from spikewright.neurons._model import Inputs, NeuronModel, traced_step


def plan_lateral_scan(model: NeuronModel, charges: Sequence, weight: Tensor, *, dt: float) -> Traced | str:
    """Return the program through which a sequence runs, or the reason why it runs step by step.

    Parameters
    ----------
    model : NeuronModel
        Its ``receive`` and its ``step`` are what is run.
    charges : Tensor, shape (time, batch, neuron)
        What arrives from outside.
    weight : Tensor, shape ()
        What a spike brings to every other neuron.
    dt : float
        Length of a step in seconds.
    """
    if charges.device.type != "cpu" or charges.dtype not in (torch.float32, torch.float64):
        return f"kernels run on the CPU in float32 and float64; got {charges.device.type}, {charges.dtype}"
    if charges.ndim != 3 or not charges.numel() or not model.spiking:
        return "kernels run spiking neurons in one row a sample"
    traced = traced_step(model, Inputs(charges.dtype, charges.shape[2:], charges.shape[2:], joined=True), dt=dt)
    if isinstance(traced, str):
        return traced
    learned = traced.program.learned or charges.requires_grad or weight.requires_grad
    return "gradients are taken step by step" if learned and torch.is_grad_enabled() else traced


def lateral_scan(model: NeuronModel, traced: Traced, charges: Sequence, weight: Tensor) -> Sequence:
    """Run a sequence from the start state; see :func:`plan_lateral_scan`."""
    silence = charges.new_zeros(charges.shape[1:])
    state = model.start(model.receive(silence, silence))
    return run_forward(
        traced, len(charges), [charges], state, keep=False, feedback=kernels.Others(float(weight))
    ).output
