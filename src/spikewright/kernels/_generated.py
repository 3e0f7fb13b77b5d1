"""Functions compiled from text that was generated."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from numba import njit
from platformdirs import user_cache_path

from spikewright.files import write_whole
from spikewright.kernels import _address, _apart, _elementary, _present
from spikewright.kernels._apart import Apart

Kernel = Callable[..., None]


@lru_cache(maxsize=256)
def compiled(source: str) -> Kernel:
    """Return the function ``scan`` that the text defines, compiled; no array that it writes may overlap another.

    The text is kept as a file in the user's cache folder, and the machine code beside it, so that each is compiled once
    for an installation. Where that folder cannot be written, it is compiled once for a process.
    """
    # What the text calls is compiled into it, and how is said here; so both are part of its name.
    files = (_address.__file__, _apart.__file__, _elementary.__file__, _present.__file__, __file__)
    others = "".join(Path(file).read_text() for file in files)
    name = f"spikewright_scan_{hashlib.sha256((source + others).encode()).hexdigest()[:32]}"
    path = _stored(source, name)
    module = ModuleType(name)
    # Machine code is loaded for a module that can be imported by its name.
    sys.modules[name] = module
    exec(compile(source, "<generated>" if path is None else path, "exec"), vars(module))
    compiler = njit(cache=path is not None, nogil=True, error_model="numpy", pipeline_class=Apart)
    function: Kernel = compiler(module.scan)
    return function


def _stored(source: str, name: str) -> Path | None:
    """Write the text into the cache folder if it is not there, and return its path, ``None`` if that is impossible."""
    folder = user_cache_path("spikewright") / "kernels"
    path = folder / f"{name}.py"
    if path.exists():
        return path
    try:
        write_whole(path, source.encode())
    except OSError:
        return None
    return path
