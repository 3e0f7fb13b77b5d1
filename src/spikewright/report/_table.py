"""The main table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from spikewright.compare import Record, summarise
from spikewright.report._columns import columns
from spikewright.report._ranking import ranked


def table(records: Sequence[Record]) -> Table:
    """Return the table of a comparison, best accuracy first.

    Parameters
    ----------
    records : sequence of Record
        All cells.

    Returns
    -------
    rich.table.Table
        One row a data set and method, means over seeds.
    """
    rows = ranked(summarise(records))
    model = next((name for row in rows for name in row.energy_pj), "")
    several = len({row.data for row in rows}) > 1
    shown = [column for column in columns(model) if column.brief and (several or column.title != "data")]
    drawn = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
        caption=f"means over seeds, ± 95 % interval; energy of one inference under {model}",
    )
    for number, column in enumerate(shown):
        # A terminal of 80 columns holds all but the longest methods, which end in an ellipsis.
        drawn.add_column(column.title, justify="right" if number else "left", no_wrap=True, max_width=18)
    for row in rows:
        drawn.add_row(*(column.text(row) for column in shown))
    return drawn
