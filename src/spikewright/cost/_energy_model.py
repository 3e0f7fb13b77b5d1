"""What every energy model is: constants with a source, and a sum over counts."""

from __future__ import annotations

from abc import ABC, abstractmethod

from spikewright.cost._cost import Cost


class EnergyModel(ABC):
    """Turns counts into energy; a published model with its constants, none of them the truth."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name in records and reports."""

    @property
    @abstractmethod
    def constants(self) -> dict[str, float]:
        """Energy of each operation by name, in pJ, as it is to be printed beside every result."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the constants and the formula come from."""

    @abstractmethod
    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ."""
