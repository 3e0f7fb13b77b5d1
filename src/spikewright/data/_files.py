"""Files of a data set: that they are there, what they hold, and whether it is what was published."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError

GZIP = b"\x1f\x8b"
"""How every gzip file begins."""

_LONGEST = 160
"""Letters of another library's message; some repeat what a damaged file holds."""

_ROOM, _DENSEST = 2**30, 20
"""Bytes that any packed file may unpack to, and how many times its own size a larger one may."""


def require_files(paths: Iterable[Path], todo: str) -> None:
    """Raise :class:`DataError` unless every file is there; none is opened."""
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path}: the file is missing. {todo}")


def contents(path: Path, todo: str) -> bytes:
    """Return the bytes of a file, decompressed where its name ends with ``.gz``.

    Raises
    ------
    DataError
        If the file is missing, cannot be read, is empty, or is no whole gzip file though its name says so.
    """
    require_files([path], todo)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Give yourself the right to read it.") from error
    if not raw:
        raise DataError(f"{path}: the file is empty. {todo}")
    return gunzipped(path, raw, todo) if path.suffix == ".gz" else raw


def gunzipped(path: Path, raw: bytes, todo: str) -> bytes:
    """Decompress ``raw``, what ``path`` holds."""
    if not raw.startswith(GZIP):
        raise DataError(f"{path}: not a gzip file, though its name ends with .gz. {todo}")
    try:
        # One byte more than there is room for tells that there is more.
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(_room(raw) + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{path}: truncated or damaged; it cannot be decompressed ({one_line(error)}). {todo}"
        ) from error
    check_unpacked(path, raw, len(unpacked), todo)
    return unpacked


def check_unpacked(path: Path, raw: bytes, size: int, todo: str) -> None:
    """Raise :class:`DataError` if ``raw``, what ``path`` holds, unpacks to ``size`` bytes, far more than it should."""
    if size > _room(raw):
        raise DataError(f"{path}: {len(raw)} bytes unpack to more than {_room(raw)}; no honest file does. {todo}")


def _room(raw: bytes) -> int:
    return max(_ROOM, _DENSEST * len(raw))


def check_digest(path: Path, data: bytes, checksum: str, todo: str) -> None:
    """Raise :class:`DataError` unless ``data``, what ``path`` holds, has a checksum such as ``"sha256:9f86..."``."""
    algorithm, expected = checksum.split(":")
    found = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataError(
            f"{path}: damaged or another file: its contents are not those that were published "
            f"({algorithm} {found[:12]}..., should be {expected[:12]}...). {todo}"
        )


def check_labels(path: Path, labels: NDArray[np.uint8], *, classes: int, todo: str) -> None:
    """Raise :class:`DataError` unless each of the labels that ``path`` holds is one of 0 to ``classes - 1``."""
    wrong = np.flatnonzero(labels >= classes)
    if len(wrong):
        raise DataError(
            f"{path}: sample {wrong[0]} is labelled {labels[wrong[0]]}; labels must be 0 to {classes - 1}. {todo}"
        )


def one_line(error: BaseException) -> str:
    """Return the message of an exception of another library, for use inside one line of ours."""
    words = " ".join(str(error).split())
    return (words if len(words) <= _LONGEST else f"{words[:_LONGEST]} [...]").rstrip(".") or type(error).__name__
