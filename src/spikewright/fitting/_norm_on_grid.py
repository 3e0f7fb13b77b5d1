"""Batch normalisation folded into weights that are rounded to the numbers of a chip."""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor, nn

from spikewright.checks import Step
from spikewright.fitting._on_grid import StraightThrough, WeightOnGrid
from spikewright.network import fan_out, fold, plain


class NormOnGrid(nn.Module):
    r"""A connection and the batch normalisation behind it, which a chip has as one connection.

    With mean :math:`\mu` and variance :math:`\sigma^2` of the charges, those of the batch in training and the running
    ones in evaluation, what is rounded are the weights and biases that the chip gets,

    .. math::
        \tilde W = \mathrm{round}\Bigl(\frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W\Bigr), \qquad
        \tilde b = \mathrm{round}\Bigl(\frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta\Bigr),

    and the charges are theirs. The gradient, that of the inputs too, is that of the normalised charges before rounding,
    so that in training there are two products: one with exact weights, and one with those that are rounded.

    Parameters
    ----------
    connection : nn.Linear or nn.Conv2d
        Its weights may be masked.
    norm : nn.BatchNorm1d or nn.BatchNorm2d
        With running statistics.
    rounding : WeightOnGrid
        To the chip's numbers.

    References
    ----------
    Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only inference, CVPR
    2018, section 3.2.
    """

    def __init__(
        self, connection: nn.Linear | nn.Conv2d, norm: nn.BatchNorm1d | nn.BatchNorm2d, rounding: WeightOnGrid
    ) -> None:
        super().__init__()
        self.connection = connection
        self.norm = norm
        self.rounding = rounding

    def forward(self, x: Step) -> Step:
        """Return the charges of ``x``, shape (batch, neuron...)."""
        charges = self.connection(x)
        exact = self.norm(charges)
        with torch.no_grad():
            rounded = _through(self.connection, x, *self._numbers(charges)).to(exact.dtype)
        given: Tensor = StraightThrough.apply(rounded, exact)  # type: ignore[no-untyped-call]
        return given

    def folded(self) -> nn.Module:
        """Return the connection that the chip gets: with the running statistics, and with plain tensors."""
        alone = plain(self.connection)
        with torch.no_grad():
            weight, bias = self._numbers(None)
        alone.register_parameter("weight", nn.Parameter(weight))
        alone.register_parameter("bias", nn.Parameter(bias))
        return alone

    def _numbers(self, charges: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return weights and biases, with the statistics of the charges if they are given in training."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        if charges is not None and self.training:
            over = [axis for axis in range(charges.ndim) if axis != 1]
            variance, mean = torch.var_mean(charges.to(self.connection.weight.dtype), over, correction=0)
        assert mean is not None  # deploy, which every network for a chip goes through first, refuses others
        assert variance is not None
        exact, bias = fold(self.connection, self.norm, mean, variance)
        weight = self.rounding(exact)
        return weight, self.rounding.bias(bias, weight)


@plain.register
def _(connection: NormOnGrid) -> nn.Module:
    return connection.folded()


@fan_out.register
def _(connection: NormOnGrid, shape: tuple[int, ...], *, zeros: bool = False) -> Tensor:
    return fan_out(connection.connection, shape, zeros=zeros)


@singledispatch
def _through(connection: nn.Linear | nn.Conv2d, x: Step, weight: Tensor, bias: Tensor) -> Step:  # noqa: ARG001 - all is in the numbers
    """Return what a connection gives with other numbers."""
    return nn.functional.linear(x, weight, bias)


@_through.register
def _(connection: nn.Conv2d, x: Step, weight: Tensor, bias: Tensor) -> Step:
    y: Tensor = connection._conv_forward(x, weight, bias)  # noqa: SLF001 - which nn.Conv2d leaves to its subclasses
    return y
