"""Claims: at any moment one process works on a cell, and all can see how far it is."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

SUFFIX = ".claim"


@dataclass(frozen=True)
class Running:
    """A cell that is being worked on.

    Parameters
    ----------
    cell, method, data, seed
        Which; see :class:`~spikewright.compare.Record`.
    round, rounds : int
        Rounds of training done, and in all; both 0 before the first round has ended.
    """

    cell: str
    method: str
    data: str
    seed: int
    round: int = 0
    rounds: int = 0


class Claim:
    """A claim that is held; it is given up when the process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def tell(self, running: Running) -> None:
        """Let others see how far the work is."""
        self._file.seek(0)
        self._file.write(json.dumps(asdict(running)) + "\n")
        self._file.truncate()
        self._file.flush()


@contextmanager
def claimed(path: Path) -> Iterator[Claim]:
    """Hold the claim at ``path`` within the block; wait for it if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _locked(path)
    try:
        yield Claim(file)
        # Removed while it is still held, so that nobody else can have claimed it by this name.
        path.unlink(missing_ok=True)
    finally:
        file.close()


def abandoned(path: Path) -> bool:
    """Return whether a claim is left of a process that ended before its work did."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def running(folder: Path) -> list[Running]:
    """Return what is being worked on, as far as the claims in a folder say."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found.append(Running(**json.loads(path.read_text())))
        except (OSError, ValueError, TypeError):  # it ended, or is just being written
            continue
    return found


def _locked(path: Path) -> IO[str]:
    """Open and lock a file, again if it was removed between the two by the process that held it."""
    while True:
        with ExitStack() as opened:
            # Neither truncated nor in append mode: what the holder tells must stay, and be replaced by the next.
            file = opened.enter_context(os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+"))
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_still_at(path, file):
                opened.pop_all()
                return file


def _is_still_at(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
