"""Weights and biases rounded to the numbers that a chip has, with gradients as if they were not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spikewright.quantised import Grid


class StraightThrough(torch.autograd.Function):
    """Takes the first value on the way forward, and gives the gradient to the second on the way back."""

    # ctx is Any: torch types it so.
    @staticmethod
    def forward(ctx: Any, rounded: Tensor, exact: Tensor) -> Tensor:  # noqa: ARG004
        """Return ``rounded``."""
        return rounded.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:  # noqa: ARG004
        """Hand the gradient on to ``exact``."""
        return None, gradient


class WeightOnGrid(nn.Module):
    r"""A parametrisation: weights as the whole numbers that a chip has, times what a whole weight of 1 is worth.

    With the largest whole weight :math:`q`, the gain :math:`g` of :class:`~spikewright.quantised.Grid`, the threshold
    :math:`\theta`, of which there are :math:`p` whole parts in a step, and all weights :math:`w_i` that reach the same
    neurons,

    .. math::
        s = g \max_i |w_i| / q, \qquad s' = p\,\theta / \mathrm{round}(p\,\theta / s), \qquad
        \tilde w_i = \mathrm{round}(g\,w_i / s)\; s' / g,

    so that the threshold is a whole number too, and the largest weight is :math:`\pm q`, from which ``quantise`` finds
    the same step again. The gradient passes as if :math:`\tilde w = w`.

    Parameters
    ----------
    grid : Grid
        Of neurons that are all alike.
    threshold : float
        Of the neurons.
    per_channel : bool
        Whether each neuron, or each channel of a kernel, has a step of its own; if not, all share one.
    beside : tuple of nn.Parameter
        Weights of other connections to the same neurons as they are trained, each of shape (neuron or channel, ...).

    References
    ----------
    Bengio, Leonard, Courville, Estimating or propagating gradients through stochastic neurons, arXiv:1308.3432, 2013.
    Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only inference, CVPR
    2018.
    """

    def __init__(
        self, grid: Grid, threshold: float, *, per_channel: bool, beside: tuple[nn.Parameter, ...] = ()
    ) -> None:
        super().__init__()
        # In a tuple, because torch would list them as parameters of this, and they are those of their connections.
        self._beside = beside
        self.grid = grid
        self.threshold = threshold
        self.per_channel = per_channel

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weights as the chip has them."""
        with torch.no_grad():
            step = self._step(weight)
            shape = (-1, *(1 for _ in weight.shape[1:]))
            gain = float(self.grid.gain[0])
            whole = (weight * gain / step.reshape(shape)).round_().clamp_(-self.grid.largest, self.grid.largest)
            rounded = whole * (self._worth(step) / gain).reshape(shape)
        weights: Tensor = StraightThrough.apply(rounded, weight)  # type: ignore[no-untyped-call]
        return weights

    def bias(self, bias: Tensor, weight: Tensor) -> Tensor:
        """Return biases beside given weights as the chip has them."""
        with torch.no_grad():
            unit = self.worth(weight) / self.grid.places / float(self.grid.bias_gain[0])
            most = int(self.grid.most_bias * self.grid.places)
            rounded = (bias / unit).round_().clamp_(-most, most) * unit
        biases: Tensor = StraightThrough.apply(rounded, bias)  # type: ignore[no-untyped-call]
        return biases

    def worth(self, weight: Tensor) -> Tensor:
        """Return what a whole weight of 1 is worth, after the gain, shape (channel,)."""
        with torch.no_grad():
            return self._worth(self._step(weight))

    def _step(self, weight: Tensor) -> Tensor:
        reaching = (weight, *self._beside)
        peaks = torch.stack([each.detach().abs().flatten(1).amax(1) for each in reaching]).amax(0)
        if not self.per_channel:
            peaks = peaks.amax().expand_as(peaks)
        step = (peaks * (float(self.grid.gain[0]) / self.grid.largest)).clamp(
            min=self.threshold / self.grid.most_threshold
        )
        return step.where(step > 0, 1.0)

    def _worth(self, step: Tensor) -> Tensor:
        whole = self.threshold * self.grid.places
        return whole / (whole / step).round_().clamp_(min=1)


class BiasOnGrid(nn.Module):
    """A parametrisation: biases as whole numbers beside the weights of a connection, as large as the chip has them.

    Parameters
    ----------
    connection : nn.Module
        Its weights are on a grid, by :class:`WeightOnGrid`.
    rounding : WeightOnGrid
        That of the weights.
    """

    def __init__(self, connection: nn.Linear | nn.Conv2d, rounding: WeightOnGrid) -> None:
        super().__init__()
        # In a tuple, because torch would take the connection for a part of this, which is a part of it.
        self._weights = connection, rounding

    def forward(self, bias: Tensor) -> Tensor:
        """Return the biases as the chip has them."""
        connection, rounding = self._weights
        return rounding.bias(bias, connection.weight)
