"""Model files of any kind as networks."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import prod
from pathlib import Path

import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, Encoder, EventFrames, Readout, RecordingFrames, SpikeCount
from spikewright.data import DataShape
from spikewright.exchange._convention import Convention, Euler
from spikewright.exchange._file import load, load_notes
from spikewright.exchange._hdf5 import is_hdf5
from spikewright.exchange._nir_import import Contents, read_nir, read_nir_notes
from spikewright.exchange._unsaid import Unsaid
from spikewright.exchange._values import Json
from spikewright.network import INPUT, Layer, Network

FLAT = "samples_in_a_row"
STEPS = 100
"""Length of a run where neither the file nor the caller says one."""


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What a model file holds.

    Parameters
    ----------
    network : Network
    notes : dict
        What was saved with it; a NIR file of another library has none.
    sample : tuple of int or None
        Shape of a sample, if the file says it.
    """

    network: Network
    notes: dict[str, Json]
    sample: tuple[int, ...] | None


def open_model(path: str | Path, *, samples: DataShape | None = None, unsaid: Unsaid | None = None) -> ModelFile:
    """Open a model file of any kind as it is: what it says itself cannot be said otherwise.

    Parameters
    ----------
    path : path
    samples : DataShape, optional
        What the network will receive; see :func:`open_network`.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open; without it as in :func:`open_network`.

    Raises
    ------
    ModelError
        As :func:`open_network`, or if something is said of a file that says it itself.
    """
    unsaid = unsaid or Unsaid()
    notes, own = _notes(path)
    if own:
        unsaid.refuse(path)
        return ModelFile(open_network(path, samples=samples), notes, stated_sample(notes))
    found = read_nir(path, unsaid.convention, unsaid.dt)
    net = _of_nir(path, found, samples, unsaid.encoder or _default(found, samples, unsaid.steps))
    if unsaid.tell is not None:
        convention = unsaid.convention or Euler()
        taken = f"{_brief(convention)}, dt={net.dt:g} s, {_brief(net.encoder)}"
        unsaid.tell(f"{path}: does not say how it runs; taken as {taken}.")
    return ModelFile(net, notes, found.sample)


def open_network(
    path: str | Path,
    *,
    samples: DataShape | None = None,
    steps: int | None = None,
    encoder: Encoder | None = None,
    readout: Readout | None = None,
    convention: Convention | None = None,
    dt: float | None = None,
) -> Network:
    """Return the network of a model file: one that :func:`save` wrote, or a NIR file of any library.

    What kind of file it is, its content says, and not its name. NIR knows no encoder, no readout and no time step. A
    file that this package wrote states them all the same; of any other, events are taken as they are and all other
    samples as a current, spikes are counted, and the time step is that of the convention.

    Parameters
    ----------
    path : path
    samples : DataShape, optional
        What the network will receive: recordings of events are binned in steps, of ``dt`` if the file or the caller
        says it, else so that the steps are the whole recording; samples of another shape with as many values are
        flattened.
    steps : int, optional
        Length of a run; without it that of the file, or 100.
    encoder, readout : Encoder, Readout, optional
        In place of those of the file or the default ones.
    convention : Convention, optional
        How the library that wrote a NIR file steps its neurons, such as :data:`SNNTORCH`. Without it, that of the file
        if this package wrote it, else :class:`Euler`, with the ``dt`` of the file's metadata if it has one.
    dt : float, optional
        Length of a step of a NIR file in seconds, in place of that of the convention.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds what no network of this package does; the message is one line.
    """
    if _is_nir(path):
        found = read_nir(path, convention, dt)
        return _of_nir(path, found, samples, encoder or _default(found, samples, steps), readout)
    net = load(path)
    return _with_codes(net, encoder or _of_length(net.encoder, steps), readout or net.readout)


def stated_sample(notes: dict[str, Json]) -> tuple[int, ...] | None:
    """Return the shape of a sample that notes say, if they say one."""
    sample = notes.get("sample")
    if not isinstance(sample, list) or not all(isinstance(size, int) and size > 0 for size in sample):
        return None
    return tuple(sample)


def _brief(value: Convention | Encoder) -> str:
    """Write a value with what differs from its defaults; the length of a step is told beside it."""
    given = [
        f"{entry.name}={getattr(value, entry.name)!r}"
        for entry in fields(value)
        if entry.name != "dt" and getattr(value, entry.name) != entry.default
    ]
    return f"{type(value).__name__}({', '.join(given)})"


def is_model_file(path: str | Path) -> bool:
    """Return whether a file is safetensors or HDF5, as :func:`open_network` reads, by how it begins."""
    if not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        length, brace = int.from_bytes(file.read(8), "little"), file.read(1)
    return is_hdf5(path) or (brace == b"{" and length < Path(path).stat().st_size)


def _is_nir(path: str | Path) -> bool:
    return Path(path).is_file() and is_hdf5(path)


def _notes(path: str | Path) -> tuple[dict[str, Json], bool]:
    """Return the notes of a model file, and whether this package wrote it."""
    return read_nir_notes(path) if _is_nir(path) else (load_notes(path), True)


def _of_nir(
    path: str | Path, found: Contents, samples: DataShape | None, encoder: Encoder, readout: Readout | None = None
) -> Network:
    layers = found.layers
    if samples is not None and samples.sample != found.sample and found.encoder is None:
        if found.sample != (prod(samples.sample),):
            raise ModelError(f"{path}: takes samples of shape {found.sample}; those of the data are {samples.sample}.")
        layers = _flattened(layers)
    net = Network(encoder, *layers, readout or found.readout or SpikeCount(), dt=found.dt)
    return _of_dtype(net, found.dtype).eval()


def _default(found: Contents, samples: DataShape | None, steps: int | None) -> Encoder:
    """Return the encoder of a file, or of one that says none."""
    if found.encoder is not None:
        return _of_length(found.encoder, steps)
    if samples is None or samples.kind != "events":
        return Direct(steps=steps or STEPS)
    return (EventFrames if found.dt_stated else RecordingFrames)(steps=steps or STEPS)


def _of_length(encoder: Encoder, steps: int | None) -> Encoder:
    return encoder if steps is None else replace(encoder, steps=steps)


def _with_codes(net: Network, encoder: Encoder, readout: Readout) -> Network:
    layers = [layer for _, layer, _ in net.sources()]
    return _of_dtype(Network(encoder, *layers, readout, dt=net.dt), net.like.dtype).eval()


def _of_dtype(net: Network, dtype: torch.dtype) -> Network:
    # Only this buffer tells the network's dtype; each of the other tensors keeps the one it was written with.
    net.register_buffer("_like", net.like.to(dtype), persistent=False)
    return net


def _flattened(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return the layers behind one that puts all values of a sample in a row."""
    first = Layer(nn.Flatten(), name=FLAT)
    for layer in layers:
        layer.inputs = tuple(FLAT if source == INPUT else source for source in layer.inputs)
    return first, *layers
