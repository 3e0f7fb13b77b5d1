"""The file of records, ``results/bench.json``: one object for each bench, case and number of threads."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks._outcome import Record
from spikewright.files import write_whole

REASONS = Path(__file__).with_name("why.toml")


def read(path: Path) -> list[Record]:
    """Return the records of a file, none if it does not exist."""
    return json.loads(path.read_text()) if path.exists() else []


def merge(path: Path, new: Sequence[Record], known: Collection[str]) -> None:
    """Write the records of one measurement in place of those of the same bench, case and threads.

    Parameters
    ----------
    new : sequence of Record
        All of the same bench, case and threads.
    known : collection of str
        All cases of the bench; records of cases that it has no more are dropped.
    """
    rows = [
        old
        for old in read(path)
        if identity(old) != identity(new[0]) and (old["bench"] != new[0]["bench"] or case_of(old) in known)
    ]
    rows = sorted([*rows, *new], key=lambda old: (old["bench"], old["threads"]))
    write_whole(path, (json.dumps(rows, indent=1) + "\n").encode())


def identity(row: Record) -> tuple[str, str, int]:
    """Return what was measured; the records of one measurement are written together."""
    return row["bench"], case_of(row), row["threads"]


def case_of(row: Record) -> str:
    """Return the name of a record's case, without the family that it is over."""
    return str(row["case"]).partition(", over ")[0]


def reason(row: Record, path: Path = REASONS) -> str | None:
    """Return why a record falls short of its goals, from ``why.toml``; ``None`` if it does not or no one has said why.

    The file lists ``bench``, ``case`` (a part of its name; all cases if left out), ``threads`` (all if left out) and
    ``why``; the first that fits is taken.
    """
    if row["met"]:
        return None
    for entry in tomllib.loads(path.read_text()).get("short", []):
        if (
            entry["bench"] == row["bench"]
            and entry.get("case", "") in row["case"]
            and entry.get("threads", row["threads"]) == row["threads"]
        ):
            return str(entry["why"])
    return None
