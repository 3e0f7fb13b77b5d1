"""The record store: one SQLite file, to which every cell is written as it ends.

The process that did the work writes the record, in one transaction that is on disk before it returns. So there is no
moment between the end of a cell and its record in which killing the worker or the comparison would lose it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from spikewright.checks import DataError, SpikewrightError
from spikewright.compare._cell import Planned
from spikewright.compare._record import Json, Record

FILE = "records.sqlite"
VERSION = 1
"""Raised by one whenever the tables or the fields of a record change."""

_APPLICATION = 0x53504B57
_SECONDS_TO_WAIT = 60.0
_TABLES = """
    CREATE TABLE IF NOT EXISTS cells (
        cell TEXT PRIMARY KEY, position INTEGER NOT NULL, planned INTEGER NOT NULL,
        method TEXT NOT NULL, asked_for INTEGER NOT NULL, twin TEXT
    );
    CREATE TABLE IF NOT EXISTS records (cell TEXT PRIMARY KEY, error TEXT, record TEXT NOT NULL);
"""
_PLAN = """
    INSERT INTO cells VALUES (:cell, :position, 1, :method, :asked_for, :twin)
    ON CONFLICT (cell) DO UPDATE SET
        position = excluded.position, planned = 1, twin = excluded.twin,
        method = CASE WHEN excluded.asked_for OR NOT asked_for THEN excluded.method ELSE method END,
        asked_for = asked_for OR excluded.asked_for
"""


@dataclass(frozen=True)
class Store:
    """The records of a comparison.

    Parameters
    ----------
    folder : Path
        Of the comparison. It must be one folder for all processes; the file is locked while it is written.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.folder / FILE

    def create(self) -> None:
        """Make the file and its tables, if they are not there.

        Raises
        ------
        SpikewrightError
            If the folder cannot be made, or the file is of another kind or version.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SpikewrightError(f"{self.folder}: cannot be made ({error.strerror}). Name another folder.") from error
        with self._connected(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
            self._check(connection)
            connection.execute("COMMIT")

    def plan(self, cells: list[Planned]) -> None:
        """Note the cells of a plan in their order; those of earlier plans stay, after them."""
        rows = [
            {
                "cell": planned.cell.identity,
                "position": position,
                "method": planned.method,
                "asked_for": planned.asked_for,
                "twin": planned.twin,
            }
            for position, planned in enumerate(cells)
        ]
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE cells SET position = position + ?, planned = 0", (len(cells),))
            connection.executemany(_PLAN, rows)
            connection.execute("COMMIT")

    def write(self, record: Record) -> None:
        """Write the record of a cell that ended; if there is one already, that one stays."""
        text = json.dumps(_plain(record.to_dict()), allow_nan=False)
        with self._connected() as connection:
            connection.execute(
                "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (cell) DO NOTHING", (record.cell, record.error, text)
            )

    def forget_failed(self) -> None:
        """Remove the records of cells that failed, so that they are done again."""
        with self._connected() as connection:
            connection.execute("DELETE FROM records WHERE error IS NOT NULL")

    def finished(self) -> frozenset[str]:
        """Return the cells that have a record."""
        with self._connected() as connection:
            return frozenset(row[0] for row in connection.execute("SELECT cell FROM records"))

    def succeeded(self) -> frozenset[str]:
        """Return the cells that have a record without an error."""
        with self._connected() as connection:
            return frozenset(row[0] for row in connection.execute("SELECT cell FROM records WHERE error IS NULL"))

    def find(self, cell: str) -> Record | None:
        """Return the record of a cell, or None."""
        with self._connected() as connection:
            row = connection.execute("SELECT record FROM records WHERE cell = ?", (cell,)).fetchone()
        return None if row is None else self._record(row[0])

    def counts(self) -> tuple[int, int, int]:
        """Return how many cells the last plan has, how many of them are finished, and how many of these failed."""
        with self._connected() as connection:
            row = connection.execute(
                "SELECT count(*), count(record), count(error) FROM cells LEFT JOIN records USING (cell) WHERE planned"
            ).fetchone()
        return row[0], row[1], row[2]

    def read(self) -> list[tuple[Record, bool, bool]]:
        """Return every record with its twin, whether its method was asked for, and whether the last plan has it."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT record, method, twin, asked_for, planned FROM cells JOIN records USING (cell) ORDER BY position"
            ).fetchall()
        found = [
            (replace(self._record(text), method=method, twin=twin), bool(asked_for), bool(planned))
            for text, method, twin, asked_for, planned in rows
        ]
        by_cell = {record.cell: record for record, _, _ in found}
        return [(_joined(record, by_cell), asked_for, planned) for record, asked_for, planned in found]

    def _record(self, text: str) -> Record:
        try:
            return Record.from_dict(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{self.path}: a record in it is damaged ({error}). Run the comparison in a new folder."
            ) from error

    @contextmanager
    def _connected(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        if not create and not self.path.exists():
            raise DataError(f"{self.path}: no comparison there. Run 'spikewright compare --out {self.folder}' first.")
        mode = "rwc" if create else "rw"
        try:
            # The default journal, not a write-ahead log, which needs memory that all processes share: this one also
            # works where a cluster shares a folder.
            with closing(
                sqlite3.connect(
                    f"{self.path.absolute().as_uri()}?mode={mode}",
                    uri=True,
                    timeout=_SECONDS_TO_WAIT,
                    isolation_level=None,
                )
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                if not create:
                    self._check(connection)
                yield connection
        except sqlite3.Error as error:
            raise DataError(
                f"{self.path}: not a readable record store ({error}). Name another folder, or move the file away."
            ) from error

    def _check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != _APPLICATION:
            raise DataError(f"{self.path}: a database, but no record store of spikewright. Name another folder.")
        if version != VERSION:
            raise DataError(
                f"{self.path}: a record store of version {version}; this spikewright reads version {VERSION}. "
                f"Install {'a later' if version > VERSION else 'an earlier'} spikewright, or name another folder."
            )


def _joined(record: Record, by_cell: dict[str, Record]) -> Record:
    twin = by_cell.get(record.twin or "")
    if twin is None:
        return record
    return replace(
        record,
        twin_accuracy=twin.accuracy,
        twin_multiply_accumulates=twin.multiply_accumulates,
        twin_energy_pj=twin.energy_pj,
    )


def _plain(value: Json) -> Json:
    """Return a value with None in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
