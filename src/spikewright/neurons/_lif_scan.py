"""The compiled scan of leaky integrate-and-fire neurons as one node of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import Sequence, Step
from spikewright.kernels import lif_backward, lif_forward
from spikewright.neurons._surrogate import Surrogate


def lif_scan(
    x: Sequence,
    v: Step,
    surrogate: Surrogate,
    *,
    decay: float | Tensor,
    v_leak: float | Tensor,
    v_threshold: float | Tensor,
    v_reset: float | Tensor | None,
) -> tuple[Sequence, Step]:
    """Run a sequence through the kernel and return spikes and the last potentials, both differentiable.

    Only the trace of the potentials is kept for the backward pass. Parameters must not need gradients.
    """
    # torch types neither apply nor what it returns.
    result: tuple[Tensor, Tensor] = _Scan.apply(x, v, surrogate, decay, v_leak, v_threshold, v_reset)  # type: ignore[no-untyped-call]
    return result


def can_scan(x: Sequence, *parameters: float | Tensor | None) -> bool:
    """Return whether the kernel takes ``x``: on the CPU, float32 or float64, with parameters that are not learned."""
    learned = any(isinstance(value, Tensor) and value.requires_grad for value in parameters)
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64) and x.numel() > 0 and not learned


class _Scan(torch.autograd.Function):
    """The kernels' forward and backward pass."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(  # noqa: PLR0917 - autograd passes arguments by position
        ctx: Any,
        x: Tensor,
        v: Tensor,
        surrogate: Surrogate,
        decay: float | Tensor,
        v_leak: float | Tensor,
        v_threshold: float | Tensor,
        v_reset: float | Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        factor, leak, threshold = (_spread(value, x) for value in (decay, v_leak, v_threshold))
        after = _spread(0.0 if v_reset is None else v_reset, x)
        spikes, trace = torch.empty(x.shape, dtype=x.dtype), torch.empty(x.shape, dtype=x.dtype)
        last = v.detach().clone(memory_format=torch.contiguous_format)
        lif_forward(
            _flat(x), _flat(last, 1), factor, leak, threshold, after, v_reset is None, _flat(spikes), _flat(trace)
        )
        ctx.save_for_backward(trace)
        ctx.surrogate, ctx.v_threshold, ctx.subtract = surrogate, v_threshold, v_reset is None
        ctx.parameters = factor, threshold, after
        return spikes, last

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (trace,) = ctx.saved_tensors
        slope = torch.empty_like(trace)
        # Step by step, because the temporaries of a whole sequence would each be fresh memory.
        for t, u in enumerate(trace):
            slope[t] = ctx.surrogate.derivative(u - ctx.v_threshold)
        decay, v_threshold, v_reset = ctx.parameters
        grad_x, grad_v = torch.empty_like(trace), grads[1].clone(memory_format=torch.contiguous_format)
        lif_backward(
            _flat(grads[0]),
            _flat(grad_v, 1),
            _flat(slope),
            _flat(trace),
            decay,
            v_threshold,
            v_reset,
            ctx.subtract,
            _flat(grad_x),
        )
        return grad_x, grad_v, None, None, None, None, None


def _flat(x: Tensor, axes: int = 2) -> NDArray[np.floating]:
    """View a tensor as an array with ``axes`` leading axes and one of neurons; copies only what is not contiguous."""
    view: NDArray[np.floating] = x.detach().contiguous().flatten(axes).numpy()
    return view


def _spread(value: float | Tensor, x: Tensor) -> NDArray[np.floating]:
    """Give every neuron of ``x``, shape (time, batch, neuron...), its value of a parameter."""
    each = torch.as_tensor(value, dtype=x.dtype).expand(x.shape[2:])
    spread: NDArray[np.floating] = each.flatten().contiguous().numpy()
    return spread
