"""Whether a linear connection does what its weights say and no more."""

from __future__ import annotations

from torch import nn


def is_plain_linear(connection: nn.Linear) -> bool:
    """Return False if the module computes something else, or has hooks, whose owner wants each of its calls."""
    hooks = connection._forward_hooks or connection._forward_pre_hooks or connection._backward_hooks  # noqa: SLF001
    return type(connection).forward is nn.Linear.forward and not hooks and not connection._backward_pre_hooks  # noqa: SLF001
