"""NumPy archives of named arrays; no code in them is ever run."""

from __future__ import annotations

import io
import zipfile
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._files import check_unpacked, contents, one_line

_DAMAGE = (OSError, EOFError, MemoryError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What the readers of archives raise, by where the damage is."""


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
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            _check_sizes(path, data, packed, todo)
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive.files]
            if not missing:
                return {name: np.asarray(archive[name]) for name in names}
            found = " ".join(", ".join(archive.files).split())[:160] or "none"
    except DataError:
        raise
    except (ValueError, *_DAMAGE) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: holds pickled Python objects, which are never loaded. Save numbers or text."
            ) from error
        raise DataError(f"{path}: damaged ({one_line(error)}). {todo}") from error
    raise DataError(f"{path}: lacks the array{'s' * (len(missing) > 1)} {', '.join(missing)}; it holds {found}. {todo}")


def _check_sizes(path: Path, data: bytes, packed: zipfile.ZipFile, todo: str) -> None:
    """Check what the archive and its arrays say of their sizes, before anything of them is unpacked."""
    check_unpacked(path, data, sum(entry.file_size for entry in packed.infolist()), todo)
    for entry in packed.infolist():
        if not entry.filename.endswith(".npy"):
            continue
        with packed.open(entry) as file:
            version = npy.read_magic(file)
            shape, _, dtype = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
        if not dtype.hasobject and prod(shape) * dtype.itemsize > entry.file_size:
            raise DataError(
                f"{path}: {entry.filename} says it has shape {shape} of {dtype}, which {entry.file_size} bytes cannot "
                f"hold. {todo}"
            )
