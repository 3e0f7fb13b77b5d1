"""A folder of class folders: which files it holds, and of which class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError


@dataclass(frozen=True, eq=False)
class ClassFolders:
    """The files of a folder of class folders.

    Parameters
    ----------
    root : Path
        The folder.
    classes : tuple of str
        Names of the class folders, in alphabetical order.
    files : tuple of Path
        All files, by class and then by name.
    labels : array of int64, shape (file,)
        Index of the class of each.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: NDArray[np.int64]

    @property
    def endings(self) -> set[str]:
        """How the names of the files end, in small letters."""
        return {path.suffix.lower() for path in self.files}


def class_folders(root: Path) -> ClassFolders:
    """List a folder of class folders; names that begin with a dot are left out.

    Raises
    ------
    DataError
        If there are no class folders, or one holds no files.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DataError(f"{root}: holds no class folders. Put the samples of each class into a folder of its own.")
    files, labels = [], []
    for label, folder in enumerate(folders):
        found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        if not found:
            raise DataError(f"{folder}: the class folder holds no files. Put samples into it, or remove it.")
        files += found
        labels += [label] * len(found)
    return ClassFolders(root, tuple(folder.name for folder in folders), tuple(files), np.array(labels, np.int64))
