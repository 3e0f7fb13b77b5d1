"""How much memory a step of training takes, told before it is taken."""

from __future__ import annotations

from copy import deepcopy
from math import ceil

import torch
from torch import Tensor

from spikewright.checks import Raster, check_count
from spikewright.coding import Samples
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
    twin = deepcopy(net)
    # Masks that the copy draws must not change what the caller draws later.
    with torch.random.fork_rng():
        raster = twin.encode(samples, generator=torch.Generator(twin.like.device))
        pieces = 1 if recompute_every is None else ceil(len(raster) / check_count("recompute_every", recompute_every))
        piece = raster[:recompute_every]
        kept = _kept(twin, piece, raster)
        if pieces > 1:
            kept += pieces * _states(twin, piece)
        a_sample = (kept + _bytes(raster) + _widest(twin, piece)) / raster.shape[1]
    parameters = sum(_bytes(parameter) for parameter in twin.parameters())
    return int(batch * a_sample) + _COPIES * parameters


def _kept(net: Network, piece: Raster, raster: Raster) -> int:
    """Return the bytes that torch keeps for the backward pass, without the parameters and the raster."""
    known = {tensor.untyped_storage().data_ptr() for tensor in (*net.parameters(), *net.buffers(), raster)}
    sizes: dict[int, int] = {}
    tensors = []

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        # Held, so that no other tensor comes to lie where this one was.
        tensors.append(tensor)
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        tensors.append(net.score(piece))
    return sum(sizes.values())


def _states(net: Network, piece: Raster) -> int:
    """Return the bytes of the states of all neurons at one moment."""
    outputs, total = {INPUT: piece}, 0
    with torch.no_grad():
        for name, layer, sources in net.sources():
            outputs[name], state = layer.respond(layer.charge(gather(outputs, sources)), dt=net.dt)
            total += sum(_bytes(entry) for entry in state or ())
    return total


def _widest(net: Network, piece: Raster) -> int:
    with torch.no_grad():
        return max(_bytes(output) for name, output in net.propagate(piece).items() if name != INPUT)


def _bytes(tensor: Tensor) -> int:
    return tensor.untyped_storage().nbytes() if not all(tensor.stride()) else tensor.nbytes
