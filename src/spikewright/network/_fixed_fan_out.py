"""A sparse connection: every neuron reaches as many others, and only these synapses are stored."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, Step, check_count, check_finite

PIECE = 1 << 22
"""Synapses that are drawn or checked at once; bounds the memory for what is in between."""


class FixedFanOut(nn.Module):
    """A connection in which every source has the same number of synapses, listed by source; no bias.

    A synapse takes four bytes for its target and one or four for its weight, so that networks of 10^9 synapses fit into
    memory. Run those with :meth:`spikewright.engines.EventDriven.stream`; :meth:`forward` visits every synapse.

    Parameters
    ----------
    targets : Tensor of int32, shape (source, synapse)
        Neurons that each source reaches, in rising order.
    weight : Tensor, shape (source, synapse)
        Charge that a spike delivers, in units of ``scale``: floating-point numbers, which are learned, or int8.
    scale : float or Tensor
        Factor of every weight.
    out_features : int
        Number of targets there are.

    Raises
    ------
    ModelError
        If shapes or types do not fit, or a row does not rise from 0 at least to ``out_features - 1`` at most.
    """

    targets: Tensor
    scale: Tensor

    def __init__(self, targets: Tensor, weight: Tensor, scale: float | Tensor = 1.0, *, out_features: int) -> None:
        super().__init__()
        self.out_features = check_count("FixedFanOut.out_features", out_features)
        check_finite("FixedFanOut.scale", scale)
        if targets.dtype != torch.int32 or targets.ndim != 2 or targets.shape != weight.shape:
            raise ModelError(
                "FixedFanOut: targets must be int32, weight of the same shape (source, synapse); got "
                f"{targets.dtype} of {tuple(targets.shape)} and a weight of {tuple(weight.shape)}."
            )
        if weight.dtype != torch.int8 and not weight.is_floating_point():
            raise ModelError(f"FixedFanOut.weight: must be int8 or floating-point; got {weight.dtype}.")
        self.register_buffer("targets", targets)
        self.check()
        if weight.dtype == torch.int8:
            self.register_buffer("weight", weight)
        else:
            self.weight = nn.Parameter(weight)
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.get_default_dtype()))

    @classmethod
    def random(
        cls,
        in_features: int,
        out_features: int,
        fan_out: int,
        *,
        largest: int,
        scale: float,
        generator: torch.Generator | None = None,
    ) -> FixedFanOut:
        """Draw a connection with weights of int8.

        The targets are cut into ``fan_out`` ranges of equal size, up to one neuron, and each source reaches one neuron
        of each range; so rows rise, no target is reached twice by one source, and nothing has to be sorted.

        Parameters
        ----------
        in_features, out_features : int
            Number of sources and of targets.
        fan_out : int
            Synapses of each source, ``out_features`` at most.
        largest : int
            Weights are drawn uniformly from the whole numbers from ``-largest`` to ``largest``, up to 127.
        scale : float
            Factor of every weight.
        generator : torch.Generator, optional
            Source of randomness; torch's own if not given.

        Raises
        ------
        ModelError
            If there are fewer targets than synapses of a source, or ``largest`` is no int8.
        """
        if not 1 <= fan_out <= out_features or not 0 <= largest <= 127:
            raise ModelError(
                f"FixedFanOut.random: fan_out must lie in [1, {out_features}], largest in [0, 127]; got {fan_out} "
                f"and {largest}."
            )
        edges = torch.arange(fan_out + 1) * out_features // fan_out
        # Made by NumPy, which unlike torch asks the system for large pages: rows are read in any order.
        targets = torch.from_numpy(np.empty((in_features, fan_out), np.int32))
        weight = torch.from_numpy(np.empty((in_features, fan_out), np.int8))
        rows = max(PIECE // fan_out, 1)
        for places, charges in zip(torch.split(targets, rows), torch.split(weight, rows), strict=True):
            drawn = torch.randint(2**31, places.shape, generator=generator)
            # The high bits of a product: whole numbers below the width of each range.
            places.copy_(drawn.mul_(edges.diff()).bitwise_right_shift_(31).add_(edges[:-1]))
            charges.random_(-largest, largest + 1, generator=generator)
        return cls(targets, weight, scale, out_features=out_features)

    def forward(self, x: Step) -> Step:
        """Return the charges, shape (..., out_features), of spikes ``x``, shape (..., source)."""
        if x.shape[-1] != len(self.targets):
            raise ModelError(f"FixedFanOut: takes {len(self.targets)} sources on the last axis; got {tuple(x.shape)}.")
        charges = x.new_zeros(*x.shape[:-1], self.out_features)
        scaled = x * self.scale.to(x.dtype)
        for targets, weight in zip(self.targets.unbind(1), self.weight.unbind(1), strict=True):
            charges = charges.index_add(-1, targets, scaled * weight.to(x.dtype))
        return charges

    def check(self) -> None:
        """Raise ModelError unless each row of targets rises within the targets there are."""
        for rows in torch.split(self.targets, max(PIECE // max(self.targets.shape[1], 1), 1)):
            inside = rows.numel() == 0 or (int(rows.min()) >= 0 and int(rows.max()) < self.out_features)
            if not inside or bool((rows[:, 1:] <= rows[:, :-1]).any()):
                raise ModelError(
                    f"FixedFanOut.targets: each row must rise within [0, {self.out_features - 1}], no target twice."
                )

    def extra_repr(self) -> str:
        """Show the sizes where torch lists modules."""
        sources, synapses = self.targets.shape
        return f"{sources}, {self.out_features}, fan_out={synapses}, {self.weight.dtype}"
