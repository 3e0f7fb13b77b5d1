"""Load, fetch and verify a data set by its name, or load a user's own by its path."""

from __future__ import annotations

import os
from pathlib import Path

import pooch

from spikewright.checks import DataError
from spikewright.data._dataset import Dataset
from spikewright.data._download import FetchProgress
from spikewright.data._own import read_own
from spikewright.data._source import Source, Verdict
from spikewright.data._sources import SOURCES

VARIABLE = "SPIKEWRIGHT_DATA"
"""The environment variable that names the data root."""


def load(
    name_or_path: str | Path,
    *,
    root: Path | None = None,
    seed: int = 0,
    download: bool = True,
    progress: FetchProgress | None = None,
) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name_or_path : str or Path
        A name from :func:`available`; or the path of an ``.npz`` file with ``x`` and ``y``, or of a folder of class
        folders of images or of event files. A folder that is named like a data set is given as ``./name``.
    root : Path, optional
        Where data sets are. If not given, the folder that the environment variable ``SPIKEWRIGHT_DATA`` names, and
        without that a cache of the user.
    seed : int
        Seed of the split of the official training part into training and validation parts, where the data set does not
        fix it. The test part never depends on it.
    download : bool
        Whether a data set that is not under the root is fetched into it.
    progress : callable, optional
        Called while a file comes; see :func:`fetch`.

    Returns
    -------
    Dataset
        Its test part is not opened before ``read_test`` is called.

    Raises
    ------
    DataError
        If there is no such data set, or one of its files is missing, damaged or something else. Nothing is half loaded,
        but recordings of events are read when they are asked for, and only then found to be damaged.

    Examples
    --------
    >>> load("digits").shape
    DataShape(sample=(1, 8, 8), count=1257, classes=10, kind='image')
    """
    source = next((source for source in SOURCES if source.name == name_or_path), None)
    if source is None:
        path = Path(name_or_path).expanduser()
        if not path.exists():
            raise DataError(f"{name_or_path}: neither a file or folder nor a known data set ({_names()}).")
        return read_own(path, seed=seed)
    home = _home(source, root)
    if download and source.downloads and not source.find(home):
        fetch_source(source, home, progress)
    return source.read(_present(source, home), seed=seed)


def available() -> tuple[Source, ...]:
    """Return the known data sets."""
    return SOURCES


def fetch(name: str, root: Path | None = None, progress: FetchProgress | None = None) -> Path:
    """Fetch what is missing of a data set.

    Parameters
    ----------
    name : str
        Its name.
    root : Path, optional
        See :func:`load`.
    progress : callable, optional
        Called with the name of the file, the bytes that have come, and the bytes in all (0 if unknown).

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    DataError
        If the name is unknown, no mirror gives the published contents, or the root cannot be written.
    """
    source = _source(name)
    return fetch_source(source, _home(source, root), progress)


def verify(name: str, root: Path | None = None) -> list[Verdict]:
    """Check every file of a data set, the test part included, and say of each what is wrong, if anything.

    Raises
    ------
    DataError
        If the name is unknown, or the data set is not there.
    """
    source = _source(name)
    return source.verify(_present(source, _home(source, root)))


def data_root(root: Path | None = None) -> Path:
    """Return where data sets are: the argument, what ``SPIKEWRIGHT_DATA`` names, or the user's cache.

    Raises
    ------
    DataError
        If a folder is named that does not exist.
    """
    named = root if root is not None else os.environ.get(VARIABLE)
    if not named:
        return Path(pooch.os_cache("spikewright"))
    path = Path(named).expanduser()
    if not path.is_dir():
        raise DataError(
            f"{path}: the data root is not a folder. Make it, or name another with --data-root or {VARIABLE}."
        )
    return path


def fetch_source(source: Source, home: Path, progress: FetchProgress | None = None) -> Path:
    """Fetch what is missing of a data set into its folder under ``home``, and return that folder."""
    folder = source.find(home)
    if folder is None:
        folder = home / source.folders[0]
        if not source.downloads:
            raise DataError(
                f"{folder}: {source.name} cannot be fetched. Get it by hand from {source.page} into that folder."
            )
    for download in source.downloads:
        if not download.there(folder):
            download.fetch(folder, page=source.page, progress=progress)
    return folder


def _home(source: Source, root: Path | None) -> Path:
    """Return the root, which a data set that comes with a package does not need."""
    return source.shipped or data_root(root)


def _present(source: Source, home: Path) -> Path:
    """Return the folder of a data set; raise if it is not there."""
    folder = source.find(home)
    if folder is None:
        by_hand = f"run: spikewright data fetch {source.name}" if source.downloads else f"get it from {source.page}"
        raise DataError(
            f"{home / source.folders[0]}: {source.name} is not there. "
            f"Name the folder that holds it with --data-root or {VARIABLE}, or {by_hand}"
        )
    return folder


def _source(name: str) -> Source:
    for source in SOURCES:
        if source.name == name:
            return source
    raise DataError(f"{name}: no known data set; there are {_names()}.")


def _names() -> str:
    return ", ".join(source.name for source in SOURCES)
