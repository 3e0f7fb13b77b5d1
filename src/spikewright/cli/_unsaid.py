"""Options for what a NIR file of another library does not say, shared by all commands that open model files."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

import spikewright as sw


class Library(StrEnum):
    """Whose convention a NIR file follows."""

    EULER = "euler"
    NORSE = "norse"
    ROCKPOOL = "rockpool"
    SINABS = "sinabs"
    SNNTORCH = "snntorch"
    SPIKINGJELLY = "spikingjelly"

    @property
    def convention(self) -> sw.exchange.Convention:
        """The convention as an object."""
        match self:
            case Library.EULER:
                return sw.exchange.Euler()
            case Library.NORSE:
                return sw.exchange.NORSE
            case Library.ROCKPOOL:
                return sw.exchange.ROCKPOOL
            case Library.SINABS:
                return sw.exchange.SINABS
            case Library.SNNTORCH:
                return sw.exchange.SNNTORCH
            case Library.SPIKINGJELLY:
                return sw.exchange.SPIKINGJELLY


_PANEL = "For NIR files of other libraries"
Convention: TypeAlias = Annotated[
    Library | None,
    typer.Option("--convention", help="How the library steps its neurons.", rich_help_panel=_PANEL),
]
Dt: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--dt",
        metavar="SECONDS",
        help="Length of a step.",
        show_default="the convention's",
        rich_help_panel=_PANEL,
    ),
]
Steps: TypeAlias = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="Length of a run.", show_default="100", min=1, rich_help_panel=_PANEL),
]
Encoder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME:STEPS=N",
        help="How samples enter, with its parameters: Poisson:steps=100,max_rate=200. Instead of --steps.",
        show_default="a current, or the events of a recording",
        rich_help_panel=_PANEL,
    ),
]


def unsaid(convention: Library | None, dt: float | None, steps: int | None, encoder: str | None) -> sw.exchange.Unsaid:
    """Return what the options say; what is taken for granted all the same is told on standard error."""
    return sw.exchange.Unsaid(
        convention=None if convention is None else convention.convention,
        dt=dt,
        steps=steps,
        encoder=None if encoder is None else _encoder(encoder),
        tell=lambda text: typer.echo(f"spikewright: {text}", err=True),
    )


def _encoder(text: str) -> sw.coding.Encoder:
    """Return the encoder of a text such as ``Poisson:steps=100,max_rate=200``."""
    name, _, rest = text.partition(":")
    cls = getattr(sw.coding, name, None)
    if not (isinstance(cls, type) and issubclass(cls, sw.coding.Encoder)) or inspect.isabstract(cls):
        raise sw.checks.SpikewrightError(f"--encoder: {name!r} is none; name one as Poisson:steps=100,max_rate=200.")
    pairs = [pair.partition("=") for pair in rest.split(",") if pair]
    try:
        # Which fields there are, each encoder says itself.
        return cls(**{key.strip(): _number(value) for key, _, value in pairs})  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise sw.checks.SpikewrightError(f"--encoder: {text!r}: {error}") from error


def _number(text: str) -> bool | int | float:
    if text in ("true", "false"):
        return text == "true"
    return float(text) if set(text) & set(".e") else int(text)
