"""``spikewright compare``: train and test methods side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import spikewright as sw
from spikewright.cli._options import Budget, DataRoot, Quiet, examples
from spikewright.cli._page import write_page
from spikewright.cli._progress import comparing, fetching

EXAMPLES = examples(
    "spikewright compare --out first",
    "spikewright compare --data mnist --methods Twin,SurrogateGradient,DiehlCook --seeds 3 --out mnist",
    "spikewright compare --data mnist --methods SurrogateGradient:architecture=32C5-P2-128,epochs=10 --out cnn",
    "spikewright compare --plan plan.toml --out study --jobs 8 --budget 600",
)


def compare(
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the comparison; one that is there goes on.")
    ],
    data: Annotated[
        str | None, typer.Option("--data", metavar="D,D", help="Names or paths of data sets.", show_default="digits")
    ] = None,
    asked: Annotated[
        str | None,
        typer.Option(
            "--methods", metavar="M,M", help="Names, with parameters as M:name=value,name=value.", show_default="all"
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="How many, from 0.", show_default="3", min=1)] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="TOML", help="A plan; other options replace what it says.")
    ] = None,
    budget: Budget = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Cells at a time.", min=1)] = 2,
    backend: Annotated[str, typer.Option("--backend", help="Any of joblib: loky, threading, dask, ray ...")] = "loky",
    data_root: DataRoot = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Do cells that failed again, each from its last checkpoint.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train methods on data over several seeds, test each once, and show what each costs beside the artificial network.

    A comparison that was stopped goes on with the same command, and does nothing twice.

    Exits with 1 if a cell failed; the others are there all the same.
    """
    wanted = _plan(plan, data, asked, seeds)
    if budget is not None:
        wanted = replace(wanted, budget=budget)
    if data_root is not None:
        wanted = replace(wanted, root=str(data_root))
    with comparing(out, quiet=quiet) as ended, fetching(quiet=quiet) as fetched:
        found = sw.compare.run_plan(
            wanted, out, n_jobs=jobs, backend=backend, retry=retry, callback=ended, fetching=fetched
        )
    Console().print(sw.report.table(found))
    typer.echo(write_page(out))
    if any(record.error for record in found):
        raise typer.Exit(1)


def _plan(path: Path | None, data: str | None, asked: str | None, seeds: int | None) -> sw.compare.Plan:
    """Return the plan of a file, or the default one, with what the options say in place of it."""
    every = tuple(sw.compare.Method(cls.__name__) for cls in sw.compare.methods())
    wanted = sw.compare.Plan(data=("digits",), methods=every) if path is None else sw.compare.Plan.from_toml(path)
    if data is not None:
        wanted = replace(wanted, data=tuple(data.split(",")))
    if asked is not None:
        wanted = replace(wanted, methods=sw.compare.split_methods(asked))
    if seeds is not None:
        wanted = replace(wanted, seeds=tuple(range(seeds)))
    return wanted
