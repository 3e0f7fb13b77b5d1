"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Data: TypeAlias = Annotated[
    str,
    typer.Option("--data", metavar="DATA", help="Name of a data set, or path of your own. See: spikewright data list"),
]
DataRoot: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data-root", metavar="DIR", help="Where data sets are; without it SPIKEWRIGHT_DATA, then a cache."),
]
Budget: TypeAlias = Annotated[
    float | None, typer.Option("--budget", metavar="SECONDS", help="Training time after which no further round starts.")
]
ModelOut: TypeAlias = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", dir_okay=False, help="The model file, such as model.safetensors."),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only, no progress.")]


def examples(*lines: str) -> str:
    """Return the text that stands under the help of a command."""
    return "\n\n".join(["Examples:", *(f"  {line}" for line in lines)])
