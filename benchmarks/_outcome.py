"""What was found out about one case, and how the record says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

from benchmarks._case import Case, Entrant, Goal

Record = dict[str, Any]  # JSON; README.md lists its fields


@dataclass
class Outcome:
    """Figures, differences from the reference, failures, versions and names, all by entrant."""

    figures: dict[Entrant, list[float]] = field(default_factory=dict)
    differ: dict[Entrant, float] = field(default_factory=dict)
    failed: dict[Entrant, str] = field(default_factory=dict)
    versions: dict[Entrant, dict[str, str]] = field(default_factory=dict)

    def fail(self, entrant: Entrant, error: object) -> None:
        """Strike an entrant off: none of its figures count."""
        self.failed[entrant] = str(error)
        self.figures.pop(entrant, None)

    def label(self, entrant: Entrant) -> str:
        """Return an entrant's name, version and variants."""
        version = next(iter(self.versions.get(entrant, {}).values()), "")
        return ", ".join(filter(None, [f"{entrant.peer} {version}".strip(), *entrant.variant.split("+")]))

    def named(self, values: Mapping[Entrant, Any]) -> dict[str, Any]:
        """Return values by label."""
        return {self.label(entrant): value for entrant, value in values.items()}


def record(
    bench: str, case: Case, outcome: Outcome, *, families: Mapping[str, str], quantity: str, machine: Record
) -> Record:
    """Put an outcome into the form of ``results/bench.json``.

    Parameters
    ----------
    families : mapping of str to str
        The family of each peer.
    quantity : str
        What the figures count: ``"seconds"`` or ``"bytes"``.
    machine : dict
        What :mod:`benchmarks.machine` measured.
    """
    middle = {entrant: median(values) for entrant, values in outcome.figures.items()}
    ours, *others = case.entrants
    own = middle.get(ours)
    rivals = {entrant: middle[entrant] for entrant in others if entrant.counts and entrant in middle}
    beside = {entrant: middle[entrant] for entrant in others if not entrant.counts and entrant in middle}
    share = case.bytes_moved / own / machine["triad_bytes_per_second"] if own and case.bytes_moved else None
    lines = case.random_lines / own / machine["random_lines_per_second"] if own and case.random_lines else None
    limit = case.parameters.get("limit", 0.0) + min(rivals.values(), default=0.0)
    against = {"bandwidth": share, "limit": limit / own if own else None}
    goals = [_judged(goal, own, rivals, against, families) for goal in case.goals]
    return {
        "bench": bench,
        "case": case.name,
        "threads": machine["threads"],
        "ours": outcome.label(ours),
        f"ours_{quantity}": own,
        f"peers_{quantity}": outcome.named(rivals),
        f"beside_{quantity}": outcome.named(beside),
        "families": outcome.named({entrant: families.get(entrant.peer) for entrant in rivals}),
        "ratio": goals[0]["ratio"] if goals else min(rivals.values()) / own if own and rivals else None,
        "at_least": case.goals[0].at_least if case.goals else None,
        "goals": goals,
        "met": own is not None and all(goal["met"] for goal in goals),
        "spikes_differ": outcome.differ.get(ours),
        "peers_spikes_differ": outcome.named(
            {entrant: outcome.differ[entrant] for entrant in others if entrant in outcome.differ}
        ),
        "failed": outcome.named(outcome.failed),
        "quartiles": outcome.named(
            {
                entrant: quantiles(values, n=4, method="inclusive")[::2]
                for entrant, values in outcome.figures.items()
                if len(values) > 1
            }
        ),
        "bandwidth_share": share,
        "random_share": lines,
        "per_second": {name: count / own for name, count in case.per_unit.items()} if own else {},
        "bytes_moved": case.bytes_moved,
        "operations": case.operations,
        "versions": outcome.named(outcome.versions),
        "machine": machine,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def by_family(row: Record) -> list[Record]:
    """Return a record for each family that it has a goal over, in which the other families stand beside.

    So ``ratio`` and ``at_least`` of every record are of the same peers.
    """
    over = [goal for goal in row["goals"] if goal["over"] in row["families"].values()]
    if len(over) < 2:
        return [row]
    others = [goal for goal in row["goals"] if goal not in over]
    return [_over(goal, others, row) for goal in over]


def _over(goal: Record, others: list[Record], row: Record) -> Record:
    peers, beside = (f"{words}_{quantity(row)}" for words in ("peers", "beside"))
    rivals = {name: value for name, value in row[peers].items() if row["families"][name] == goal["over"]}
    goals = [goal, *others]
    return {
        **row,
        "case": f"{row['case']}, over {goal['over']}",
        peers: rivals,
        beside: {**{name: value for name, value in row[peers].items() if name not in rivals}, **row[beside]},
        "families": {name: row["families"][name] for name in rivals},
        "ratio": goal["ratio"],
        "at_least": goal["at_least"],
        "goals": goals,
        "met": all(each["met"] for each in goals),
    }


def quantity(row: Record) -> str:
    """Return what a record counts: ``"seconds"`` or ``"bytes"``."""
    return "bytes" if "ours_bytes" in row else "seconds"


def _judged(
    goal: Goal,
    own: float | None,
    rivals: Mapping[Entrant, float],
    others: Mapping[str, float | None],
    families: Mapping[str, str],
) -> Record:
    against = [value for entrant, value in rivals.items() if goal.over in ("peers", families.get(entrant.peer))]
    ratio = min(against) / own if own and against else others.get(goal.over)
    met = ratio is not None and ratio >= goal.at_least
    return {"over": goal.over, "ratio": ratio, "at_least": goal.at_least, "met": met}
