"""``spikewright cost``: what an inference costs, and when an artificial network costs less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import spikewright as sw
from spikewright.cli._options import Data, DataRoot, examples
from spikewright.cli._progress import fetching, running
from spikewright.cli._unsaid import Convention, Dt, Encoder, Steps, unsaid

EXAMPLES = examples(
    "spikewright cost digits.safetensors --data digits",
    "spikewright cost digits.safetensors --data digits --twin ann.safetensors",
    "spikewright cost mnist.safetensors --data mnist --samples 1000 --json",
    "spikewright cost model.nir --data n-mnist --convention snntorch --steps 25",
)


def cost(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, of any kind.", show_default=False)],
    *,
    data: Data,
    samples: Annotated[
        int | None, typer.Option("--samples", metavar="N", help="Test samples to run.", show_default="all", min=1)
    ] = None,
    twin: Annotated[
        Path | None,
        typer.Option(
            "--twin",
            metavar="MODEL",
            help="A trained artificial network to compare with.",
            show_default="counted from the shape",
        ),
    ] = None,
    data_root: DataRoot = None,
    convention: Convention = None,
    dt: Dt = None,
    steps: Steps = None,
    encoder: Encoder = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object with all that is known.")] = False,
) -> None:
    """Count what an inference costs, layer by layer, and compare its energy with an artificial network's.

    Under each energy model: both energies, how many spikes a synapse break even, and who wins.
    """
    with fetching() as fetched, running() as ran:
        found = sw.compare.cost_file(
            model,
            data,
            data_root,
            samples=samples,
            twin=twin,
            unsaid=unsaid(convention, dt, steps, encoder),
            callback=ran,
            fetching=fetched,
        )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, allow_nan=False))
        return
    for table in sw.report.cost_tables(found):
        Console().print(table)
