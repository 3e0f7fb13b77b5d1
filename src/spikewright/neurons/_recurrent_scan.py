"""A whole sequence of neurons that act on each other through a square matrix, as one node of torch's graph."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spikewright import kernels
from spikewright.checks import Sequence, is_plain
from spikewright.neurons._compiled_scan import (
    Traced,
    precision,
    rows_of,
    run_forward,
    sequences_of,
    steps_of,
    summed,
)
from spikewright.neurons._model import Inputs, NeuronModel, traced_step


def plan_recurrent_scan(model: NeuronModel, charges: Sequence, recurrent: nn.Linear, *, dt: float) -> Traced | str:
    """Return the program through which a sequence runs, or the reason why it runs step by step.

    Parameters
    ----------
    model : NeuronModel
        Its ``receive`` and its ``step`` are what is run.
    charges : Tensor, shape (time, batch, neuron)
        What arrives from outside.
    recurrent : nn.Linear
        From the layer's spikes back to itself.
    dt : float
        Length of a step in seconds.
    """
    if charges.device.type != "cpu":
        return f"kernels run on the CPU; got {charges.device.type}"
    real = precision(charges)
    if real not in (torch.float32, torch.float64) or recurrent.weight.dtype != real:
        return (
            "kernels run in float32, float64 and on sequences in bfloat16, with weights as precise as the potentials; "
            f"got {charges.dtype} and {recurrent.weight.dtype}"
        )
    if not is_plain(recurrent, nn.Linear):
        return "the recurrent connection does more than nn.Linear"
    if not model.spiking:
        return "rows of weights are added for spikes, and the output is analog"
    if charges.ndim != 3 or not charges.numel() or recurrent.weight.shape != (charges.shape[2], charges.shape[2]):
        return "kernels run one row of neurons a sample, with a weight for each pair"
    return traced_step(model, Inputs(real, charges.shape[2:], charges.shape[2:], joined=True), dt=dt)


def recurrent_scan(model: NeuronModel, traced: Traced, charges: Sequence, recurrent: nn.Linear) -> Sequence:
    """Run a sequence from the start state; see :func:`plan_recurrent_scan`.

    Of charges in bfloat16 the spikes are in bfloat16, and all between is in float32.
    """
    silence = charges.new_zeros(charges.shape[1:], dtype=precision(charges))
    state = model.start(model.receive(silence, silence))
    # One step where all steps are the same memory.
    outside = charges[:1] if not charges.stride(0) else charges
    bias = silence.new_zeros(silence.shape[1]) if recurrent.bias is None else recurrent.bias
    tensors = (outside.to(silence.dtype), recurrent.weight, bias, *state, *traced.learned)
    spikes: Tensor = _RecurrentScan.apply(traced, len(charges), len(state), *tensors)  # type: ignore[no-untyped-call]
    return spikes.to(charges.dtype)


class _RecurrentScan(torch.autograd.Function):
    """The scan forward and backward. Only spikes and the fewest values from which all others follow are kept."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(ctx: Any, traced: Traced, steps: int, entries: int, *tensors: Tensor) -> Tensor:
        charges, weight, bias, *state = tensors[: 3 + entries]
        feedback = kernels.Matrix(weight.detach().T.contiguous().numpy(), bias.detach().contiguous().numpy())
        run = run_forward(traced, steps, [charges], state, keep=any(ctx.needs_input_grad), feedback=feedback)
        ctx.traced, ctx.held, ctx.kinds = traced, len(charges) != steps, [entry.dtype for entry in run.after]
        ctx.save_for_backward(weight, run.output, *run.saved)
        return run.output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_spikes: Tensor) -> tuple[Tensor | None, ...]:
        spikes = ctx.saved_tensors[1]
        grads = _carried_back(ctx, grad_spikes)
        grad_weight = _of_weights(grads.own[1:], spikes[:-1]) if ctx.needs_input_grad[4] else None
        grad_bias = grads.own.sum((0, 1)) if ctx.needs_input_grad[5] else None
        learned = summed(ctx.traced.program, grads.learned)
        return None, None, None, grads.outside, grad_weight, grad_bias, *grads.states, *learned


class _Gradients(NamedTuple):
    """Of what arrives from outside and from the layer's own spikes, of the start state, and of the learned leaves."""

    outside: Tensor
    own: Tensor
    states: list[Tensor]
    learned: list[Tensor]


def _carried_back(ctx: Any, grad_spikes: Tensor) -> _Gradients:  # Any: as torch types it
    """Go back through the steps: a spike's gradient is that from outside and that of the charges it brought."""
    weight, spikes, *saved = ctx.saved_tensors
    program, steps, rows = ctx.traced.program, len(spikes), rows_of(ctx.traced, spikes)
    own, total, scratch = torch.empty_like(spikes), torch.empty_like(spikes[0]), torch.empty_like(spikes[:1])
    outside = own
    if ctx.held:
        outside = torch.zeros_like(scratch)
    elif not kernels.inputs_are_added(program):
        outside = torch.empty_like(spikes)
    states = [torch.zeros(total.shape, dtype=dtype) for dtype in ctx.kinds]
    learned = [torch.zeros_like(total) for _ in program.learned]
    step = kernels.backward_step(program, held=ctx.held)
    before = steps_of(states, rows), ctx.traced.operands.parameters, ctx.traced.operands.constants
    (given,), added = sequences_of([total.unsqueeze(0)], rows), steps_of(learned, rows)
    kept, (first, second, spare) = sequences_of(saved, rows), sequences_of([outside, own, scratch], rows)
    extent = (0, rows), (0, total.numel() // rows)
    for t in range(steps - 1, -1, -1):
        if t == steps - 1:
            total.copy_(grad_spikes[t])
        else:
            torch.addmm(grad_spikes[t], own[t + 1], weight, out=total)
        part = slice(t, t + 1)
        # Where one array would be written twice, the first time is into a spare one: no two may overlap.
        inputs = (first if ctx.held else spare if outside is own else first[part]), second[part]
        step((given,), *before, inputs, (*(array[part] for array in kept), *added), (), *extent)
    return _Gradients(outside, own, states, learned)


def _of_weights(grad_charges: Tensor, spikes: Tensor) -> Tensor:
    """Return the gradient of the weights, shape (target, source), over all steps at once."""
    grads, fired = grad_charges.flatten(0, 1), spikes.flatten(0, 1)
    found = grads.new_empty(fired.shape[1], grads.shape[1])
    events = kernels.events_of(fired.numpy(), kernels.densest(grads.shape[1]))
    if events is None:
        # With out= automatic mixed precision does not touch it.
        torch.mm(fired.T, grads, out=found)
    else:
        kernels.spread_event_rows(events, grads.numpy(), found.numpy(), torch.get_num_threads())
    return found.T
