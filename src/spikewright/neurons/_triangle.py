"""The triangular surrogate: a derivative that falls linearly to 0."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from spikewright.checks import check_positive
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class Triangle(Surrogate):
    r"""Derivative :math:`\gamma \max(0, 1 - |u| / w)`: height ``height``, reaching 0 at a distance ``width``.

    Its primitive rises from 0 to ``height * width``.

    References
    ----------
    Bellec, Salaj, Subramoney, Legenstein, Maass, Long short-term memory in networks of spiking neurons, NeurIPS 2018.
    """

    width: float = 1.0
    height: float = 0.3

    def __post_init__(self) -> None:
        check_positive("Triangle.width", self.width)
        check_positive("Triangle.height", self.height)

    def primitive(self, u: Tensor) -> Tensor:
        """Return the integral of the triangle from the left."""
        x = (u / self.width).clamp(-1, 1)
        return self.height * self.width * (0.5 + x - 0.5 * x * x.abs())

    def derivative(self, u: Tensor) -> Tensor:
        """Return the triangle."""
        return self.height * (1 - u.abs() / self.width).relu()
