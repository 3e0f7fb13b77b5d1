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

    @property
    def opponent(self) -> str:
        """The machine that the artificial network runs on, in a few words."""
        return "the same machine"

    @abstractmethod
    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ; it rises in proportion to the spikes, from that of a silent run."""

    def artificial_energy(self, cost: Cost, steps: int) -> float:  # noqa: ARG002 - some opponents depend on it
        """Return the energy of an artificial network that stands beside a spiking one.

        Parameters
        ----------
        cost : Cost
            Of the artificial network.
        steps : int
            Time steps of the spiking network.
        """
        return self.energy(cost)
