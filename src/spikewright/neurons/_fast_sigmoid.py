"""The fast sigmoid surrogate: the derivative of SuperSpike."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    r"""Derivative :math:`1 / (1 + s |u|)^2` (SuperSpike); height 1 at the threshold whatever the slope ``s``.

    Its primitive :math:`u / (1 + s|u|)` rises from :math:`-1/s` to :math:`1/s`.

    References
    ----------
    Zenke, Ganguli, SuperSpike, Neural Computation 30, 2018.
    """

    slope: float = 10.0

    def __post_init__(self) -> None:
        check_positive("FastSigmoid.slope", self.slope)

    def primitive(self, u: Tensor) -> Tensor:
        """Return ``u / (1 + slope |u|)``."""
        return u / (1 + self.slope * u.abs())

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``1 / (1 + slope |u|)**2``."""
        return (1 + self.slope * u.abs()).square().reciprocal()
