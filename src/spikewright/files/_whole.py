"""A file that is replaced in one move: a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import glob
import os
import threading
from pathlib import Path

_HALF = ".part"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and the folder that it is in, in place of what is there.

    Parameters
    ----------
    path : Path
        Where it goes; where that is a link, what it links to. It is written beside this first, under a name that begins
        with its own; a process that is killed meanwhile leaves that, see :func:`remove_halves`. What is no file but a
        device or a pipe is written to.
    content : bytes
        All of it. No library writes the file itself, since some have half-written files of their own, under names of
        their own and readable by their owner only.

    Raises
    ------
    OSError
        If it cannot be written; then, and after Ctrl-C, what was there is still there, and nothing beside it.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two writers of one file must not write into each other's half.
    half = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{_HALF}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def remove_halves(path: Path) -> None:
    """Remove what :func:`write_whole` left in processes that were killed while they wrote a file.

    Nobody may be writing it now.
    """
    path = path.resolve()
    for half in path.parent.glob(f"{glob.escape(path.name)}.*{_HALF}"):
        half.unlink(missing_ok=True)
