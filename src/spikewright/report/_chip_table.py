"""Which chips hold the networks of a comparison, and why others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spikewright.compare import ChipVerdict, Summary
from spikewright.report._format import NOTHING

FITS, NOT = "✓", "✗"


@dataclass(frozen=True)
class ChipCell:
    """One method on one chip.

    Parameters
    ----------
    kind : str
        ``"fits"``, ``"unfit"``, ``"partly"`` where only some seeds fit, or ``"unknown"``.
    text : str
        A sign, with the cores that are used.
    meaning : str
        The same in words.
    cores : int or None
        To sort by; the most of all seeds.
    """

    kind: str
    text: str
    meaning: str
    cores: int | None


@dataclass(frozen=True)
class ChipTable:
    """All methods on one data set.

    Parameters
    ----------
    chips : tuple of str
        Names of the chips.
    lines : tuple of (str, tuple of ChipCell)
        For each method a cell a chip.
    reasons : tuple of (str, tuple of (str, str))
        For each method what is first in the way, each with the chips that do not hold it therefore.
    """

    chips: tuple[str, ...]
    lines: tuple[tuple[str, tuple[ChipCell, ...]], ...]
    reasons: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def chip_table(rows: Sequence[Summary]) -> ChipTable | None:
    """Return the table of one data set's rows; None if no record says anything of chips, as old ones do not."""
    known = [(row.method, _by_chip(row)) for row in rows]
    chips = tuple(dict.fromkeys(chip for _, found in known for chip in found))
    if not chips:
        return None
    lines = tuple((method, tuple(_cell(chip, found.get(chip, [])) for chip in chips)) for method, found in known)
    reasons = tuple((method, tuple(_reasons(found))) for method, found in known)
    return ChipTable(chips, lines, tuple(entry for entry in reasons if entry[1]))


def _by_chip(row: Summary) -> dict[str, list[ChipVerdict]]:
    """Return the verdicts of all seeds by the name of the chip."""
    found: dict[str, list[ChipVerdict]] = {}
    for record in row.records:
        for chip, verdict in (record.chips or {}).items():
            found.setdefault(chip, []).append(verdict)
    return found


def _cell(chip: str, verdicts: Sequence[ChipVerdict]) -> ChipCell:
    if not verdicts:
        return ChipCell("unknown", NOTHING, f"{chip}: not worked out", None)
    cores = [verdict.cores for verdict in verdicts if verdict.cores is not None]
    if not cores:
        return ChipCell("unfit", NOT, f"{chip}: {_reason(verdicts[0])}", None)
    low, high = min(cores), max(cores)
    used = f"{low}" if low == high else f"{low} to {high}"
    told = f"{chip}: {used} of {verdicts[0].available} cores"
    if len(cores) == len(verdicts):
        return ChipCell("fits", f"{FITS} {used}", told, high)
    return ChipCell("partly", f"{FITS}{NOT} {used}", f"{told}, in {len(cores)} of {len(verdicts)} seeds", high)


def _reasons(found: dict[str, list[ChipVerdict]]) -> Iterator[tuple[str, str]]:
    chips: dict[str, list[str]] = {}
    for chip, verdicts in found.items():
        failed = [verdict for verdict in verdicts if verdict.cores is None]
        if failed:
            chips.setdefault(failed[0].reason, []).append(chip)
    return ((reason, ", ".join(names)) for reason, names in chips.items())


def _reason(verdict: ChipVerdict) -> str:
    return f"{verdict.reason} And {verdict.others} more." if verdict.others else verdict.reason
