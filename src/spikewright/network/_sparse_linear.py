"""Linear connections on inputs that are mostly zeros: rows of weights are added for what is not zero."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spikewright import kernels
from spikewright.checks import Step, is_plain

SMALLEST = 1 << 16
"""Size of an input below which the dense product takes no time worth saving."""


def plan_sparse_linear(connection: nn.Linear, x: Step) -> kernels.Events | str:
    """Return what is not zero in an input, or the reason why it goes through a dense product.

    Parameters
    ----------
    connection : nn.Linear
    x : Tensor, shape (batch, neuron)
    """
    if not is_plain(connection, nn.Linear):
        return "the connection does more than nn.Linear"
    if torch.is_autocast_enabled("cpu"):
        return "automatic mixed precision has dense products in bfloat16"
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or x.dtype != connection.weight.dtype:
        return f"kernels run on the CPU in float32 and float64; got {x.device.type}, {x.dtype}"
    if x.ndim != 2 or x.numel() < SMALLEST:
        return f"the product is small: less than {SMALLEST} inputs"
    if x.shape[1] != connection.in_features:
        return "the shapes do not match"
    densest = kernels.densest(connection.out_features)
    events = kernels.events_of(x.detach().contiguous().numpy(), densest)
    return f"more than {densest:.1%} of the input is not zero, as measured here" if events is None else events


class SparseLinear(torch.autograd.Function):
    """The product forward and backward; of the input only what is not zero is kept."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(ctx: Any, events: kernels.Events, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        charges = torch.empty(len(x), len(weight), dtype=x.dtype)
        held = weight.new_zeros(len(weight)) if bias is None else bias.detach().contiguous()
        rows = weight.detach().T.contiguous().numpy()
        kernels.add_event_rows(events, rows, held.numpy(), charges.numpy(), torch.get_num_threads())
        ctx.events = events
        ctx.save_for_backward(weight)
        return charges

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        gradient = gradient.contiguous()
        grad_x = grad_weight = grad_bias = None
        # With out= automatic mixed precision does not touch it.
        if ctx.needs_input_grad[1]:
            grad_x = torch.mm(gradient, weight, out=gradient.new_empty(len(gradient), weight.shape[1]))
        if ctx.needs_input_grad[2]:
            grad_weight = gradient.new_empty(weight.shape[1], weight.shape[0]).T
            kernels.spread_event_rows(ctx.events, gradient.numpy(), grad_weight.T.numpy(), torch.get_num_threads())
        if ctx.needs_input_grad[3]:
            grad_bias = gradient.sum(0)
        return None, grad_x, grad_weight, grad_bias
