"""A run of layers one after another, in which nothing is held that no later layer reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from spikewright.checks import Raster, Sequence, is_plain
from spikewright.network._gather import INPUT, gather
from spikewright.network._layer import Layer

Sources: TypeAlias = tuple[tuple[str, Layer, tuple[str, ...]], ...]
"""Each layer in order with its name and the names of its inputs."""

Watch: TypeAlias = Callable[[str, Sequence], None]
"""Is told the name of a layer and what it gave, shape (time, batch, neuron...)."""


def run_in_order(layers: Sources, raster: Raster, *, dt: float, watch: Watch | None = None) -> Sequence:
    """Return the output of the last layer.

    Every other output is dropped as soon as its last reader has taken it. So while neurons run, what their connection
    received is gone, unless gradients need it.

    Parameters
    ----------
    layers : tuple of (str, Layer, tuple of str)
        Each with its name and the names of its inputs.
    raster : Tensor, shape (time, batch, neuron...)
        What the first layer receives.
    dt : float
        Length of a step in seconds.
    watch : callable, optional
        Called with the name and the output of every layer as soon as there is one.

    Returns
    -------
    Tensor, shape (time, batch, neuron...)
    """
    outputs, last = {INPUT: raster}, last_read(layers)
    if watch is not None:
        watch(INPUT, raster)
    for name, layer, sources in layers:
        outputs[name] = _output(layer, outputs, sources, last[name], dt=dt)
        if watch is not None:
            watch(name, outputs[name])
    return outputs[layers[-1][0]]


def last_read(layers: Sources) -> dict[str, tuple[str, ...]]:
    """Return by layer which of its inputs no later layer reads."""
    reader = {source: name for name, _, sources in layers for source in sources}
    return {name: tuple(source for source in reader if reader[source] == name) for name, _, _ in layers}


def take(outputs: dict[str, Tensor], sources: tuple[str, ...], last: tuple[str, ...]) -> Tensor:
    """Sum the outputs of the named layers, and drop those that are read for the last time."""
    total = gather(outputs, sources)
    for name in last:
        del outputs[name]
    return total


def _output(
    layer: Layer, outputs: dict[str, Tensor], sources: tuple[str, ...], last: tuple[str, ...], *, dt: float
) -> Sequence:
    if is_plain(layer, Layer):
        # In two calls, because a call holds what it was given until it ends.
        return layer.fire(layer.charge(take(outputs, sources, last)), dt=dt)
    output: Tensor = layer(take(outputs, sources, last), dt=dt)
    return output
