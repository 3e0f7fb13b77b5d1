"""Where the neurons of a network stand on a chip."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Neurons of one layer on one core.

    Parameters
    ----------
    core : int
        Number of the core.
    layer : str
        Name of the layer.
    start, stop : int
        The neurons, in C order, from ``start`` to before ``stop``; copies of neurons come after the last neuron.
    synapses : int
        Synapses onto them.
    synapse_bits : int or None
        Memory for these, where the chip's way to keep synapses is known.
    axons : int
        Different sources that the core must listen to for them, in axons.
    """

    core: int
    layer: str
    start: int
    stop: int
    synapses: int
    synapse_bits: int | None
    axons: int


@dataclass(frozen=True)
class Placement:
    """A network on a chip.

    Parameters
    ----------
    chip : str
        Name of the chip.
    cores : int
        Cores of the chip.
    shares : tuple of Share
        What each core holds.
    energy_pj : float or None
        Energy of an inference from published figures, and ``energy_terms`` what it is made of; ``None`` if there are
        none.
    energy_terms : dict of str to float
        Each part in pJ.
    step_seconds : float or None
        Least time of a step as published; an inference takes as many steps as it has.
    latency_seconds : float or None
        Steps of a run times that.
    """

    chip: str
    cores: int
    shares: tuple[Share, ...]
    energy_pj: float | None
    energy_terms: dict[str, float]
    step_seconds: float | None
    latency_seconds: float | None

    fits = True

    @property
    def used_cores(self) -> int:
        """Cores that hold neurons."""
        return len({share.core for share in self.shares})

    @property
    def neurons(self) -> int:
        """Neurons on the chip, copies included."""
        return sum(share.stop - share.start for share in self.shares)

    @property
    def synapses(self) -> int:
        """Synapses on the chip."""
        return sum(share.synapses for share in self.shares)
