"""Population code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count, check_in_range, check_positive
from spikewright.coding._encoder import Encoder
from spikewright.coding._one_spike import linear_step, spike_at


@dataclass(frozen=True, kw_only=True)
class Population(Encoder):
    r"""Population code: each input becomes neurons with overlapping Gaussian receptive fields, which fire once.

    Field :math:`i = 1 \dots n` of the range [0, 1] has its centre at :math:`(2i - 3) / (2 (n - 2))` and the width
    :math:`\sigma = 1 / (s (n - 2))`. Its activation :math:`e^{-(x - c_i)^2 / 2 \sigma^2}` becomes a spike of linear
    latency: an activation of 1 fires in step 0, and 0 stands at the last step.

    Parameters
    ----------
    fields : int
        Neurons an input, at least 3; the last axis of the raster.
    sharpness : float
        The paper's factor :math:`s` (1.0 to 2.0 there), > 0; the larger, the less the fields overlap.
    minimum : float
        Neurons with an activation up to this value in [0, 1] never fire; the paper leaves out the last tenth of the
        times.

    References
    ----------
    Bohte, Kok, La Poutre, Error-backpropagation in temporally encoded networks of spiking neurons, Neurocomputing 48,
    2002.
    """

    fields: int
    sharpness: float = 1.5
    minimum: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("Population.fields", self.fields, minimum=3)
        check_positive("Population.sharpness", self.sharpness)
        check_in_range("Population.minimum", self.minimum, 0, 1)

    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:  # noqa: ARG002
        """Spread ``x``, shape (batch, ...) and best in [0, 1], over fields: (time, batch, ..., field)."""
        gap = 1 / (self.fields - 2)
        centres = (torch.arange(self.fields, dtype=x.dtype, device=x.device) - 0.5) * gap
        activation = torch.exp(-0.5 * ((x.unsqueeze(-1) - centres) * (self.sharpness / gap)).square())
        step = linear_step(activation, self.steps)
        return spike_at(step, activation > self.minimum, steps=self.steps, dtype=x.dtype)
