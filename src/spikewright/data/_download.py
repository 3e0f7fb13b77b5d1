"""Fetching files: several mirrors in turn, contents checked, and nothing left behind that is not whole."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pooch

from spikewright.checks import DataError
from spikewright.data._files import GZIP, check_digest, gunzipped, one_line

FetchProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the file, the bytes that have come, and the bytes in all (0 if the server does not say)."""

_SECONDS_OF_SILENCE = 30
_ANOTHER_MIRROR = "Try another mirror."


@dataclass(frozen=True, kw_only=True)
class Download(ABC):
    """Something to fetch.

    Parameters
    ----------
    name : str
        Name of the file that is fetched.
    mirrors : tuple of str
        Its addresses, tried in this order.
    checksum : str
        Algorithm and digits, such as ``"sha256:9f86..."``; empty if none was published.
    """

    name: str
    mirrors: tuple[str, ...]
    checksum: str

    @abstractmethod
    def there(self, folder: Path) -> bool:
        """Return whether ``folder`` holds already what this would bring."""

    @abstractmethod
    def install(self, fetched: Path, folder: Path) -> None:
        """Check the file ``fetched`` and move what it brings into ``folder``, in one step; raise if it is not whole."""

    def fetch(self, folder: Path, *, page: str, progress: FetchProgress | None) -> None:
        """Fetch from the first mirror that gives the right contents.

        Raises
        ------
        DataError
            If no mirror does, or ``folder`` cannot be written.
        """
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            # Beside the folder, so that the last step is a move on one file system.
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
                refused = self._try_mirrors(Path(scratch), folder, progress)
        except OSError as error:
            raise DataError(
                f"{folder}: cannot be written ({error.strerror}). "
                "Name another data root with --data-root or SPIKEWRIGHT_DATA."
            ) from error
        if refused:
            raise DataError(
                f"{folder / self.name}: could not be fetched: {refused}. "
                f"Try again later, or fetch it by hand from {page} into {folder}."
            )

    def _try_mirrors(self, scratch: Path, folder: Path, progress: FetchProgress | None) -> str:
        """Fetch from one mirror after another; return why all of them failed, or nothing."""
        refused = []
        for url in self.mirrors:
            problem = self._attempt(url, scratch, folder, progress)
            if not problem:
                return ""
            refused.append(f"{url} ({problem})")
        return "; ".join(refused)

    def _attempt(self, url: str, scratch: Path, folder: Path, progress: FetchProgress | None) -> str:
        """Fetch from one mirror; return why that failed, or nothing."""
        fetched = scratch / self.name
        bar = _Bar(self.name, progress) if progress else False
        try:
            pooch.HTTPDownloader(progressbar=bar, timeout=_SECONDS_OF_SILENCE)(url, str(fetched), None)
        except OSError as error:  # what requests raises, whatever happened on the way
            return _reason(error)
        try:
            self.install(fetched, folder)
        except DataError as error:
            return str(error).removeprefix(f"{fetched}: ").removesuffix(f". {_ANOTHER_MIRROR}")
        return ""


@dataclass(frozen=True, kw_only=True)
class FileDownload(Download):
    """One file, compressed by gzip, whose checksum is that of its contents after decompression."""

    def there(self, folder: Path) -> bool:
        """Return whether the file is there, compressed or not."""
        return (folder / self.name).exists() or (folder / self.name).with_suffix("").exists()

    def install(self, fetched: Path, folder: Path) -> None:
        """Keep the file as it came."""
        raw = fetched.read_bytes()
        # A server may declare the compression as that of the transfer; then the file arrives decompressed.
        compressed = raw.startswith(GZIP)
        data = gunzipped(fetched, raw, _ANOTHER_MIRROR) if compressed else raw
        check_digest(fetched, data, self.checksum, _ANOTHER_MIRROR)
        target = folder / self.name
        folder.mkdir(exist_ok=True)
        fetched.replace(target if compressed else target.with_suffix(""))


@dataclass(frozen=True, kw_only=True)
class ArchiveDownload(Download):
    """An archive (zip, tar, tar.gz) whose checksum is that of the archive itself.

    Parameters
    ----------
    keep : tuple of (str, str)
        The files or folders that are kept: path in the archive, path in the data set's folder.
    """

    keep: tuple[tuple[str, str], ...]

    def there(self, folder: Path) -> bool:
        """Return whether all that is kept of the archive is there."""
        return all((folder / target).exists() for _, target in self.keep)

    def install(self, fetched: Path, folder: Path) -> None:
        """Unpack beside the archive, then move what is kept."""
        if self.checksum:
            check_digest(fetched, fetched.read_bytes(), self.checksum, _ANOTHER_MIRROR)
        unpacked = fetched.with_name(f"{fetched.name}.unpacked")
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            shutil.unpack_archive(fetched, unpacked, filter="data" if ".tar" in fetched.name else None)
        except (shutil.ReadError, zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
            raise DataError(f"{fetched}: no whole archive ({one_line(error)}). {_ANOTHER_MIRROR}") from error
        for inside, _ in self.keep:
            if not (unpacked / inside).exists():
                raise DataError(f"{fetched}: the archive does not hold {inside}. {_ANOTHER_MIRROR}")
        for inside, target in self.keep:
            if not (folder / target).exists():
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                (unpacked / inside).replace(folder / target)


def _reason(error: OSError) -> str:
    """Return what went wrong in a few words; for a broken connection requests gives a paragraph instead."""
    text = one_line(error).split(" for url: ")[0]
    return text if len(text) <= 80 else type(error).__name__


class _Bar:
    """What pooch expects of a progress bar, passed on to a callback."""

    def __init__(self, name: str, progress: FetchProgress) -> None:
        self.total = 0
        self._name = name
        self._progress = progress
        self._done = 0

    def update(self, size: int) -> None:
        # pooch adds whole chunks, so that its last one would go beyond the end.
        self._done = min(self._done + size, self.total) if self.total else self._done + size
        self._progress(self._name, self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        """Do nothing: the last update has told the end."""
