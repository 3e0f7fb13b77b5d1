"""A spiking network beside the artificial one of its shape, under one energy model, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spikewright.cost._artificial import artificial
from spikewright.cost._cost import Cost
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._energy_models import ENERGY_MODELS


@dataclass(frozen=True)
class Comparison:
    """Where a network stands under one energy model.

    Parameters
    ----------
    model : str
        Name of the energy model.
    energy_pj, artificial_pj : float
        Energy of one inference of the network, and of the artificial one on a machine that multiplies by zeros too.
    skipping_zeros_pj, artificial_skipping_zeros_pj : float
        The same on a machine that skips products with 0; no less where an artificial network's zeros are not known.
    spikes_per_synapse : float or None
        Spikes through a synapse in an inference; None if no spikes come through any.
    break_even : float or None
        Spikes a synapse at which both need the same energy, were all spikes to grow or shrink in proportion. None if
        the artificial network needs less than this one would without a spike, if no spikes came, or if none can come.
    """

    model: str
    energy_pj: float
    artificial_pj: float
    skipping_zeros_pj: float
    artificial_skipping_zeros_pj: float
    spikes_per_synapse: float | None
    break_even: float | None

    @property
    def verdict(self) -> str:
        """Who needs less energy, and why, in a sentence."""
        if self.spikes_per_synapse is None:
            return "No spikes come through any synapse, so there is no break-even."
        if self.energy_pj < self.artificial_pj:
            return f"The spiking network wins: {_times(self.artificial_pj, self.energy_pj)} less energy{self._margin}."
        return f"The artificial network wins: {_times(self.energy_pj, self.artificial_pj)} less energy{self._margin}."

    @property
    def _margin(self) -> str:
        if self.break_even is None:
            silent = self.spikes_per_synapse != 0 and self.energy_pj >= self.artificial_pj
            return "; it would also if no neuron fired" if silent else ""
        return f", {self.spikes_per_synapse:.3g} spikes a synapse where {self.break_even:.3g} break even"


def compare_energies(
    cost: Cost, twin: Cost | None = None, models: Iterable[EnergyModel] = ENERGY_MODELS
) -> tuple[Comparison, ...]:
    """Return where a network stands beside the artificial one of its shape, under each energy model.

    Parameters
    ----------
    cost : Cost
        Of the network.
    twin : Cost, optional
        Of a trained artificial network, with its own zeros counted; :func:`artificial` of ``cost`` if there is none.
    models : iterable of EnergyModel
        Under which to compare.
    """
    other = artificial(cost) if twin is None else twin
    return tuple(_compared(model, cost, other) for model in models)


def _compared(model: EnergyModel, cost: Cost, other: Cost) -> Comparison:
    opponent = model.artificial_energy(other, cost.steps)
    return Comparison(
        model=model.name,
        energy_pj=model.energy(cost),
        artificial_pj=opponent,
        skipping_zeros_pj=model.energy(cost.skipping_zeros()),
        artificial_skipping_zeros_pj=model.artificial_energy(other.skipping_zeros(), cost.steps),
        spikes_per_synapse=cost.spikes_per_synapse,
        break_even=_break_even(model, cost, opponent),
    )


def _break_even(model: EnergyModel, cost: Cost, opponent: float) -> float | None:
    """Return the spikes a synapse at which the energy, which rises in proportion to them, meets the opponent's."""
    now = cost.spikes_per_synapse
    silent = model.energy(cost.scaled(0.0))
    rise = model.energy(cost) - silent
    if not now or rise <= 0 or silent >= opponent:
        return None
    return now * (opponent - silent) / rise


def _times(more: float, less: float) -> str:
    return f"{more / less:.3g} times" if less else "infinitely many times"
