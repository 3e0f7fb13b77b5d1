"""Write ``docs/results.md`` from the records in ``results/``, each beside the published figure."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
PAGE = Path(__file__).with_name("results.md")
NOT_RECORDS = {"bench.json"}

HEAD = """\
# Results

Written by `make results` from the records in `results/`, which `spikewright records DIR --json` printed after
`spikewright compare`. Test accuracy is that of the whole official test part, read once after training; rounds and
settings were chosen on a validation part split off the training part. "Goal" is what this project set itself before the
run. Published figures are those that the review (Tavanaei et al. 2019, Table I) reports, with its row. Training times
were mostly taken while other work ran on the same two cores, so they are upper bounds.

"""

COLUMNS = (
    "method",
    "settings that differ from the defaults of the data",
    "seed",
    "test %",
    "validation %",
    "goal %",
    "published %",
    "ANN of its shape %",
    "steps to decide (of)",
    "syn. ops",
    "MACs",
    "training",
    "the method's own figures",
)


def main() -> None:
    """Read, arrange, write."""
    entries = tomllib.loads((RESULTS / "published.toml").read_text())["entry"]
    records = [record for path in files() for record in json.loads(path.read_text())]
    accuracies = {record["cell"]: record["accuracy"] for record in records}
    text = [HEAD]
    for data in dict.fromkeys(record["data"] for record in records):
        text += [f"## {data}\n", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
        text += [row(record, entries, accuracies) for record in records if record["data"] == data]
        text.append("")
    text.append(made(records))
    PAGE.write_text("\n".join(text))


def files() -> list[Path]:
    """Return the files of records."""
    return sorted(path for path in RESULTS.glob("*.json") if path.name not in NOT_RECORDS)


def row(record: dict[str, Any], entries: list[dict[str, Any]], accuracies: dict[str, float]) -> str:
    """Return one line of the table; ``accuracies`` are those of all cells, among them the twin's."""
    name, _, changed = record["method"].partition(":")
    beside = next((entry for entry in entries if fits(entry, record, name)), {})
    cells = (
        f"[{name}](methods/{name}.md)",
        changed.replace(",", ", "),
        record["seed"],
        percent(record["accuracy"]),
        percent(record["validation_accuracy"]),
        percent(beside.get("goal")),
        beside.get("published", ""),
        percent(accuracies.get(record["twin"])),
        f"{record['latency_steps']:.1f} ({record['steps']})",
        thousands(record["synaptic_operations"]),
        thousands(record["multiply_accumulates"]),
        f"{record['train_seconds']:.0f} s",
        own_figures(record["history"]),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def own_figures(history: list[dict[str, float]]) -> str:
    """Return what the method reported of its best round, besides loss and accuracy."""
    best = max(history, key=lambda entry: entry.get("validation_accuracy", 0.0))
    known = {"round", "rounds", "seconds", "loss", "validation_accuracy"}
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in best.items() if name not in known)


def fits(entry: dict[str, Any], record: dict[str, Any], name: str) -> bool:
    """Return whether a published figure belongs to a record."""
    settings = entry.get("settings", {})
    return (
        entry["learner"] == name
        and entry["data"] == record["data"]
        and all(record["settings"].get(key) == value for key, value in settings.items())
    )


def made(records: list[dict[str, Any]]) -> str:
    """Say where, when and with what the records were made."""
    machines = sorted({f"{r['machine'].get('processor')}, one thread a cell" for r in records})
    dates = sorted(record["date"][:10] for record in records)
    versions = sorted({f"{name} {version}" for record in records for name, version in record["versions"].items()})
    return f"Made from {dates[0]} to {dates[-1]} on {'; '.join(machines)}; {', '.join(versions)}.\n"


def percent(value: float | None) -> str:
    """Write a fraction as a percentage."""
    return "" if value is None else f"{100 * value:.2f}"


def thousands(value: float | None) -> str:
    """Write a count in thousands."""
    return "" if value is None else f"{value / 1000:,.0f} k"


if __name__ == "__main__":
    main()
