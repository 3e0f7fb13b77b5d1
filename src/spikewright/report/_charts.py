"""The plots of the page, as Vega-Lite specifications, each with the table of what it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from spikewright.compare import Mean, Summary
from spikewright.report._format import count, energy, percent
from spikewright.report._ranking import pareto_front

# Okabe and Ito's colours, told apart without colour vision together with the shapes below; black and white are left out
# because one of them is the paper.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7A00", "#7F7F7F")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")

# A chart's specification is JSON.
Json = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A plot and its table.

    Parameters
    ----------
    name : str
        For the page's anchors.
    title, meaning : str
        Heading, and a sentence on how to read it.
    spec : dict
        Vega-Lite.
    head : tuple of str
        Headings of the table.
    body : tuple of tuple of str
        Its rows.
    folded : bool
        Whether the page shows it only when asked.
    """

    name: str
    title: str
    meaning: str
    spec: Json
    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    folded: bool = False


def charts(rows: Sequence[Summary]) -> list[Chart]:
    """Return all plots of one data set's rows; of the energy models only the first is not folded."""
    models = dict.fromkeys(name for row in rows for name in row.energy_pj)
    drawn = [
        _against(rows, f"energy-{model}", f"energy under {model} in pJ", _energy_under(model), energy)
        for model in models
    ]
    drawn = [replace(chart, folded=number > 0) for number, chart in enumerate(drawn)]
    drawn.append(_against(rows, "operations", "synaptic operations and multiplications", operations, count))
    return [*drawn, _over_time(rows), _per_layer(rows)]


def operations(row: Summary) -> Mean | None:
    """Return synaptic operations and multiply-accumulates together."""
    if row.synaptic_operations is None or row.multiply_accumulates is None:
        return None
    return Mean(row.synaptic_operations.value + row.multiply_accumulates.value, None)


def _energy_under(model: str) -> Callable[[Summary], Mean | None]:
    return lambda row: row.energy_pj.get(model)


def _against(
    rows: Sequence[Summary],
    name: str,
    axis: str,
    cost: Callable[[Summary], Mean | None],
    write: Callable[[float | None], str],
) -> Chart:
    """Accuracy against a cost, with the front of what no method beats."""
    front = [row.method for row in pareto_front(rows, cost)]
    drawn = [(row, row.accuracy, mean) for row in rows if row.accuracy is not None and (mean := cost(row)) is not None]
    values = [
        {
            "method": row.method,
            "cost": mean.value,
            "accuracy": 100 * accuracy.value,
            "low": 100 * (accuracy.value - (accuracy.ci95 or 0)),
            "high": 100 * min(1.0, accuracy.value + (accuracy.ci95 or 0)),
            "front": row.method in front,
        }
        for row, accuracy, mean in drawn
    ]
    base = _chart(values)
    x = alt.X(
        "cost:Q",
        title=axis,
        axis=alt.Axis(format="~s", grid=False),
        scale=alt.Scale(type="log", nice=False, padding=25),
    )
    y = alt.Y("accuracy:Q", title="test accuracy in %", scale=alt.Scale(zero=False, nice=False, padding=12))
    line = base.transform_filter("datum.front").mark_line(interpolate="step-after", strokeDash=[4, 3], color="#888888")
    bars = base.mark_rule().encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=_colour(rows))
    points = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x, y=y, color=_colour(rows), shape=_shape(rows), tooltip=["method:N", "accuracy:Q", "cost:Q"]
    )
    return Chart(
        name=name,
        title=f"Accuracy against {axis}",
        meaning="Up and to the left is better. The dashed line joins the methods that no other beats in both.",
        spec=_finished(line.encode(x=x, y=y) + bars + points),
        head=("method", "accuracy %", axis, "on the front"),
        body=tuple(
            (row.method, percent(accuracy), write(mean.value), "yes" if row.method in front else "")
            for row, accuracy, mean in drawn
        ),
    )


def _over_time(rows: Sequence[Summary]) -> Chart:
    """Accuracy against the length of the run."""
    curves = {row.method: curve for row in rows if (curve := _first_curve(row))}
    values = [
        {"method": method, "step": step, "accuracy": 100 * accuracy}
        for method, curve in curves.items()
        for step, accuracy in enumerate(curve, start=1)
    ]
    line = (
        _chart(values)
        .mark_line(point=alt.OverlayMarkDef(size=30))
        .encode(
            x=alt.X("step:Q", title="time step", scale=alt.Scale(type="log", nice=False)),
            y=alt.Y("accuracy:Q", title="test accuracy in %"),
            color=_colour(rows),
            shape=_shape(rows),
            tooltip=["method:N", "step:Q", "accuracy:Q"],
        )
    )
    marks = (0.1, 0.25, 0.5, 0.75, 1.0)
    return Chart(
        name="latency",
        title="Accuracy against latency",
        meaning="Accuracy that a run would have if it ended after each step (first seed).",
        spec=_finished(line),
        head=("method", "steps", *(f"after {100 * mark:.0f} % of them" for mark in marks)),
        body=tuple(
            (method, str(len(curve)), *(f"{100 * curve[max(0, round(mark * len(curve)) - 1)]:.2f}" for mark in marks))
            for method, curve in curves.items()
        ),
    )


def _per_layer(rows: Sequence[Summary]) -> Chart:
    """Mean spikes of a neuron in each layer."""
    entries = [
        (row.method, layer, spikes, record.neurons_per_layer[layer])
        for row in rows
        for record in row.records[:1]
        if record.spikes_per_layer and record.neurons_per_layer
        for layer, spikes in record.spikes_per_layer.items()
    ]
    values = [
        {"method": method, "layer": f"{method}: {layer}", "rate": spikes / neurons}
        for method, layer, spikes, neurons in entries
    ]
    bars = (
        _chart(values)
        .mark_bar()
        .encode(
            x=alt.X("rate:Q", title="spikes a neuron and inference"),
            y=alt.Y("layer:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)),
            color=_colour(rows),
            tooltip=["layer:N", "rate:Q"],
        )
    )
    return Chart(
        name="spikes",
        title="Spikes in each layer",
        meaning="Mean over neurons and test samples (first seed); the fewer, the more an event-driven chip gains.",
        spec=_finished(bars),
        head=("method", "layer", "spikes", "neurons", "spikes a neuron"),
        body=tuple(
            (method, layer, count(spikes), str(neurons), f"{spikes / neurons:.3g}")
            for method, layer, spikes, neurons in entries
        ),
    )


def _first_curve(row: Summary) -> list[float] | None:
    return next((record.accuracy_over_time for record in row.records if record.accuracy_over_time), None)


def _colour(rows: Sequence[Summary]) -> alt.Color:
    methods = [row.method for row in rows]
    span = [COLOURS[number % len(COLOURS)] for number in range(len(methods))]
    return alt.Color(
        "method:N",
        scale=alt.Scale(domain=methods, range=span),
        legend=alt.Legend(title=None, orient="bottom", columns=2, labelFontSize=12, labelLimit=260),
    )


def _shape(rows: Sequence[Summary]) -> alt.Shape:
    methods = [row.method for row in rows]
    span = [SHAPES[number % len(SHAPES)] for number in range(len(methods))]
    return alt.Shape("method:N", scale=alt.Scale(domain=methods, range=span))


def _chart(values: list[Json]) -> alt.Chart:
    return alt.Chart.from_dict({"data": {"values": values}, "mark": "point"})


def _finished(chart: alt.Chart | alt.LayerChart) -> Json:
    sized = chart.properties(width="container", height=320, background="transparent")
    spec: Json = (
        sized.configure(font="system-ui, sans-serif")
        .configure_axis(labelFontSize=12, titleFontSize=13, gridOpacity=0.25)
        .to_dict()
    )
    return spec
