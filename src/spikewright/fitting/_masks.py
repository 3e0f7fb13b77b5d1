"""Which synapses of a connection there are, where neurons may have only so many."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn


def draw_mask(shape: tuple[int, ...], *, fan_in: int | None = None, fan_out: int | None = None) -> Tensor:
    """Choose the weights of a connection that are synapses, at random and evenly.

    Every target keeps the same number of synapses, as many as both limits allow, and at least one. It takes them from
    the sources that have been taken least often so far, so that no two sources differ by more than one target.

    Parameters
    ----------
    shape : tuple of int
        Of the weights, (target, source) or (channel, channel before, row, column); of a kernel each weight counts as
        one synapse, as it is away from the border at stride 1.
    fan_in, fan_out : int, optional
        Most synapses of a target and of a source.

    Returns
    -------
    Tensor of bool, shape ``shape``
        Drawn from torch's default generator, if there is anything to choose.
    """
    targets, columns = shape[0], prod(shape[1:])
    window = prod(shape[2:])
    kept = columns if fan_in is None else min(fan_in, columns)
    if fan_out is not None:
        kept = max(1, min(kept, columns * (fan_out // window) // targets))
    if kept == columns:
        return torch.ones(shape, dtype=torch.bool)
    mask = torch.zeros(targets, columns, dtype=torch.bool)
    taken = torch.zeros(columns)
    for target in mask:
        # A number below 1 breaks ties and nothing else.
        chosen = torch.topk(taken + torch.rand(columns), kept, largest=False).indices
        target[chosen] = True
        taken[chosen] += 1
    return mask.reshape(shape)


class Masked(nn.Module):
    """A parametrisation: weights outside a mask are exactly 0 and receive no gradient.

    Parameters
    ----------
    mask : Tensor of bool
        Of the shape of the weights.
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weights that are synapses, 0 for all others."""
        # Not a product with the mask, which makes -0 of negative weights.
        return weight.where(self.mask, 0)
