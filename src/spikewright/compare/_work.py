"""The work on one cell, in whatever process or thread it is done."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from spikewright.checks import DataError
from spikewright.compare._cell import Cell, Planned
from spikewright.compare._claim import SUFFIX, Claim, Running, claimed
from spikewright.compare._environment import machine, peak_memory_bytes, use_one_thread, versions
from spikewright.compare._evaluate import evaluate
from spikewright.compare._fit import fit, outputs, save_fitted
from spikewright.compare._parent import end_with
from spikewright.compare._record import Json, Record
from spikewright.compare._store import Store
from spikewright.data import Dataset, load
from spikewright.files import remove_halves
from spikewright.learners import Learner, Progress

_SECONDS_BETWEEN_TELLING = 0.2
_LONGEST_ERROR = 500


@dataclass(frozen=True)
class Work:
    """A cell of a plan, and where its results go.

    Parameters
    ----------
    planned : Planned
        The cell.
    folder : Path
        Of the comparison: ``records.sqlite``, ``models/`` and ``checkpoints/``.
    root : Path or None
        Folder of the data files.
    parent : int or None
        Process that runs the comparison, if those that do the work are its children.
    """

    planned: Planned
    folder: Path
    root: Path | None
    parent: int | None

    @property
    def cell(self) -> Cell:
        """What is to be done."""
        return self.planned.cell

    @property
    def store(self) -> Store:
        """Where the record goes."""
        return Store(self.folder)

    @property
    def claim(self) -> Path:
        """The file whose lock says that somebody is at it."""
        return self.folder / "checkpoints" / f"{self.cell.identity}{SUFFIX}"

    @property
    def checkpoint(self) -> Path:
        """The unfinished fit."""
        return self.folder / "checkpoints" / f"{self.cell.identity}.safetensors"

    @property
    def model(self) -> Path:
        """The network, relative to the folder."""
        return Path("models") / f"{self.cell.identity}.safetensors"

    def claimed(self) -> AbstractContextManager[Claim]:
        """Hold the cell within a block."""
        return claimed(self.claim)

    def tidy(self, *, failed: bool = False) -> None:
        """Remove what an unfinished fit leaves; if it failed, all but the checkpoint, from which a retry goes on."""
        for path in (self.checkpoint, self.folder / self.model):
            remove_halves(path)
        if not failed:
            self.checkpoint.unlink(missing_ok=True)


def perform(work: Work) -> Record:
    """Do a cell, unless it is done; write its record before returning it. An error becomes the record's.

    A fit that was stopped goes on from its checkpoint. Nothing that a method raises leaves this function; that the
    process is told to stop does.
    """
    if work.parent is not None:
        end_with(work.parent)
    use_one_thread()
    started = time.perf_counter()
    with work.claimed() as claim:
        known = work.store.find(work.cell.identity)
        if known is not None:
            return known
        try:
            record = _record(work, started, **_results(work, claim))
        except Exception as error:  # noqa: BLE001 - whatever one method does wrong must not end the others
            record = failure(work, _one_line(error), traceback.format_exc(), started)
        work.store.write(record)
        work.tidy(failed=record.error is not None)
    return record


def failure(work: Work, error: str, trace: str | None = None, started: float | None = None) -> Record:
    """Return the record of a cell that failed."""
    return _record(work, time.perf_counter() if started is None else started, error=error, traceback=trace)


def _results(work: Work, claim: Claim) -> dict[str, Json]:
    cell = work.cell
    data = load(cell.data.name, root=work.root)
    digests = _checked(data, cell)
    learner = cell.learner()
    fit(learner, data, checkpoint=work.checkpoint, budget=cell.budget, callback=_teller(work, claim))
    save_fitted(learner, data, work.folder / work.model, method=work.planned.method, cell=cell.identity, seed=cell.seed)
    test = data.read_test()
    return {
        **vars(evaluate(learner.network_, test, outputs(learner), len(data.classes))),
        "digests": {**digests, "test": test.digest()},
        "validation_accuracy": learner.validation_accuracy_,
        "history": [_flat(progress) for progress in learner.history_],
        "train_seconds": learner.train_seconds_,
        "train_samples": learner.train_samples_,
        "train_synaptic_operations": learner.train_cost_.synaptic_operations,
        "train_cost": asdict(learner.train_cost_),
        "model": str(work.model),
    }


def _checked(data: Dataset, cell: Cell) -> dict[str, str]:
    """Return the hashes of the data, which must be those that the comparison was planned with."""
    digests = data.digests()
    if digests != dict(cell.data.digests):
        raise DataError(f"{data.name}: the data have changed since the comparison was planned. Run it again.")
    return digests


def _teller(work: Work, claim: Claim) -> Callable[[Progress], None]:
    """Return a callback that tells how far the fit is, not too often."""
    cell, planned = work.cell, work.planned
    next_time = 0.0

    def tell(progress: Progress) -> None:
        nonlocal next_time
        if time.monotonic() >= next_time:
            claim.tell(
                Running(cell.identity, planned.method, cell.data.name, cell.seed, progress.round, progress.rounds)
            )
            next_time = time.monotonic() + _SECONDS_BETWEEN_TELLING

    return tell


# The results are JSON, whose type in Python is Any.
def _record(work: Work, started: float, **results: Json) -> Record:
    cell = work.cell
    cls: type[Learner] = cell.method.learner_class()
    known: dict[str, Json] = {
        "cell": cell.identity,
        "method": work.planned.method,
        "learner": cell.method.name,
        "settings": cell.settings,
        "card": asdict(cls.card),
        "family": cls.card.family,
        "data": cell.data.name,
        "classes": list(cell.data.classes),
        "digests": dict(cell.data.digests),
        "seed": cell.seed,
        "budget": cell.budget,
        "twin": work.planned.twin,
        "seconds": time.perf_counter() - started,
        "versions": versions(),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    return Record(**{**known, **results})


def _flat(progress: Progress) -> dict[str, float]:
    return {"round": progress.round, "rounds": progress.rounds, "seconds": progress.seconds, **progress.metrics}


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_ERROR]
