r"""Surrogate gradients: what stands in for the derivative of the threshold in the backward pass.

Forward, every surrogate is the Heaviside step of ``u = v - v_threshold``, 1 where ``u >= 0``. Backward, it is
:meth:`Surrogate.derivative`, the derivative of the smooth :meth:`Surrogate.primitive`, which rises from 0 to 1 unless
its class says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary


class Surrogate(ABC):
    """A threshold with a smooth derivative; call it with ``v - v_threshold`` to get spikes."""

    @abstractmethod
    def primitive(self, u: Tensor) -> Tensor:
        """Return the smooth function whose derivative is used; same shape as ``u``."""

    @abstractmethod
    def derivative(self, u: Tensor) -> Tensor:
        """Return the derivative of :meth:`primitive` at ``u``, >= 0; same shape as ``u``."""

    def __call__(self, u: Tensor) -> Tensor:
        """Return 1 where ``u >= 0``, else 0, with the surrogate's derivative in the backward pass."""
        if has_torch_function_unary(u):
            spikes: Tensor = handle_torch_function(Surrogate.__call__, (u,), self, u)
            return spikes
        return _Threshold.apply(u, self)  # type: ignore[no-any-return, no-untyped-call]


class _Threshold(torch.autograd.Function):
    """The step whose backward pass asks the surrogate."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(ctx: Any, u: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate = surrogate
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (u,) = ctx.saved_tensors
        return grads[0] * ctx.surrogate.derivative(u), None
