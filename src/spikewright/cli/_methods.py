"""``spikewright methods``: what there is, with cards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import spikewright as sw
from spikewright.cli._options import examples

EXAMPLES = examples("spikewright methods", "spikewright methods SurrogateGradient")


def methods(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them.", show_default=False)] = None,
) -> None:
    """List the methods, or show the card and the parameters of one."""
    Console().print(_list() if name is None else _card(sw.compare.Method(name)))


def _list() -> Table:
    table = Table("method", "family", "year", "how it learns")
    for cls in sw.compare.methods():
        table.add_row(cls.__name__, cls.card.family, str(cls.card.year), cls.card.summary)
    return table


def _card(method: sw.compare.Method) -> Table:
    cls = method.learner_class()
    table = Table("", cls.__name__, show_header=True)
    for name, value in asdict(cls.card).items():
        table.add_row(name.replace("_", " "), {True: "yes", False: "no"}.get(value, str(value)))
    table.add_section()
    for name, value in cls().get_params(deep=False).items():
        table.add_row(name, str(value))
    return table
