"""The boxcar surrogate: a constant derivative near the threshold."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class Boxcar(Surrogate):
    r"""Derivative :math:`1/a` where :math:`|u| < a/2`, with :math:`a` the ``width``.

    References
    ----------
    Wu, Deng, Li, Zhu, Shi, Spatio-temporal backpropagation, Frontiers in Neuroscience 12, 2018.
    """

    width: float = 1.0

    def __post_init__(self) -> None:
        check_positive("Boxcar.width", self.width)

    def primitive(self, u: Tensor) -> Tensor:
        """Return a ramp from 0 at ``-width / 2`` to 1 at ``width / 2``."""
        return (u / self.width + 0.5).clamp(0, 1)

    def derivative(self, u: Tensor) -> Tensor:
        """Return ``1 / width`` near the threshold, else 0."""
        return (u.abs() < self.width / 2).to(u.dtype) / self.width
