"""``spikewright data``: list, fetch and verify data sets."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import spikewright as sw
from spikewright.cli._options import DataRoot, Quiet, examples
from spikewright.cli._progress import fetching

LIST_EXAMPLES = examples("spikewright data list")
FETCH_EXAMPLES = examples("spikewright data fetch mnist", "spikewright data fetch mnist --data-root /srv/data")
VERIFY_EXAMPLES = examples("spikewright data verify mnist")

Name = Annotated[str, typer.Argument(metavar="DATA", help="See: spikewright data list", show_default=False)]


def help_(context: typer.Context) -> None:
    """List, fetch and verify data sets."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def list_() -> None:
    """List the data sets that can be named. A path of your own data does as well."""
    table = Table("data", "what it is", "kind", "classes", "licence")
    for source in sw.data.available():
        table.add_row(source.name, source.title, source.kind, str(len(source.classes)), source.licence)
    Console().print(table)


def fetch(name: Name, *, data_root: DataRoot = None, quiet: Quiet = False) -> None:
    """Download what is missing of a data set and check it; print its folder."""
    with fetching(quiet=quiet) as fetched:
        typer.echo(sw.data.fetch(name, data_root, fetched))


def verify(name: Name, *, data_root: DataRoot = None) -> None:
    """Read every file of a data set and say what is wrong with it. Exits with 1 if anything is."""
    verdicts = sw.data.verify(name, data_root)
    for verdict in verdicts:
        typer.echo(f"{verdict.path}: {verdict.problem.removeprefix(f'{verdict.path}: ') or 'good'}")
    if any(verdict.problem for verdict in verdicts):
        raise typer.Exit(1)
