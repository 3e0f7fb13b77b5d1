"""``spikewright export``: a network for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import spikewright as sw
from spikewright.cli._options import examples

EXAMPLES = examples(
    "spikewright export digits.safetensors --to c --out digits.c",
    "spikewright export digits.safetensors --to c --out digits.c --bits 4",
)


class Format(StrEnum):
    """What a network can be written as."""

    C = "c"


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    *,
    to: Annotated[Format, typer.Option("--to", help="c: one C99 file of whole numbers, without a library.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    bits: Annotated[int, typer.Option("--bits", help="Bits of a weight in C.", min=2, max=16)] = 8,
) -> None:
    """Write a network in the form of another program."""
    net = sw.exchange.load(model)
    match to:
        case Format.C:
            sample = sw.exchange.load_notes(model).get("sample")
            if not isinstance(sample, list):
                raise sw.checks.ModelError(f"{model}: does not say the shape of a sample. Train it with spikewright.")
            arithmetic = sw.quantised.FixedPointArithmetic(weight_bits=bits)
            shape = sw.network.raster_shape(net, tuple(int(size) for size in sample))
            out.write_text(sw.exchange.c_source(sw.quantised.quantise(net, shape, arithmetic)), encoding="utf-8")
    typer.echo(out)
