"""What torch keeps of a forward pass until its gradients are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Kept(NamedTuple):
    """Numbers that are kept, and their bytes."""

    values: int
    bytes: int


def kept_for_gradients(compute: Callable[[], object], known: Iterable[Tensor]) -> Kept:
    """Run a computation and return what torch keeps for its backward pass.

    Each storage counts once, and a view of it as the whole. What is not zero in a sparse product is kept besides.

    Parameters
    ----------
    compute : callable
        Computes what gradients are taken of.
    known : iterable of Tensor
        What is there anyway and is not counted: parameters, inputs.
    """
    there = {tensor.untyped_storage().data_ptr() for tensor in known}
    found: dict[int, Kept] = {}
    held: list[object] = []

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in there:
            found[storage.data_ptr()] = whole(tensor)
        # Held, so that no other tensor comes to lie where this one was.
        held.append(tensor)
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        held.append(compute())
    return together(found.values())


def whole(tensor: Tensor) -> Kept:
    """Return what is kept with a tensor: all of the storage that it may be a view of."""
    size = tensor.untyped_storage().nbytes()
    return Kept(size // tensor.element_size(), size)


def together(parts: Iterable[Kept]) -> Kept:
    """Return the sum of what is kept in several places."""
    listed = list(parts)
    return Kept(sum(part.values for part in listed), sum(part.bytes for part in listed))
