"""One record as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks._outcome import Record, quantity

WIDTH = 120
SCALES = {
    "seconds": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "bytes": ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB")),
}


def show(row: Record, console: Console | None = None) -> None:
    """Print who took how long, beside ours; those in brackets are no rivals."""
    unit = quantity(row)
    own = row[f"ours_{unit}"]
    table = Table("who", "median", "quartiles", "over ours", "spikes differ", title=title(row), title_justify="left")
    table.columns[0].no_wrap = True
    for name, value in figures(row).items():
        spread = " - ".join(written(bound, unit) for bound in row["quartiles"].get(name, []))
        differ = {**row["peers_spikes_differ"], row["ours"]: row["spikes_differ"]}.get(name)
        ratio = f"{value / own:.2f}" if own else ""
        beside = name in row[f"beside_{unit}"]
        table.add_row(
            f"({name})" if beside else name,
            written(value, unit),
            spread,
            ratio,
            "" if differ is None else f"{differ:.2g}",
        )
    failures = [f"failed: {name}: {error}" for name, error in row["failed"].items()]
    rates = [f"{value:.3g} {name} a second" for name, value in row["per_second"].items()]
    shares = [
        f"{row[name]:.0%} of the machine's {what}"
        for name, what in (("bandwidth_share", "memory bandwidth"), ("random_share", "random lines a second"))
        if row[name] is not None
    ]
    lines = [*failures, *rates, *shares, *(goal_line(goal) for goal in row["goals"]), *filter(None, [row["why"]]), ""]
    console = console or Console(width=WIDTH)
    console.print(table)
    console.print(*lines, sep="\n", markup=False, highlight=False)


def figures(row: Record) -> dict[str, float]:
    """Return all figures of a record by name, ours first."""
    unit = quantity(row)
    own = row[f"ours_{unit}"]
    first = {} if own is None else {row["ours"]: own}
    return {**first, **row[f"peers_{unit}"], **row[f"beside_{unit}"]}


def title(row: Record) -> str:
    """Return the case in words."""
    return f"{row['bench']}: {row['case']}, {row['threads']} thread{'s' * (row['threads'] > 1)}"


def goal_line(goal: Record) -> str:
    """Return what a goal asks and what was reached."""
    reached = "not measured" if goal["ratio"] is None else f"{goal['ratio']:.2f}"
    return f"{'met  ' if goal['met'] else 'SHORT'} over {goal['over']}: {reached} (at least {goal['at_least']:g})"


def written(value: float, unit: str) -> str:
    """Return a figure with the unit that suits it."""
    scale, name = next((entry for entry in SCALES[unit] if value >= entry[0]), SCALES[unit][-1])
    return f"{value / scale:.3g} {name}"
