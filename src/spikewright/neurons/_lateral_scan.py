"""A whole sequence of neurons that act on all others of their layer, in one compiled pass."""

from __future__ import annotations

import torch
from torch import Tensor

from spikewright import kernels
from spikewright.checks import Sequence
from spikewright.neurons._compiled_scan import Traced, trace
from spikewright.neurons._model import NeuronModel
from spikewright.neurons._symbol import UntraceableError


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

    def step(x: Tensor, state: object) -> tuple[Tensor, tuple[Tensor, ...]]:
        return model.step(model.receive(*x.unbind(-1)), state, dt=dt)

    nothing = charges.new_zeros(1, charges.shape[2])
    start = model.start(model.receive(nothing, nothing))
    try:
        traced = trace(step, nothing.unsqueeze(-1).expand(-1, -1, 2), start, tuple(charges.shape[2:]))
    except UntraceableError as error:
        return f"the step has {error}"
    learned = traced.program.learned or charges.requires_grad or weight.requires_grad
    return "gradients are taken step by step" if learned and torch.is_grad_enabled() else traced


def lateral_scan(model: NeuronModel, traced: Traced, charges: Sequence, weight: Tensor) -> Sequence:
    """Run a sequence from the start state; see :func:`plan_lateral_scan`."""
    x = charges.detach().contiguous()
    start = model.start(model.receive(x[0], torch.zeros_like(x[0])))
    # Each entry gets memory of its own: a model may give one tensor for several.
    state = tuple(entry.clone(memory_format=torch.contiguous_format).numpy() for entry in start)
    spikes = torch.empty_like(x)
    operands = kernels.Operands(
        (x.numpy(),),
        tuple(value.detach().contiguous().numpy() for value in traced.parameters),
        torch.tensor([float(value) for value in traced.constants], dtype=x.dtype).numpy(),
    )
    kernels.lateral_scan(traced.program, operands, state, float(weight), spikes.numpy())
    return spikes
