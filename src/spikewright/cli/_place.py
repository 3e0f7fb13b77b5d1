"""``spikewright place``: a network on a chip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
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
    "spikewright place digits.safetensors --chip all --draw digits.svg",
    "spikewright place digits.safetensors --chip loihi-2 --data digits --draw loihi.svg",
    "spikewright place digits.safetensors --chip xylo-audio-2 --json",
)
ALL = "all"


def place(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, of any kind.", show_default=False)],
    *,
    chip: Annotated[str, typer.Option("--chip", metavar="NAME", help="A chip, or all.")] = ALL,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="Measures accuracy and energy on its test part.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", metavar="N", help="Test samples to run.", show_default="all", min=1)
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            "--draw",
            metavar="SVG",
            dir_okay=False,
            help="Draw the placement; of several chips, place.svg as place-loihi-1.svg and so on.",
        ),
    ] = None,
    data_root: DataRoot = None,
    convention: Convention = None,
    dt: Dt = None,
    steps: Steps = None,
    encoder: Encoder = None,
    as_json: Annotated[bool, typer.Option("--json", help="A list with all that is known, one entry a chip.")] = False,
) -> None:
    """Put a network on a chip: the cores and memory it takes, or all that does not fit and what would make it fit.

    Exits with 1 if it fits none of the chips that were asked for.
    """
    names = sw.chips.NAMES if chip == ALL else (chip,)
    with fetching() as fetched:
        found = sw.compare.place_file(
            model,
            names,
            data,
            data_root,
            samples=samples,
            unsaid=unsaid(convention, dt, steps, encoder),
            fetching=fetched,
        )
    if as_json:
        typer.echo(json.dumps([{"fits": each.result.fits, **asdict(each)} for each in found], indent=1))
    else:
        for table in _tables(found):
            Console().print(table)
    if draw is not None:
        for picture in _drawn(found, draw):
            typer.echo(picture, err=as_json)
    if not any(each.result.fits for each in found):
        raise typer.Exit(1)


def _drawn(found: Sequence[sw.compare.PlacedFile], path: Path) -> Iterator[Path]:
    """Draw each placement into a file of its own, named after its chip where several chips were asked for."""
    for each in found:
        if isinstance(each.result, sw.placing.Placement):
            picture = path if len(found) == 1 else path.with_name(f"{path.stem}-{each.chip}{path.suffix}")
            sw.files.write_whole(picture, sw.placing.draw(each.result, sw.chips.load(each.chip)).encode())
            yield picture


def _tables(found: Sequence[sw.compare.PlacedFile]) -> list[Table]:
    fits = Table("fits", "cores", "neurons", "synapses", "energy in nJ", "accuracy", "in its arithmetic")
    unfit = Table("does not fit", "what is in the way, and the nearest change")
    for each in found:
        result = each.result
        if isinstance(result, sw.placing.Placement):
            energy = "" if result.energy_pj is None else f"{result.energy_pj / 1000:,.1f}"
            cores = f"{result.used_cores} of {result.cores}"
            fits.add_row(
                each.chip,
                cores,
                f"{result.neurons:,}",
                f"{result.synapses:,}",
                energy,
                _share(each.accuracy),
                _share(each.chip_accuracy),
            )
        else:
            unfit.add_row(each.chip, "\n".join(map(str, result.misfits)), end_section=True)
    return [table for table in (fits, unfit) if table.row_count]


def _share(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{accuracy:.4f}"
