"""Run the cells of a plan side by side, and go on where a comparison was stopped."""

from __future__ import annotations

import importlib
import os
import signal
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from joblib import Parallel, delayed, parallel_config
from joblib.parallel import get_active_backend

from spikewright.checks import SpikewrightError, check_count
from spikewright.compare._cell import plan_cells
from spikewright.compare._claim import Running, abandoned, running
from spikewright.compare._plan import Plan
from spikewright.compare._record import Record
from spikewright.compare._statistics import grouped, mean_of
from spikewright.compare._store import Store
from spikewright.compare._work import Work, failure, perform
from spikewright.data import FetchProgress

_FRUITLESS = 3
_OF_CHILDREN = frozenset({"loky", "multiprocessing"})
"""Backends whose workers are children of the comparison and work for it alone."""
_KILLED = (
    "the process was killed while it worked on this cell alone, most likely because memory ran out. "
    "Give the method a smaller network or batch, or the machine more memory, and retry"
)


def run_plan(
    plan: Plan,
    out: str | Path,
    *,
    n_jobs: int = 2,
    backend: str = "loky",
    retry: bool = False,
    callback: Callable[[Record], None] | None = None,
    fetching: FetchProgress | None = None,
) -> list[Record]:
    """Run every cell of a plan that has no record yet, and return the records of the plan.

    Each cell is read, fitted, tested once and written by one process with one thread. Whatever is killed at whatever
    moment, a comparison that is run again with the same folder has every cell that ended, does none of them twice, and
    goes on with the others from their last round. If a worker is killed by the system, the cells that were being worked
    on are done again one by one; one that is killed again fails, and the comparison goes on.

    Parameters
    ----------
    plan : Plan
        What to compare.
    out : path
        Folder for ``records.sqlite``, ``models/`` and ``checkpoints/``; the workers must share it.
    n_jobs : int
        Cells at a time.
    backend : str
        Any of joblib: ``"loky"`` (processes), ``"threading"``, ``"multiprocessing"``, ``"dask"``, ``"ray"``. Threads
        share torch's random numbers, so that with them results depend on which cells run at the same time.
    retry : bool
        Whether cells that failed are done again; a fit goes on from its last checkpoint.
    callback : callable, optional
        Called with each record, in the order in which the cells end.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Returns
    -------
    list of Record
        See :func:`records`.

    Raises
    ------
    SpikewrightError
        If the plan, its data, the folder or the backend cannot be used; nothing has been run then.
    """
    check_count("n_jobs", n_jobs)
    cells = plan_cells(plan, fetching)
    folder, root = Path(out), None if plan.root is None else Path(plan.root)
    store = Store(folder)
    store.create()
    store.plan(cells)
    if retry:
        store.forget_failed()
    parent = os.getpid() if backend in _OF_CHILDREN else None
    works = [Work(planned, folder, root, parent) for planned in cells]
    _clear(works, store.succeeded())
    _run_all(works, _Pool(n_jobs, backend), callback or _ignore)
    return [record for record, planned in _read(store) if planned]


def records(out: str | Path, *, twins: bool = False) -> list[Record]:
    """Return the records of a comparison, those of the last plan first.

    Parameters
    ----------
    out : path
        Its folder.
    twins : bool
        Whether to return, too, the cells that are there only as the twin of another.

    Raises
    ------
    DataError
        If there is no comparison, or its store is damaged or of another version.
    """
    return [record for record, _ in _read(Store(Path(out)), twins=twins)]


@dataclass(frozen=True)
class Status:
    """How far a comparison is.

    Parameters
    ----------
    cells, finished, failed : int
        Cells of the last plan, those that have ended, and those of them that failed.
    running : tuple of Running
        Cells that are being worked on.
    """

    cells: int
    finished: int
    failed: int
    running: tuple[Running, ...]


def status(out: str | Path) -> Status:
    """Return how far a comparison is; it may be running in another process."""
    cells, finished, failed = Store(Path(out)).counts()
    return Status(cells, finished, failed, tuple(running(Path(out) / "checkpoints")))


@dataclass(frozen=True)
class _Pool:
    """Where cells run."""

    n_jobs: int
    backend: str

    def run(self, works: Iterable[Work]) -> Iterator[Record]:
        """Yield the records as the cells end."""
        with _configured(self.backend):
            # At least two workers, because joblib runs a single one in this process, where a cell that takes all memory
            # would take the comparison with it. No more than ``n_jobs`` cells are handed out at a time.
            parallel = Parallel(
                n_jobs=max(2, self.n_jobs),
                pre_dispatch=self.n_jobs,
                batch_size=1,
                return_as="generator_unordered" if _yields(get_active_backend()[0]) else "list",
            )
            with _interrupts_held():
                results = parallel(delayed(perform)(work) for work in works)
            yield from _until_stopped(results)


def _until_stopped(results: Iterable[Record]) -> Iterator[Record]:
    """Yield what the workers give; when nobody wants more, end them without joblib's advice to ask for less."""
    try:
        # Not "yield from", which would close them itself.
        for record in results:  # noqa: UP028
            yield record
    finally:
        if isinstance(results, Generator):
            with warnings.catch_warnings(action="ignore", category=UserWarning):
                results.close()


def _run_all(works: list[Work], pool: _Pool, callback: Callable[[Record], None]) -> None:
    fruitless = 0
    while pending := _pending(works):
        try:
            for record in pool.run(pending):
                callback(record)
        except BrokenExecutor as error:
            for work in [work for work in _pending(works) if work.claim.exists()]:
                _run_alone(work, replace(pool, n_jobs=1), callback)
            fruitless = 0 if len(_pending(works)) < len(pending) else fruitless + 1
            if fruitless == _FRUITLESS:
                raise SpikewrightError(
                    f"the workers were killed {_FRUITLESS} times before a cell ended ({error}). "
                    "Free some memory, or use fewer jobs; then run the same command to go on."
                ) from error


def _run_alone(work: Work, pool: _Pool, callback: Callable[[Record], None]) -> None:
    """Run a cell that was being worked on when the workers were killed."""
    try:
        found = list(pool.run([work]))
    except BrokenExecutor:
        with work.claimed():
            work.store.write(failure(work, _KILLED))
            work.tidy(failed=True)
        found = [record for record in [work.store.find(work.cell.identity)] if record]
    for record in found:
        callback(record)


def _pending(works: list[Work]) -> list[Work]:
    finished = works[0].store.finished()
    return [work for work in works if work.cell.identity not in finished]


def _clear(works: list[Work], succeeded: frozenset[str]) -> None:
    """Remove what killed processes left: claims that nobody holds, and checkpoints of cells that need none."""
    for work in works:
        if abandoned(work.claim):
            work.claim.unlink(missing_ok=True)
        if work.cell.identity in succeeded:
            work.tidy()


def _read(store: Store, *, twins: bool = False) -> list[tuple[Record, bool]]:
    """Return records, seed after seed of each method, with the interval, and whether the last plan has them."""
    found = [(record, planned) for record, asked_for, planned in store.read() if asked_for or twins]
    planned = {record.cell: planned for record, planned in found}
    groups = [(group, mean_of(record.accuracy for record in group)) for group in grouped(record for record, _ in found)]
    return [
        (replace(record, accuracy_ci95=mean.ci95 if mean and record.error is None else None), planned[record.cell])
        for group, mean in groups
        for record in group
    ]


@contextmanager
def _configured(backend: str) -> Iterator[None]:
    if backend == "ray":
        importlib.import_module("ray.util.joblib").register_ray()
    try:
        config = parallel_config(backend=backend)
    except (ValueError, ImportError) as error:
        raise SpikewrightError(f"backend {backend!r}: {' '.join(str(error).split())}") from error
    with config:
        yield


def _yields(backend: object) -> bool:
    return bool(getattr(backend, "supports_return_generator", False))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while workers are started, so that they inherit that and only the comparison hears it.

    A worker that heard it too would print a traceback in the midst of the message that the comparison can go on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore(record: Record) -> None:
    """Do nothing with a record."""
