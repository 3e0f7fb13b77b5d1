"""The page: one HTML file that needs no network, from records only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import jinja2
import vl_convert
from latex2mathml.converter import convert as mathml
from markupsafe import Markup

from spikewright.checks import DataError
from spikewright.compare import Record, Summary, summarise
from spikewright.cost import ENERGY_MODELS
from spikewright.report._break_even import Standing, standings
from spikewright.report._charts import Chart, charts
from spikewright.report._chip_table import ChipTable, chip_table
from spikewright.report._columns import Column, columns
from spikewright.report._drawings import class_name, picture, rasters
from spikewright.report._findings import findings
from spikewright.report._format import seconds
from spikewright.report._ranking import ranked
from spikewright.report._training_costs import QUANTITIES, training_lines


@dataclass(frozen=True)
class Section:
    """All of one data set."""

    data: str
    rows: list[Summary]
    columns: tuple[Column, ...]
    findings: list[str]
    charts: list[Chart]
    standings: list[Standing]
    training: list[tuple[str, ...]]
    chips: ChipTable | None


def render(records: Sequence[Record]) -> str:
    """Return the page of a comparison.

    A pure function of the records: no clock, no network, and the same text for the same records.

    Parameters
    ----------
    records : sequence of Record
        All cells; those that failed are listed with their errors.

    Returns
    -------
    str
        A whole HTML document.

    Raises
    ------
    DataError
        If there are no records.
    """
    if not records:
        raise DataError("report: there are no records yet; run a comparison first.")
    rows = ranked(summarise(records))
    sections = [
        _section(name, [row for row in rows if row.data == name]) for name in dict.fromkeys(r.data for r in rows)
    ]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("spikewright.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"class_name": class_name, "seconds": seconds}
    environment.filters |= {"equation": _equation, "picture": _picture, "rasters": _rasters}
    return environment.get_template("page.html.j2").render(
        sections=sections,
        failures=[record for record in records if record.error is not None],
        cards={record.learner: record for record in records if record.card},
        energy_models=ENERGY_MODELS,
        quantities=QUANTITIES,
        newest=max(records, key=lambda record: record.date),
        seeds=sorted({record.seed for record in records}),
        vega=Markup(vl_convert.javascript_bundle(None).replace("</script", "<\\/script")),  # type: ignore[arg-type] # its stub
        specs=_json({f"{s.data}-{chart.name}": chart.spec for s in sections for chart in s.charts}),
        style=_asset("page.css"),
        script=_asset("page.js"),
    )


def _section(data: str, rows: list[Summary]) -> Section:
    model = next((name for row in rows for name in row.energy_pj), "")
    shown = tuple(column for column in columns(model) if column.title != "data")
    parts = findings(rows), charts(rows), standings(rows), training_lines(rows), chip_table(rows)
    return Section(data, rows, shown, *parts)


def _asset(name: str) -> Markup:
    return Markup(files("spikewright.report").joinpath("page", name).read_text("utf-8"))  # our own file


def _json(value: object) -> Markup:
    """Write JSON that cannot end the script element it stands in."""
    return Markup(json.dumps(value, sort_keys=True).replace("<", "\\u003c"))  # escaped here


def _equation(latex: str) -> Markup:
    return Markup(mathml(latex, display="block"))  # MathML made from a card of ours


def _picture(record: Record, index: int) -> Markup:
    view = (record.samples or [])[index]
    return Markup(picture(view, class_name(record, view.label)))  # escaped where it is made


def _rasters(record: Record, index: int) -> list[tuple[str, Markup]]:
    view = (record.samples or [])[index]
    return [(title, Markup(svg)) for title, svg in rasters(view, record)]  # escaped where it is made
