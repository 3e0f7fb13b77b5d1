"""Write ``docs/performance.md`` and its roofline from the records in ``results/bench.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

RECORDS = Path(__file__).parents[1] / "results" / "bench.json"
PAGE = Path(__file__).with_name("performance.md")
ROOFLINE = Path(__file__).parent / "images" / "roofline.svg"
Record = dict[str, Any]

HEAD = """\
# Performance

Written by `make results` from the records of `make bench` in `results/bench.json`; how it is measured stands in
`benchmarks/README.md`. Every figure is the median of runs in turn within one run on one machine. A peer's time stands
here only if its spikes are those of the reference: at most one in 10,000 differs in float32, where sums in another
order change ties, and one in 20 with bfloat16, which rounds the charges. What stands in brackets is no rival: the
artificial network of the same shape, `torch.compile`, and runs that differ in what the C library does with freed
memory: ours keep it, as every fit does and `spikewright.fitting.keep_freed_memory()` does in a loop of one's own; peers
run as a user gets them, and, in brackets, with the same told to the C library from outside.

"""

SCALES = {
    "seconds": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "bytes": ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
}


def main() -> None:
    """Read, arrange, write."""
    rows = json.loads(RECORDS.read_text())
    text = [HEAD]
    points = [point for row in rows for point in points_of(row)]
    if points:
        ROOFLINE.write_text(vl_convert.vegalite_to_svg(roofline(points, [row["machine"] for row in rows]).to_json()))
        text += ["## Roofline\n", ROOFLINE_WORDS, f"![Roofline](images/{ROOFLINE.name})\n"]
    text += ["## All benches\n", *summary(rows), ""]
    for bench in dict.fromkeys(row["bench"] for row in rows):
        text += [f"## {bench}\n"]
        for row in rows:
            if row["bench"] == bench:
                text += case(row)
    text += ["## Slow cases\n", *slow(rows), "", "## Machine and versions\n", *made(rows), ""]
    PAGE.write_text("\n".join(text))


ROOFLINE_WORDS = """\
Operations per second against operations per byte, both counted on paper: the bytes that the work itself must move, not
those that a program does. The lines are what the machine was measured to do. Products of spikes are counted as dense,
so what uses that most are 0 can lie above its line.
"""


def summary(rows: Iterable[Record]) -> list[str]:
    """Return one line for each record."""
    lines = [
        "| bench | case | threads | ours | fastest peer | ratio | goals | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        unit = quantity(row)
        peers = row[f"peers_{unit}"]
        fastest = min(peers, key=peers.get) if peers else ""
        cells = (
            row["bench"],
            row["case"],
            row["threads"],
            written(row[f"ours_{unit}"], unit),
            f"{fastest}: {written(peers[fastest], unit)}" if fastest else "",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            "; ".join(goal(each) for each in row["goals"]),
            "yes" if row["met"] else "**no**",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def case(row: Record) -> list[str]:
    """Return the table of one record."""
    unit = quantity(row)
    own = row[f"ours_{unit}"]
    lines = [f"### {row['case']}, {threads(row)}\n", "| who | median | quartiles | over ours | spikes that differ |"]
    lines.append("|---|---|---|---|---|")
    differ = {**row["peers_spikes_differ"], row["ours"]: row["spikes_differ"]}
    beside = row[f"beside_{unit}"]
    for name, value in {row["ours"]: own, **row[f"peers_{unit}"], **beside}.items():
        spread = " to ".join(written(bound, unit) for bound in row["quartiles"].get(name, []))
        fraction = differ.get(name)
        cells = (
            f"({name})" if name in beside else name,
            written(value, unit),
            spread,
            f"{value / own:.2f}" if own and value else "",
            "" if fraction is None else f"{fraction:.2g}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += [f"\nNot measured: {name}: {error}" for name, error in row["failed"].items()]
    if row["bandwidth_share"] is not None:
        lines.append(f"\nOurs moves {row['bandwidth_share']:.0%} of what the memory's bandwidth allows.")
    if row["random_share"] is not None:
        lines.append(f"\nIt fetches {row['random_share']:.0%} of the lines that the memory gives in no order.")
    lines += [f"\n{value:.3g} {name} a second." for name, value in row["per_second"].items()]
    return [*lines, ""]


def slow(rows: Iterable[Record]) -> list[str]:
    """Return what falls short of its goals, and why."""
    short = [row for row in rows if not row["met"]]
    if not short:
        return ["None: all goals are met."]
    lines = ["| bench | case | threads | goals | why |", "|---|---|---|---|---|"]
    for row in short:
        missed = "; ".join(goal(each) for each in row["goals"] if not each["met"])
        cells = row["bench"], row["case"], row["threads"], missed, row["why"] or "not explained yet"
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def made(rows: Iterable[Record]) -> list[str]:
    """Say where, when and with what."""
    rows = list(rows)
    lines = ["| processor | threads | triad GB/s | first touch GB/s | float32 GFLOP/s | bfloat16 GFLOP/s |"]
    lines.append("|---|---|---|---|---|---|")
    keys = ("triad_bytes_per_second", "first_touch_bytes_per_second", "float32_flops", "bfloat16_flops")
    newest = {row["machine"]["threads"]: row["machine"] for row in sorted(rows, key=lambda row: row["date"])}
    for count, machine in sorted(newest.items()):
        figures = " | ".join(f"{machine[key] / 1e9:.1f}" for key in keys)
        lines.append(f"| {machine['processor']} | {count} of {machine['processors']} | {figures} |")
    versions = {
        f"{name} {version}" for row in rows for found in row["versions"].values() for name, version in found.items()
    }
    dates = sorted(row["date"][:10] for row in rows)
    system = rows[-1]["machine"]["system"]
    return [*lines, "", f"From {dates[0]} to {dates[-1]} on {system}; {', '.join(sorted(versions, key=str.lower))}."]


def points_of(row: Record) -> list[Record]:
    """Return ours and the fastest peer as points of the roofline."""
    if not row["operations"] or not row.get("ours_seconds"):
        return []
    about = {
        "bench": f"{row['bench']}, {threads(row)}",
        "operations per byte": row["operations"] / row["bytes_moved"],
    }
    seconds = {"Spikewright": row["ours_seconds"]}
    if row["peers_seconds"]:
        seconds["fastest peer"] = min(row["peers_seconds"].values())
    return [{**about, "who": who, "GFLOP/s": row["operations"] / value / 1e9} for who, value in seconds.items()]


def roofline(points: list[Record], machines: list[Record]) -> alt.LayerChart:
    """Return the chart: a roof for each number of threads and each precision, and the points below it."""
    left, right = 0.3, 3 * max(point["operations per byte"] for point in points)
    newest = {machine["threads"]: machine for machine in machines}
    roofs = [
        {
            "roof": f"{precision.removesuffix('_flops')}, {count} thread{'s' * (count > 1)}",
            "operations per byte": x,
            "GFLOP/s": min(machine["triad_bytes_per_second"] * x, machine[precision]) / 1e9,
        }
        for count, machine in newest.items()
        for precision in ("float32_flops", "bfloat16_flops")
        for x in (left, machine[precision] / machine["triad_bytes_per_second"], right)
    ]
    x = alt.X("operations per byte:Q", scale=alt.Scale(type="log", domain=[left, right], nice=False))
    y = alt.Y("GFLOP/s:Q", scale=alt.Scale(type="log"))
    lines = alt.Chart(alt.Data(values=roofs)).mark_line(color="#888").encode(x, y, strokeDash="roof:N")
    marks = (
        alt.Chart(alt.Data(values=points))
        .mark_point(filled=True, size=70, opacity=0.8)
        .encode(x, y, color="bench:N", shape="who:N")
    )
    return (lines + marks).properties(width=560, height=360).resolve_scale(color="independent")


def quantity(row: Record) -> str:
    """Return what a record counts: ``"seconds"`` or ``"bytes"``."""
    return "bytes" if "ours_bytes" in row else "seconds"


def threads(row: Record) -> str:
    """Return the number of threads in words."""
    return f"{row['threads']} thread{'s' * (row['threads'] > 1)}"


def goal(each: Record) -> str:
    """Return what was reached and asked."""
    reached = "not measured" if each["ratio"] is None else f"{each['ratio']:.2f}"
    return f"{reached} of {each['at_least']:g} over {each['over']}"


def written(value: float | None, unit: str) -> str:
    """Return a figure with the unit that suits it."""
    if value is None:
        return "failed"
    scale, name = next((entry for entry in SCALES[unit] if value >= entry[0]), SCALES[unit][-1])
    return f"{value / scale:.3g} {name}"


if __name__ == "__main__":
    main()
