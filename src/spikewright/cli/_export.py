"""``spikewright export``: a model file for other programs."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import spikewright as sw
from spikewright.cli._options import examples
from spikewright.cli._unsaid import Convention, Dt, Encoder, Steps, unsaid

EXAMPLES = examples(
    "spikewright export digits.safetensors --to nir --out digits.nir",
    "spikewright export digits.safetensors --to c --out digits.c --bits 4",
    "spikewright export model.nir --to c --convention snntorch --steps 25 --out model.c --json",
)


class Target(StrEnum):
    """What a network can be written as."""

    C = "c"
    NIR = "nir"


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, of any kind.", show_default=False)],
    *,
    to: Annotated[Target, typer.Option("--to", help="nir: for other libraries. c: one C99 file of whole numbers.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", dir_okay=False, help="The file to write, such as model.nir.")
    ],
    sample: Annotated[
        str, typer.Option("--sample", metavar="CxHxW", help="Shape of a sample, where the model file does not say it.")
    ] = "",
    bits: Annotated[int, typer.Option("--bits", help="Bits of a weight in C.", min=2, max=16)] = 8,
    convention: Convention = None,
    dt: Dt = None,
    steps: Steps = None,
    encoder: Encoder = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object with all that is known.")] = False,
) -> None:
    """Write a network for other programs. What they cannot have is refused, with the layer and the reason."""
    shape, open_as = _shape(sample), unsaid(convention, dt, steps, encoder)
    match to:
        case Target.NIR:
            written = sw.exchange.export_file(model, out, sample=shape, unsaid=open_as)
        case Target.C:
            written = sw.exchange.export_c(model, out, sample=shape, bits=bits, unsaid=open_as)
    if as_json:
        known = {"to": to.value, "out": str(out), "bytes": out.stat().st_size, "nodes": written}
        typer.echo(json.dumps(known, indent=1))
    else:
        for name, kind in written.items():
            typer.echo(f"{name}: {kind}")
        typer.echo(f"{out.stat().st_size:,} bytes: {out}")


def _shape(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
    sizes = text.split("x")
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise sw.checks.ModelError(f"--sample: must be sizes with x between them, as 1x28x28; got {text!r}.")
    return tuple(int(size) for size in sizes)
