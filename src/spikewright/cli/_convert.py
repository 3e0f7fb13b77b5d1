"""``spikewright convert``: an artificial network of a file becomes a spiking one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import spikewright as sw
from spikewright.cli._options import Data, DataRoot, ModelOut, examples

EXAMPLES = examples(
    "spikewright convert mnist-8.onnx --data mnist --steps 32 --input-scale 255 --out converted.safetensors",
    "spikewright convert ann.safetensors --data digits --steps 16 --out converted.safetensors --json",
)


def convert(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="An ONNX file, or a model file of an artificial network.", show_default=False
        ),
    ],
    *,
    data: Data,
    out: ModelOut,
    steps: Annotated[int, typer.Option("--steps", help="Length of a run.", min=1)] = 32,
    input_scale: Annotated[
        float, typer.Option("--input-scale", help="Samples are in [0, 1]; 255 for a network that was trained on bytes.")
    ] = 1.0,
    percentile: Annotated[
        float, typer.Option("--percentile", help="Of the activations, above which rates are clipped.")
    ] = 99.9,
    limit: Annotated[int | None, typer.Option("--limit", help="Run only so many test samples.", min=1)] = None,
    data_root: DataRoot = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object with all that is known.")] = False,
) -> None:
    """Convert an artificial network into a spiking one: error of each layer, accuracy over the length of a run."""
    found = sw.compare.convert_file(
        model,
        data,
        out,
        steps=steps,
        input_scale=input_scale,
        percentile=percentile,
        limit=limit,
        root=data_root,
    )
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=1))
        return
    Console().print(_layers(found))
    Console().print(_accuracy(found))
    typer.echo(f"lost {100 * found.lost:.2f} points at {found.steps} steps: {out}")


def _layers(found: sw.compare.ConvertedFile) -> Table:
    table = Table("layer", "error", "clipped", "spikes a neuron and step")
    for layer in found.report.layers:
        table.add_row(layer.name, f"{layer.error:.4f}", f"{layer.clipped:.4f}", f"{layer.rate:.4f}")
    return table


def _accuracy(found: sw.compare.ConvertedFile) -> Table:
    table = Table("steps", "accuracy")
    over_time = found.report.accuracy_over_time
    shown = sorted({2**k for k in range(found.steps.bit_length())} | {found.steps})
    for steps in shown:
        table.add_row(str(steps), f"{over_time[steps - 1]:.4f}")
    table.add_row("artificial", f"{found.report.artificial_accuracy:.4f}")
    return table
