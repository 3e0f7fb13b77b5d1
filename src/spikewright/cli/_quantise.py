"""``spikewright quantise``: a network in whole numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import spikewright as sw
from spikewright.cli._options import DataRoot, examples
from spikewright.cli._progress import fetching
from spikewright.cli._unsaid import Convention, Dt, Encoder, Steps, unsaid

EXAMPLES = examples(
    "spikewright quantise digits.safetensors --bits 8",
    "spikewright quantise digits.safetensors --bits 4 --per channel --data digits",
    "spikewright quantise digits.safetensors --chip loihi-2 --data digits --json",
)


class Per(StrEnum):
    """What shares a scale."""

    TENSOR = "tensor"
    CHANNEL = "channel"


def quantise(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, of any kind.", show_default=False)],
    *,
    bits: Annotated[int, typer.Option("--bits", help="Bits of a weight, its sign included.", min=2, max=16)] = 8,
    per: Annotated[Per, typer.Option("--per", help="What has a scale of its own.")] = Per.TENSOR,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="NAME", help="Use the arithmetic of a chip instead.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="Measures accuracy on its test part.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", metavar="N", help="Test samples to run.", show_default="all", min=1)
    ] = None,
    data_root: DataRoot = None,
    convention: Convention = None,
    dt: Dt = None,
    steps: Steps = None,
    encoder: Encoder = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object with all that is known.")] = False,
) -> None:
    """Round the weights of a network to whole numbers and say what is lost; it runs in whole numbers throughout."""
    generic = sw.quantised.FixedPointArithmetic(weight_bits=bits, per_channel=per is Per.CHANNEL)
    with fetching() as fetched:
        found = sw.compare.quantise_file(
            model,
            chip or generic,
            data,
            data_root,
            samples=samples,
            unsaid=unsaid(convention, dt, steps, encoder),
            fetching=fetched,
        )
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    table = Table("layer", "neurons", "synapses left", "largest weight", "bits", "rounding error")
    for layer in found.layers:
        table.add_row(
            layer.name,
            f"{layer.neurons:,}",
            f"{layer.synapses:,}",
            f"{layer.largest_weight:,}",
            str(layer.weight_bits),
            f"{layer.error:.2%}",
        )
    Console().print(table)
    if found.accuracy is not None:
        typer.echo(f"accuracy {found.accuracy:.4f}, in whole numbers {found.whole_accuracy:.4f}")
