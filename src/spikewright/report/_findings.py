"""What the records say, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spikewright.compare import Mean, Summary
from spikewright.report._format import energy, percent, ratio
from spikewright.report._ranking import pareto_front


def findings(rows: Sequence[Summary]) -> list[str]:
    """Return what one data set's rows show: the most accurate, the front, and where the artificial network wins."""
    spiking = [row for row in rows if row.accuracy is not None and row.family != "artificial network"]
    if not spiking:
        return ["No spiking network has finished yet."]
    best = max(spiking, key=_accuracy)
    said = [f"Most accurate of the spiking networks: {best.method}, {percent(best.accuracy)} %{_beside(best)}."]
    models = dict.fromkeys(name for row in rows for name in row.energy_pj)
    said += [" ".join(_under(model, rows, spiking)) for model in models]
    unfinished = [row.method for row in rows if row.failed]
    if unfinished:
        said.append(f"Cells failed for {', '.join(unfinished)}; the errors are at the end of the page.")
    return said


def _under(model: str, rows: Sequence[Summary], spiking: Sequence[Summary]) -> list[str]:
    front = pareto_front(rows, lambda row: row.energy_pj.get(model))
    said = [f"Unbeaten in accuracy and energy at once under {model}: {_listed(row.method for row in front)}."]
    compared = [
        (row, ours, twins)
        for row in spiking
        if (ours := row.energy_pj.get(model)) is not None and (twins := row.twin_energy_pj.get(model)) is not None
    ]
    losing = [row.method for row, ours, twins in compared if ours.value >= twins.value]
    if losing:
        said.append(f"Under {model} the artificial network of the same shape needs less energy than {_listed(losing)}.")
    winning = [(row, ours, twins) for row, ours, twins in compared if ours.value < twins.value]
    if winning:
        row, ours, twins = min(winning, key=lambda entry: entry[1].value / entry[2].value)
        said.append(
            f"Under {model} the largest gain over its artificial network is that of {row.method}: {_gain(ours, twins)}."
        )
    return said


def _gain(ours: Mean, twins: Mean) -> str:
    return f"{energy(ours.value)} beside {energy(twins.value)}, {ratio(ours.value, twins.value)}"


def _beside(row: Summary) -> str:
    if row.twin_accuracy is None:
        return ""
    return f"; the artificial network of its shape reaches {percent(row.twin_accuracy)} %"


def _accuracy(row: Summary) -> float:
    return row.accuracy.value if row.accuracy is not None else 0.0


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
