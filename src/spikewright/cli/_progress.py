"""Progress on the terminal: on standard error, and only where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

import spikewright as sw

_BAR = 30


@contextmanager
def comparing(out: Path, *, quiet: bool) -> Iterator[Callable[[sw.compare.Record], None]]:
    """Show how far the comparison in a folder is while the block runs; give what tells of each cell that ends."""
    console = Console(stderr=True)
    live = Live(get_renderable=lambda: _overview(out), console=console, transient=True, refresh_per_second=2)

    def tell(record: sw.compare.Record) -> None:
        if not quiet:
            console.print(_line(record), soft_wrap=True)

    with nullcontext() if quiet or not console.is_terminal else live:
        yield tell


@contextmanager
def training(*, quiet: bool) -> Iterator[Callable[[sw.learners.Progress], None]]:
    """Show the rounds of a fit; give the callback that tells of each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(_BAR),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[metrics]}"),
    )
    with _progress(*columns, quiet=quiet) as bars:
        task = bars.add_task("training", total=None, metrics="")

        def tell(done: sw.learners.Progress) -> None:
            metrics = "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in done.metrics.items())
            bars.update(task, completed=done.round, total=done.rounds, metrics=metrics)

        yield tell


@contextmanager
def running() -> Iterator[Callable[[int, int], None]]:
    """Show how many samples a network has been run on; give the callback that tells of it."""
    with _progress(TextColumn("running"), BarColumn(_BAR), MofNCompleteColumn(), TimeRemainingColumn()) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def fetching(*, quiet: bool = False) -> Iterator[sw.data.FetchProgress]:
    """Show what is downloaded; give the callback that tells of it."""
    columns = (TextColumn("{task.description}"), BarColumn(_BAR), DownloadColumn(), TimeRemainingColumn())
    with _progress(*columns, quiet=quiet) as bars:
        tasks = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=None)
            bars.update(tasks[name], completed=done, total=total or None)

        yield tell


def _progress(*columns: ProgressColumn, quiet: bool = False) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def _overview(out: Path) -> RenderableType:
    try:
        now = sw.compare.status(out)
    except sw.checks.SpikewrightError:
        return Text("reading data")
    table = Table.grid(padding=(0, 1))
    failed = f", {now.failed} failed" if now.failed else ""
    table.add_row("cells", ProgressBar(now.cells, now.finished, width=_BAR), f"{now.finished} of {now.cells}{failed}")
    for cell in now.running:
        bar = ProgressBar(cell.rounds or None, cell.round, width=_BAR)
        table.add_row(f"  {cell.method} on {cell.data}, seed {cell.seed}", bar, f"{cell.round} of {cell.rounds} rounds")
    return table


def _line(record: sw.compare.Record) -> Text:
    where = f"{record.method} on {record.data}, seed {record.seed}: "
    if record.error is not None:
        return Text(f"{where}failed: {record.error}", style="red")
    return Text(f"{where}accuracy {record.accuracy:.4f} in {record.seconds:.0f} s")
