"""A user's own data: which reader a path needs."""

from __future__ import annotations

from pathlib import Path

from spikewright.checks import DataError
from spikewright.data._dataset import Dataset
from spikewright.data._event_files import EVENT_READERS
from spikewright.data._own_arrays import read_arrays
from spikewright.data._own_events import read_event_files
from spikewright.data._own_folders import class_folders
from spikewright.data._own_images import IMAGE_ENDINGS, read_images

_FOLDER_READERS = ((frozenset(IMAGE_ENDINGS), read_images), (frozenset(EVENT_READERS), read_event_files))


def read_own(path: Path, *, seed: int) -> Dataset:
    """Read an ``.npz`` file with ``x`` and ``y``, or a folder of class folders of images or of event files.

    Raises
    ------
    DataError
        If the path is something else, or what is there cannot be used.
    """
    if not path.is_dir():
        if path.suffix.lower() != ".npz":
            raise DataError(f"{path}: not a kind of file that is read. Give an .npz file with x and y, or a folder.")
        return read_arrays(path, seed=seed)
    folders = class_folders(path)
    for endings, read in _FOLDER_READERS:
        if folders.endings <= endings:
            return read(folders, seed=seed)
    read_at_all = frozenset().union(*(endings for endings, _ in _FOLDER_READERS))
    odd = next((file for file in folders.files if file.suffix.lower() not in read_at_all), folders.files[0])
    raise DataError(
        f"{odd}: files must be all images ({', '.join(IMAGE_ENDINGS)}) or all recordings of events "
        f"({', '.join(EVENT_READERS)}); {path} holds {', '.join(sorted(folders.endings))}. "
        "Remove or convert what is of another kind."
    )
