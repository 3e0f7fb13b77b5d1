"""NumPy archives of named arrays; no code in them is ever run."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._files import contents, one_line


def read_npz(path: Path, names: tuple[str, ...], todo: str) -> dict[str, NDArray[np.generic]]:
    """Read arrays of numbers or text by name.

    Raises
    ------
    DataError
        If the file is damaged or something else, lacks an array, or holds Python objects.
    """
    data = contents(path, todo)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise DataError(f"{path}: truncated, or no NumPy archive of named arrays. {todo}")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive.files]
            if not missing:
                return {name: np.asarray(archive[name]) for name in names}
            found = ", ".join(archive.files) or "none"
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: holds pickled Python objects, which are never loaded. Save numbers or text."
            ) from error
        raise DataError(f"{path}: damaged ({one_line(error)}). {todo}") from error
    raise DataError(f"{path}: lacks the array{'s' * (len(missing) > 1)} {', '.join(missing)}; it holds {found}. {todo}")
