"""Orders among methods: by accuracy, and the front of those that no other beats in both accuracy and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spikewright.compare import Mean, Summary


def ranked(rows: Iterable[Summary]) -> list[Summary]:
    """Return the rows by data set, best accuracy first; rows without one come last."""
    known = list(rows)
    order = list(dict.fromkeys(row.data for row in known))
    return sorted(known, key=lambda row: (order.index(row.data), -_accuracy(row)))


def pareto_front(rows: Iterable[Summary], cost: Callable[[Summary], Mean | None]) -> list[Summary]:
    """Return the rows of one data set that no other beats or equals in both accuracy and cost, cheapest first.

    Parameters
    ----------
    rows : iterable of Summary
        Rows without accuracy or cost are left out.
    cost : callable
        What is to be small.
    """
    priced = [(mean.value, row) for row in rows if row.accuracy is not None and (mean := cost(row)) is not None]
    front: list[Summary] = []
    for _, row in sorted(priced, key=lambda entry: (entry[0], -_accuracy(entry[1]))):
        if not front or _accuracy(row) > _accuracy(front[-1]):
            front.append(row)
    return front


def _accuracy(row: Summary) -> float:
    return row.accuracy.value if row.accuracy is not None else -1.0
