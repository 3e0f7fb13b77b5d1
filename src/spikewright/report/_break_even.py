"""Where spikes break even: for each energy model, how each method stands beside an artificial network of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spikewright.compare import Summary
from spikewright.cost import ENERGY_MODELS, Comparison
from spikewright.report._format import count, energy

HEAD = ("method", "energy", "artificial", "spikes a synapse", "break-even", "verdict")


@dataclass(frozen=True)
class Standing:
    """All methods on one data set under one energy model.

    Parameters
    ----------
    model, opponent : str
        Name of the model, and the machine that the artificial network runs on.
    lost : int
        Methods whose network needs at least as much energy as the artificial one.
    lines : tuple of tuple of str
        For each method its row of a table with :data:`HEAD`.
    """

    model: str
    opponent: str
    lost: int
    lines: tuple[tuple[str, ...], ...]

    @property
    def head(self) -> tuple[str, ...]:
        """Headings of the table."""
        return HEAD


def standings(rows: Sequence[Summary]) -> list[Standing]:
    """Return how one data set's rows stand, for each model that there are records of; old records have none."""
    found = []
    for model in ENERGY_MODELS:
        compared = [(row.method, entry) for row in rows if (entry := compared_under(model.name, row)) is not None]
        if compared:
            lost = sum(entry.energy_pj >= entry.artificial_pj for _, entry in compared)
            found.append(Standing(model.name, model.opponent, lost, tuple(_lines(compared))))
    return found


def compared_under(model: str, row: Summary) -> Comparison | None:
    """Return the means over seeds of a row as one comparison; None of artificial networks and of old records."""
    ours, artificial = row.energy_pj.get(model), row.artificial_energy_pj.get(model)
    if ours is None or artificial is None or row.spikes_per_synapse is None:
        return None
    meets = row.break_even.get(model)
    return Comparison(
        model=model,
        energy_pj=ours.value,
        artificial_pj=artificial.value,
        skipping_zeros_pj=ours.value,
        artificial_skipping_zeros_pj=artificial.value,
        spikes_per_synapse=row.spikes_per_synapse.value,
        break_even=None if meets is None else meets.value,
    )


def _lines(compared: Iterable[tuple[str, Comparison]]) -> Iterable[tuple[str, ...]]:
    for method, entry in compared:
        yield (
            method,
            energy(entry.energy_pj),
            energy(entry.artificial_pj),
            count(entry.spikes_per_synapse),
            count(entry.break_even),
            entry.verdict,
        )
