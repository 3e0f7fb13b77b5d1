"""``spikewright records`` and ``spikewright report``: what a comparison found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import spikewright as sw
from spikewright.cli._options import examples
from spikewright.cli._page import write_page

RECORDS_EXAMPLES = examples(
    "spikewright records mnist",
    "spikewright records mnist --json | python -m json.tool",
    "spikewright records mnist --json --twins > all.json",
)
REPORT_EXAMPLES = examples("spikewright report mnist", "spikewright report mnist --out mnist.html")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the comparison.", show_default=False)]


def records(
    folder: Folder,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="A list of objects, one a record, with all that is known.")
    ] = False,
    twins: Annotated[
        bool, typer.Option("--twins", help="Also the artificial networks that no plan asked for.")
    ] = False,
) -> None:
    """Print the records of a comparison, finished or not: its results and what training cost, or JSON."""
    found = sw.compare.records(folder, twins=twins)
    if as_json:
        typer.echo(json.dumps([record.to_dict() for record in found], indent=1, allow_nan=False))
    else:
        for table in (sw.report.table(found), sw.report.training_table(found)):
            Console().print(table)


def report(
    folder: Folder,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", dir_okay=False, help="Where to write it.", show_default="DIR/report.html"
        ),
    ] = None,
) -> None:
    """Draw the page of a comparison, finished or not, and print its path."""
    typer.echo(write_page(folder, out))
