"""Model files of any kind as networks."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import torch
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, Encoder, EventFrames, Readout, SpikeCount
from spikewright.data import DataShape
from spikewright.exchange._convention import Convention
from spikewright.exchange._file import load, load_notes
from spikewright.exchange._hdf5 import is_hdf5
from spikewright.exchange._nir_import import read_nir
from spikewright.exchange._values import Json
from spikewright.network import INPUT, Layer, Network

FLAT = "samples_in_a_row"
STEPS = 100
"""Length of a run where neither the file nor the caller says one."""


def open_network(
    path: str | Path,
    *,
    samples: DataShape | None = None,
    steps: int | None = None,
    encoder: Encoder | None = None,
    readout: Readout | None = None,
    convention: Convention | None = None,
) -> Network:
    """Return the network of a model file: one that :func:`save` wrote, or a NIR file of any library.

    What kind of file it is, its content says, and not its name. NIR knows no encoder, no readout and no time step. A
    file that this package wrote states them all the same; of any other, events are taken as they are and all other
    samples as a current, spikes are counted, and the time step is that of the convention.

    Parameters
    ----------
    path : path
    samples : DataShape, optional
        What the network will receive: recordings of events are binned in steps; samples of another shape with as many
        values are flattened.
    steps : int, optional
        Length of a run; without it that of the file, or 100.
    encoder, readout : Encoder, Readout, optional
        In place of those of the file or the default ones.
    convention : Convention, optional
        How the library that wrote a NIR file steps its neurons, such as :data:`SNNTORCH`. Without it, that of the file
        if this package wrote it, else :class:`Euler`, with the ``dt`` of the file's metadata if it has one.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds what no network of this package does; the message is one line.
    """
    if not Path(path).is_file() or not is_hdf5(path):
        net = load(path)
        return _with_codes(net, encoder or _of_length(net.encoder, steps), readout or net.readout)
    found = read_nir(path, convention)
    layers = found.layers
    if samples is not None and samples.sample != found.sample and found.encoder is None:
        if found.sample != (prod(samples.sample),):
            raise ModelError(f"{path}: takes samples of shape {found.sample}; those of the data are {samples.sample}.")
        layers = _flattened(layers)
    events = samples is not None and samples.kind == "events"
    default = (EventFrames if events else Direct)(steps=steps or STEPS)
    stated = default if found.encoder is None else _of_length(found.encoder, steps)
    net = Network(encoder or stated, *layers, readout or found.readout or SpikeCount(), dt=found.dt)
    return _of_dtype(net, found.dtype).eval()


def open_notes(path: str | Path) -> dict[str, Json]:
    """Return the notes that were saved with a network; a NIR file of another library has none."""
    return read_nir(path).notes if Path(path).is_file() and is_hdf5(path) else load_notes(path)


def open_sample(path: str | Path) -> tuple[int, ...] | None:
    """Return the shape of a sample of a model file's network, if its notes say it."""
    return stated_sample(open_notes(path))


def stated_sample(notes: dict[str, Json]) -> tuple[int, ...] | None:
    """Return the shape of a sample that notes say, if they say one."""
    sample = notes.get("sample")
    if not isinstance(sample, list) or not all(isinstance(size, int) and size > 0 for size in sample):
        return None
    return tuple(sample)


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
