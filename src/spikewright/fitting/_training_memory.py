"""How much memory a step of training takes, told before it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from math import ceil, prod

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count
from spikewright.coding import Samples
from spikewright.fitting._history import Kept, kept_for_gradients, together
from spikewright.network import INPUT, Network, gather

_COPIES = 3
"""Of every parameter beside itself: its gradient and the two moments of Adam."""


def training_memory(net: Network, samples: Samples, batch: int, *, recompute_every: int | None = None) -> int:
    """Estimate by how many bytes memory grows in a step of training with Adam.

    What gradients need is not worked out but counted: a copy of the network runs on the samples, and every tensor that
    torch keeps for the backward pass adds its size, scaled up to the batch. To this come the raster, gradients and
    moments of the parameters, and the widest layer once more for what lives between its connection and its neurons.

    Not in it are what the allocator holds without using it (:func:`return_freed_memory` keeps that small), and work
    space of libraries.

    Parameters
    ----------
    net : Network
        In training or evaluation mode; it is not changed.
    samples : array, Tensor or sequence of Events
        Two or more, like those to be trained on.
    batch : int
        Samples of a step.
    recompute_every : int, optional
        As in :meth:`Network.score <spikewright.network.Network.score>`.

    Returns
    -------
    int
    """
    check_count("batch", batch)
    with _copied(net, samples) as (twin, raster):
        history = _history(twin, raster, recompute_every)
        a_sample = (history.bytes + _widest(twin, raster[:recompute_every])) / raster.shape[1]
    parameters = sum(_extent(parameter).bytes for parameter in twin.parameters())
    return int(batch * a_sample) + _COPIES * parameters


def history_of(net: Network, samples: Samples, *, recompute_every: int | None = None) -> Kept:
    """Return what is kept at once of one sample to compute gradients from, the raster included.

    Parameters
    ----------
    net, samples, recompute_every
        As in :func:`training_memory`, by which it is counted too.

    Returns
    -------
    Kept
        A mean over the samples, rounded down.
    """
    with _copied(net, samples) as (twin, raster):
        history = _history(twin, raster, recompute_every)
    return Kept(history.values // raster.shape[1], history.bytes // raster.shape[1])


@contextmanager
def _copied(net: Network, samples: Samples) -> Iterator[tuple[Network, Raster]]:
    """Give a copy of a network, and a raster of samples; what they draw does not change what the caller draws later."""
    twin = deepcopy(net)
    with torch.random.fork_rng():
        yield twin, twin.encode(samples, generator=torch.Generator(twin.like.device))


def _history(net: Network, raster: Raster, recompute_every: int | None) -> Kept:
    """Return what is kept for gradients: the raster, and what torch keeps, or what does not lie in a piece of time."""
    piece = raster if recompute_every is None else raster[: check_count("recompute_every", recompute_every)]
    known = (*net.parameters(), *net.buffers(), raster)
    kept = [_extent(raster), kept_for_gradients(lambda: net.score(piece), known)]
    if len(piece) < len(raster):
        kept += [_states(net, piece)] * ceil(len(raster) / len(piece))
    return together(kept)


def _states(net: Network, piece: Raster) -> Kept:
    """Return the states of all neurons at one moment."""
    outputs, parts = {INPUT: piece}, []
    with torch.no_grad():
        for name, layer, sources in net.sources():
            outputs[name], state = layer.respond(layer.charge(gather(outputs, sources)), dt=net.dt)
            parts += [_extent(entry) for entry in state or ()]
    return together(parts)


def _widest(net: Network, piece: Raster) -> int:
    with torch.no_grad():
        return max(_extent(output).bytes for name, output in net.propagate(piece).items() if name != INPUT)


def _extent(tensor: Tensor) -> Kept:
    """Return what a tensor takes; steps that are one place in memory take it once."""
    values = prod(size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride)
    return Kept(values, values * tensor.element_size())
