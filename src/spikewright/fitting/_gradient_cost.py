"""What a network's training by gradients costs: what its shape says, and the spikes that occurred."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spikewright.checks import Sequence
from spikewright.coding import Samples
from spikewright.cost import TrainingCost
from spikewright.fitting._masks import mask_of
from spikewright.fitting._norm_on_grid import NormOnGrid
from spikewright.fitting._training_memory import history_of
from spikewright.network import (
    INPUT,
    Layer,
    Network,
    fan_out,
    gather_signals,
    has_synapses,
    output_shapes,
    plain,
    signals,
)

Shapes = dict[str, tuple[int, ...]]


class _Path(NamedTuple):
    """A connection in training.

    ``reached`` is the synapses of each source, shape (source,), and ``times`` how often a sample is multiplied by them
    where values are analog. ``products`` says how many products a run takes, ``learns`` whether the connection has
    weights with a gradient, ``returns`` whether errors go back through it.
    """

    sources: tuple[str, ...]
    reached: Tensor
    spiking: bool
    times: int
    products: int
    learns: bool
    returns: bool

    @property
    def synapses(self) -> int:
        return int(self.reached.sum())


class GradientCost:
    """Counts backpropagation through a network, through time where it has steps.

    What a value brings that is not a spike is dense and the same for every sample. So are the errors on the way back.
    Spikes are counted as they occur: :meth:`watch` is told of them, and :meth:`of` says what samples cost whose spikes
    it was told of. A spike counts where it is sent; one of several added spikes too. A weight that training may move
    counts while it is 0, and one that a mask holds at 0 does not.

    Parameters
    ----------
    net : Network
        What is trained; it is not changed.
    samples : array, Tensor or sequence of Events
        One or more of those to be trained on, at which to see shapes and what is kept for gradients.
    recompute_every : int or None
        See :meth:`Network.score <spikewright.network.Network.score>`: with it each piece runs forward twice.
    mixed_precision : bool
        Whether sequences are in bfloat16.
    """

    def __init__(
        self, net: Network, samples: Samples, *, recompute_every: int | None = None, mixed_precision: bool = False
    ) -> None:
        self._steps = net.encoder.steps
        self._runs = 1 if recompute_every is None else 2
        self._paths = _paths(net, shapes := _shapes(net, samples))
        self._stateful = _stateful(net, shapes)
        self._fired = {INPUT, *(name for name, layer, _ in net.sources() if layer.neuron is not None)}
        self._events = {
            source: torch.zeros(prod(shapes[source]), dtype=torch.float64)
            for path in self._paths
            for source in path.sources
            if path.spiking
        }
        with torch.autocast(net.like.device.type, torch.bfloat16, enabled=mixed_precision):
            self._history = history_of(net, samples, recompute_every=recompute_every)

    def watch(self, name: str, output: Sequence) -> None:
        """Count what a layer sent, shape (time, batch, neuron...)."""
        if name in self._events:
            # What neurons send is 0 or 1; what comes through dropout is scaled.
            sent = output.detach() if name in self._fired else output.detach().sign().abs_()
            # Over time first: sums of ones are exact in single precision, and a large output is read once only.
            totals = sent.sum(0, dtype=torch.promote_types(sent.dtype, torch.float32)).sum(0, dtype=torch.float64)
            self._events[name] += totals.flatten().cpu()

    def of(self, samples: int) -> TrainingCost:
        """Return what so many samples cost, from the spikes since the last call; weights are not updated by it."""
        total = TrainingCost(history_values=self._history.values, history_bytes=self._history.bytes)
        for path in self._paths:
            total += self._through(path, samples)
        for name in self._events:
            self._events[name].zero_()
        updates = sum(neurons * (self._runs + back) for neurons, back in self._stateful)
        return total + TrainingCost(neuron_updates=samples * self._steps * updates)

    def _through(self, path: _Path, samples: int) -> TrainingCost:
        delivered = sum(int(self._events[source] @ path.reached) for source in path.sources) if path.spiking else 0
        multiplied = 0 if path.spiking else samples * path.times * path.synapses
        # What is the same in all steps is computed before time is cut into pieces.
        runs = self._runs if path.times > 1 else 1
        return TrainingCost(
            forward_accumulates=path.products * self._runs * delivered,
            forward_multiply_accumulates=path.products * runs * multiplied,
            backward_multiply_accumulates=samples * path.times * path.synapses if path.returns else 0,
            gradient_accumulates=delivered if path.learns else 0,
            gradient_multiply_accumulates=multiplied if path.learns else 0,
        )


def _shapes(net: Network, samples: Samples) -> Shapes:
    """Return the shape of one sample of each layer's output, and of the raster."""
    with torch.no_grad():
        raster = net.encode(samples, generator=torch.Generator(net.like.device))
    return output_shapes(net, tuple(raster.shape[2:]))


def _paths(net: Network, shapes: Shapes) -> list[_Path]:
    """Return every connection with synapses, in order, a layer's recurrent one after the one that feeds it."""
    steps, given = net.encoder.steps, signals(net)
    paths = []
    for name, layer, sources in net.sources():
        received, connection = gather_signals(given, sources), layer.connection
        if has_synapses(connection) and (layer.neuron is not None or _has_weights(connection)):
            reached = _reached(connection, shapes[sources[0]])
            times = 1 if received.constant and not received.spiking else steps
            returns = any(_gets_errors(net, source) for source in sources)
            products = 2 if isinstance(connection, NormOnGrid) else 1
            paths.append(_Path(sources, reached, received.spiking, times, products, _learns(connection), returns))
        if layer.recurrent is not None:
            reached = _reached(layer.recurrent, shapes[name])
            learns, returns = _learns(layer.recurrent), _gets_errors(net, name)
            paths.append(_Path((name,), reached, given[name].spiking, steps, 1, learns, returns))
    return paths


def _reached(connection: nn.Module | None, shape: tuple[int, ...]) -> Tensor:
    """Return the synapses of each source, shape (source,): those of weight 0 too, but for what a mask holds there."""
    mask = None if connection is None else mask_of(connection)
    if connection is None or mask is None:
        return fan_out(connection, shape, zeros=True).flatten().double()
    alone = plain(connection)
    alone.load_state_dict({**alone.state_dict(), "weight": mask})
    return fan_out(alone, shape).flatten().double()


def _stateful(net: Network, shapes: Shapes) -> list[tuple[int, bool]]:
    """Return the neurons of each layer whose neurons have a state, and whether errors go back through them."""
    found = []
    for name, layer, _ in net.sources():
        if layer.neuron is not None:
            charges = net.like.new_zeros(1, *shapes[name])
            x = layer.neuron.receive(charges, None if layer.recurrent is None else charges)
            if layer.neuron.start(x):
                found.append((prod(shapes[name]), _gets_errors(net, name)))
    return found


def _gets_errors(net: Network, name: str) -> bool:
    """Return whether something up to a layer, it included, has a gradient."""
    known = {INPUT: False}
    for each, layer, sources in net.sources():
        known[each] = _learns(layer) or any(known[source] for source in sources)
    return known[name]


def _learns(module: nn.Module | Layer | None) -> bool:
    return module is not None and any(parameter.requires_grad for parameter in module.parameters())


def _has_weights(connection: nn.Module | None) -> bool:
    return connection is not None and any(tensor.numel() for tensor in connection.state_dict().values())
