"""A checkpoint of a fit: one safetensors file, replaced in one move, bound to what was being fitted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from spikewright.checks import DataError
from spikewright.coding import Samples
from spikewright.files import write_whole
from spikewright.spikes import Events


@dataclass(frozen=True)
class Checkpoint:
    """Where a fit leaves what it needs to go on.

    Parameters
    ----------
    path : Path
        The file; it is replaced whole.
    fingerprint : str
        Hash of the estimator's parameters and of the training data; a checkpoint of another fit is refused.
    """

    path: Path
    fingerprint: str

    # The notes are JSON, whose type in Python is Any.
    def save(self, tensors: dict[str, Tensor], notes: dict[str, Any]) -> None:
        """Write tensors and notes, replacing what was there."""
        whole = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
        header = {"fingerprint": self.fingerprint, "notes": json.dumps(notes)}
        write_whole(self.path, save(whole, header))

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and notes, or None if there is no checkpoint yet.

        Raises
        ------
        DataError
            If the file is damaged, or of a fit with other parameters or data.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, OSError) as error:
            raise DataError(
                f"{self.path}: no readable checkpoint ({error}). Delete it to start the fit anew."
            ) from error
        if header.get("fingerprint") != self.fingerprint:
            raise DataError(
                f"{self.path}: the checkpoint of a fit with other parameters or data. Name another file or delete it."
            )
        return tensors, json.loads(header["notes"])


def fingerprint(parameters: dict[str, object], x: Samples, y: np.ndarray[Any, Any]) -> str:
    """Return a hash of an estimator's parameters and its training data."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True, default=repr).encode())
    for sample in x:
        if isinstance(sample, Events):
            digest.update(sample.times.tobytes() + sample.addresses.tobytes())
        else:
            digest.update(np.ascontiguousarray(sample).tobytes())
    digest.update(np.ascontiguousarray(y).tobytes())
    return digest.hexdigest()
