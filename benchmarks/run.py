"""Measure speed: ``python -m benchmarks.run [NAME ...]``; prints a table and merges the records into a file."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from benchmarks._case import Case
from benchmarks._outcome import Record, by_family
from benchmarks._peer import ROOT, environment, peers
from benchmarks._protocol import Protocol
from benchmarks._records import merge, reason
from benchmarks._table import show

RESULTS = ROOT / "results" / "bench.json"


def main() -> int:
    """Run what was asked for; the exit code is 1 where ours failed."""
    asked = arguments()
    failed = False
    for threads in asked.threads:
        protocol = Protocol(peers(), machine(threads), warm_ups=asked.warm_ups, runs=asked.runs)
        for bench, case in chosen(asked, threads):
            try:
                row = getattr(protocol, case.measured)(bench, case)
            except OSError as error:
                print(f"{bench.NAME}: {case.name}: {error}", file=sys.stderr)
                failed = True
                continue
            rows = [{**part, "why": reason(part)} for part in by_family(row)]
            merge(asked.out, rows, [known.name for known in bench.cases()])
            for part in rows:
                show(part)
            failed |= row["ours"] in row["failed"]
    return int(failed)


def chosen(asked: argparse.Namespace, threads: int) -> Iterator[tuple[ModuleType, Case]]:
    """Yield the cases that were asked for, of those that are measured with so many threads."""
    for bench in benches(asked.names):
        for case in bench.cases():
            if threads in case.threads and asked.case in case.name:
                yield bench, case


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["all"], help="benches, such as train-mlp; all if none is named")
    parser.add_argument("--case", default="", help="only cases whose name contains this")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--warm-ups", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def benches(names: Iterable[str]) -> list[ModuleType]:
    """Return the modules of the named benches, or of all."""
    files = sorted(Path(__file__).parent.joinpath("benches").glob("[!_]*.py"))
    known = {file.stem.replace("_", "-"): f"benchmarks.benches.{file.stem}" for file in files}
    wanted = list(known) if "all" in names else list(names)
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        sys.exit(f"There is no bench {unknown[0]!r}. Known: {', '.join(known)}.")
    return [importlib.import_module(known[name]) for name in wanted]


def machine(threads: int) -> Record:
    """Return what this machine can do with so many threads."""
    command = [sys.executable, "-m", "benchmarks.machine", str(threads)]
    done = subprocess.run(command, cwd=ROOT, env=environment("", threads), check=True, capture_output=True, text=True)
    found: Record = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
