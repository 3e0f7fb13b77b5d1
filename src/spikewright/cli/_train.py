"""``spikewright train`` and ``spikewright evaluate``: one network."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import spikewright as sw
from spikewright.cli._options import Budget, Data, DataRoot, ModelOut, Quiet, examples
from spikewright.cli._progress import fetching, training
from spikewright.cli._unsaid import Convention, Dt, Encoder, Steps, unsaid

TRAIN_EXAMPLES = examples(
    "spikewright train --data digits --method SurrogateGradient --out digits.safetensors",
    "spikewright train --data mnist --method Twin:architecture=32C5-P2-128,epochs=5 --out cnn.safetensors",
    "spikewright train --data mnist --method DiehlCook --out d.safetensors --checkpoint d.checkpoint",
)
EVALUATE_EXAMPLES = examples(
    "spikewright evaluate digits.safetensors --data digits",
    "spikewright evaluate digits.safetensors --data digits --json",
)


def train(
    *,
    data: Data,
    method: Annotated[
        str, typer.Option("--method", metavar="M", help="A name, with parameters as M:name=value,name=value.")
    ],
    out: ModelOut,
    seed: Annotated[int, typer.Option("--seed", help="Fixes all randomness.", min=0)] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            dir_okay=False,
            help="Written after every round; if it is there, training goes on.",
        ),
    ] = None,
    budget: Budget = None,
    data_root: DataRoot = None,
    quiet: Quiet = False,
) -> None:
    """Train one network and write it to a file. The test part of the data is not read; see: spikewright evaluate."""
    with training(quiet=quiet) as ended, fetching(quiet=quiet) as fetched:
        learner = sw.compare.train(
            sw.compare.Method.from_text(method),
            data,
            out,
            seed=seed,
            root=data_root,
            checkpoint=checkpoint,
            budget=budget,
            callback=ended,
            fetching=fetched,
        )
    typer.echo(f"validation accuracy {learner.validation_accuracy_:.4f} after {learner.train_seconds_:.1f} s: {out}")
    Console().print(sw.report.fit_table(learner.train_cost_, learner.train_samples_))


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, of any kind.", show_default=False)],
    *,
    data: Data,
    data_root: DataRoot = None,
    convention: Convention = None,
    dt: Dt = None,
    steps: Steps = None,
    encoder: Encoder = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object with all that is known.")] = False,
) -> None:
    """Run a network on the test part of its data: accuracy, and what an inference costs."""
    with fetching() as fetched:
        found = sw.compare.evaluate_file(model, data, data_root, unsaid(convention, dt, steps, encoder), fetched)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
    else:
        Console().print(_table(found))


def _table(found: sw.compare.Evaluation) -> Table:
    rows = {
        "accuracy": f"{found.accuracy:.4f}",
        "steps": f"{found.steps}",
        "steps to decision": f"{found.latency_steps:.2f}",
        "spikes": f"{found.spikes:,.1f}",
        "synaptic operations": f"{found.synaptic_operations:,.0f}",
        "multiply-accumulates": f"{found.multiply_accumulates:,.0f}",
        "neuron updates": f"{found.neuron_updates:,.0f}",
        "parameters": f"{found.parameters:,}",
        "weights in bytes": f"{found.weight_bytes:,}",
        **{f"energy in pJ, {name}": f"{energy:,.0f}" for name, energy in found.energy_pj.items()},
    }
    table = Table("of one inference", "mean")
    for row in rows.items():
        table.add_row(*row)
    return table
