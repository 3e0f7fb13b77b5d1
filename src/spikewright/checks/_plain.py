"""Whether a module does what its type says and no more."""

from __future__ import annotations

from torch import nn


def is_plain(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Return False if a module of a kind computes something else, or has hooks, whose owner wants each of its calls."""
    hooks = module._forward_hooks or module._forward_pre_hooks or module._backward_hooks  # noqa: SLF001
    return type(module).forward is kind.forward and not hooks and not module._backward_pre_hooks  # noqa: SLF001
