"""Model files: safetensors with a versioned description in the header. Reading one runs no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as in_bytes
from torch import Tensor

from spikewright.checks import ModelError, SpikewrightError
from spikewright.exchange._description import build, describe
from spikewright.exchange._values import Json
from spikewright.files import write_whole
from spikewright.network import Network

FORMAT = "spikewright network"
VERSION = 1
"""Raised by one whenever files written by it cannot be read by the version before."""


def save(net: Network, path: str | Path, notes: Mapping[str, Json] | None = None) -> None:
    """Write a network to a file, in one move: a reader never sees half of it.

    Parameters
    ----------
    net : Network
        Of public neurons, codes and connections.
    path : path
        Any name; ``.safetensors`` tells other programs what it is.
    notes : mapping, optional
        Anything that JSON holds, such as the data and the names of the classes; see :func:`load_notes`.

    Raises
    ------
    ModelError
        If a part of the network is no public class of spikewright or torch that a file may name.
    """
    described, tensors = describe(net)
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "written_by": f"spikewright {version('spikewright')}",
        "network": json.dumps(described),
        "notes": json.dumps(dict(notes or {})),
    }
    # Clones, because parts of one tensor may not be written apart.
    apart = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_whole(Path(path), in_bytes(apart, header))


def load(path: str | Path) -> Network:
    """Return the network of a file that :func:`save` wrote, bit for bit, on the CPU and in evaluation mode.

    Raises
    ------
    ModelError
        If the file is missing, damaged, of a later version, or describes no network; the message is one line.
    """
    header, tensors = _read(path)
    try:
        return build(_json(header, "network", path), tensors)
    except SpikewrightError as error:
        raise ModelError(f"{path}: {_ended(error)} {_again(header)}") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        # What the constructors of networks and layers raise for names and sizes that no file of ours holds.
        raise ModelError(f"{path}: describes no network: {_ended(error)} {_again(header)}") from error


def load_notes(path: str | Path) -> dict[str, Json]:
    """Return the notes that were saved with a network.

    Raises
    ------
    ModelError
        If the file is missing, damaged or of a later version.
    """
    header, _ = _read(path)
    notes = _json(header, "notes", path)
    if not isinstance(notes, dict):
        raise ModelError(f"{path}: its notes are damaged. {_again(header)}")
    return notes


def _read(path: str | Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            _check_version(header, path)
            return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: no such file. Train a model with 'spikewright train' or name another file."
        ) from error
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path}: not a readable model file ({' '.join(str(error).split())[:160]}). "
            "It is damaged or of another kind: copy or train it again."
        ) from error


def _check_version(header: Mapping[str, str], path: str | Path) -> None:
    if header.get("format") != FORMAT:
        raise ModelError(f"{path}: a safetensors file, but not a model of spikewright. Name one that it wrote.")
    if not header.get("version", "").isdecimal():
        raise ModelError(f"{path}: its version is damaged. Copy or train it again.")
    if int(header["version"]) > VERSION:
        raise ModelError(
            f"{path}: of version {int(header['version'])}; this spikewright reads model files up to version {VERSION}. "
            "Install a later spikewright."
        )


def _json(header: Mapping[str, str], name: str, path: str | Path) -> Json:
    try:
        return json.loads(header[name])
    except (KeyError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: its {name} is damaged. {_again(header)}") from error


def _ended(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") + "."


def _again(header: Mapping[str, str]) -> str:
    written = " ".join(header.get("written_by", "an unknown version").split())[:40]
    return f"It was written by {written}: use that version, or train the model again."
