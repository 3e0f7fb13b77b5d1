"""Which synapses of a connection there are, where neurons may have only so many."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class Wiring(NamedTuple):
    """A connection to be thinned.

    Parameters
    ----------
    shape : tuple of int
        Of the weights, (target, source) or (channel, channel before, row, column); of a kernel each weight counts as
        one synapse, as it is away from the border at stride 1.
    pooled : int
        Spikes of which each source is the sum: so many synapses a weight is.
    fan_out : int or None
        Most synapses of a source.
    """

    shape: tuple[int, ...]
    pooled: int = 1
    fan_out: int | None = None


def draw_masks(wirings: Sequence[Wiring], fan_in: int | None) -> list[Tensor]:
    """Choose the weights of several connections onto the same targets that are synapses, at random and evenly.

    Every target keeps the same number of synapses of a connection, as many as the limits allow, and at least one. It
    takes them from the sources that have been taken least often so far, so that no two sources differ by more than one
    target. Where the targets cannot have all that the sources may send, each connection keeps the same share of it.

    Parameters
    ----------
    wirings : sequence of Wiring
        The connections.
    fan_in : int or None
        Most synapses of a target through all of them.

    Returns
    -------
    list of Tensor of bool
        For each connection of the shape of its weights. Drawn from torch's default generator, if there is anything to
        choose.
    """
    kept = [_most(wiring.shape, wiring.fan_out) for wiring in wirings]
    wanted = sum(wiring.pooled * most for wiring, most in zip(wirings, kept, strict=True))
    if fan_in is not None and wanted > fan_in:
        kept = [max(1, most * fan_in // wanted) for most in kept]
    return [_drawn(wiring.shape, each) for wiring, each in zip(wirings, kept, strict=True)]


def _drawn(shape: tuple[int, ...], kept: int) -> Tensor:
    """Choose so many weights of each target."""
    targets, columns = shape[0], prod(shape[1:])
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


def _most(shape: tuple[int, ...], fan_out: int | None) -> int:
    """Return how many synapses each target can have, at least one."""
    columns, window = prod(shape[1:]), prod(shape[2:])
    return columns if fan_out is None else max(1, min(columns, columns * (fan_out // window) // shape[0]))


def mask_of(connection: nn.Module) -> Tensor | None:
    """Return the mask of a connection's weights, ``None`` if all of them are trained."""
    masks = (module.mask for module in connection.modules() if isinstance(module, Masked))
    return next(masks, None)


def trained_under_masks(net: nn.Module) -> dict[Tensor, int]:
    """Return, for each tensor of weights under a mask, how many of them are trained."""
    computed = (module for module in net.modules() if isinstance(module, parametrize.ParametrizationList))
    return {each.original: int(step.mask.sum()) for each in computed for step in each if isinstance(step, Masked)}


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

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Return what torch keeps and trains: 0 outside the mask too, where it stays, as no gradient arrives there."""
        kept: Tensor = self(weight)
        return kept
