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
    models = list(dict.fromkeys(name for row in rows for name in row.energy_pj))
    said += [" ".join(_under(model, rows, spiking)) for model in models[:1]]
    said += _across(models, spiking)
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


def _across(models: Sequence[str], spiking: Sequence[Summary]) -> list[str]:
    """Say under how many energy models each method needs less than its artificial network."""
    compared = [row for row in spiking if row.twin_energy_pj]
    if len(models) < 2 or not compared:
        return []
    wins = {row.method: sum(_wins(row, model) for model in models) for row in compared}
    some = sorted((entry for entry in wins.items() if entry[1]), key=lambda entry: -entry[1])
    if not some:
        return [f"Under all {len(models)} energy models the artificial network of the same shape needs the least."]
    (best, count), *others = some
    told = [f"{best} needs less than the artificial network of its shape under {count}"]
    told += [f"{method} under {count}" for method, count in others]
    never = [method for method, count in wins.items() if not count]
    beside = f"; {_listed(never)} under none" if never else ""
    return [f"Of {len(models)} energy models, {_listed(told)}{beside}."]


def _wins(row: Summary, model: str) -> bool:
    ours, twins = row.energy_pj.get(model), row.twin_energy_pj.get(model)
    return ours is not None and twins is not None and ours.value < twins.value


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
