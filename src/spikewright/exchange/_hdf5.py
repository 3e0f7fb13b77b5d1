"""HDF5 files as nested dicts of arrays, with every size checked against the file before anything is allocated."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from spikewright.checks import ModelError

Tree: TypeAlias = "dict[str, Tree | NDArray[np.generic] | str | bytes | np.generic | None]"

SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEEPEST = 32
"""Groups within groups; a file that nests deeper, or in a circle, is refused."""
MOST = 200_000
"""Groups and data sets of one file."""
DENSEST = 1032
"""Largest ratio by which deflate, the densest filter allowed, can shrink data."""
SMALL = 1 << 16
"""Bytes that may stand for less in the file, such as a short array that was never written."""

_FILTERS = frozenset(
    (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF)
)
_KINDS = "biuf"


def is_hdf5(path: str | Path) -> bool:
    """Return whether a file begins as HDF5 files do."""
    with Path(path).open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_tree(path: str | Path, root: str) -> Tree:
    """Read a group of an HDF5 file with all below it.

    Only numbers and texts stored in the file itself are read: no links, no external storage, no filters from plug-ins,
    no pickled objects.

    Parameters
    ----------
    path : path
    root : str
        Name of the group.

    Raises
    ------
    ModelError
        If the file is missing, damaged, has no such group, or claims more data than it can hold; the message is one
        line.
    """
    try:
        size = Path(path).stat().st_size
        with h5py.File(path, "r") as file:
            return _group(_root(file, root), root, _Budget(size))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file. Name another.") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}. Write it again with the library that made it.") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, UnicodeError) as error:
        # What h5py raises for damaged files, depending on where the damage is.
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"{path}: not a readable HDF5 file ({reason}). It is damaged: copy or write it again."
        ) from error


def _root(file: h5py.File, name: str) -> h5py.Group:
    found = _member(file, name, name)
    if not isinstance(found, h5py.Group):
        raise ModelError(f"has no group {name!r}, so it is no network")
    return found


class _Budget:
    """What may still be read of a file of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self.bytes = size * DENSEST + SMALL
        self.members = MOST

    def take(self, where: str, nbytes: int) -> None:
        self.bytes -= nbytes
        self.members -= 1
        if self.bytes < 0 or self.members < 0:
            raise ModelError(f"{where}: the file claims to hold more than it can")


def _group(group: h5py.Group, where: str, budget: _Budget) -> Tree:
    if where.count("/") > DEEPEST:
        raise ModelError(f"{where[:80]}: groups are nested more than {DEEPEST} deep")
    tree: Tree = {}
    for name in group:
        path = f"{where}/{name}"
        member = _member(group, name, path)
        budget.take(path, 0)
        tree[name] = _group(member, path, budget) if isinstance(member, h5py.Group) else _dataset(member, path, budget)
    return tree


def _member(group: h5py.Group, name: str, where: str) -> h5py.Group | h5py.Dataset | None:
    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise ModelError(f"{where}: is a link to elsewhere")
    member = group[name]
    if not isinstance(member, h5py.Group | h5py.Dataset):
        raise ModelError(f"{where}: is neither a group nor data")
    return member


def _dataset(data: h5py.Dataset, where: str, budget: _Budget) -> NDArray[np.generic] | str | np.generic | None:
    if data.shape is None:
        return None
    if data.is_virtual or data.external:
        raise ModelError(f"{where}: its data are in another file")
    filters = data.id.get_create_plist()
    if not {filters.get_filter(k)[0] for k in range(filters.get_nfilters())} <= _FILTERS:
        raise ModelError(f"{where}: is packed with a filter other than gzip and lzf")
    text = h5py.check_string_dtype(data.dtype)
    if text is None and data.dtype.kind not in _KINDS:
        raise ModelError(f"{where}: holds neither numbers nor text")
    nbytes = data.size * data.dtype.itemsize
    if nbytes > SMALL + data.id.get_storage_size() * DENSEST:
        raise ModelError(f"{where}: claims {nbytes} bytes, more than the file can hold")
    budget.take(where, nbytes)
    if text is None:
        value: NDArray[np.generic] | np.generic = data[()]
        return value
    texts: NDArray[np.generic] | str = data.asstr()[()]
    return texts
