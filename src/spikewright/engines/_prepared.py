"""A network compiled once, to run many samples: packed arrays, and no Python between the time steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, singledispatch
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright import kernels
from spikewright.checks import ModelError, Raster
from spikewright.coding import Encoder, FirstSpike, Latency, LevelLatency, Readout
from spikewright.engines._engine import Engine
from spikewright.engines._event_paths import Group, groups
from spikewright.engines._event_populations import constants, population
from spikewright.engines._event_rows import affine, rounded, rows_of
from spikewright.network import INPUT, Network, over_time


class Place(NamedTuple):
    """Where the neurons of a layer stand: their first address, the neuron at each address, and their shape."""

    begin: int
    order: NDArray[np.int64]
    shape: tuple[int, ...]


class LevelCode(NamedTuple):
    """A code in which an input fires once at most; see :func:`spikewright.kernels.level_events`."""

    minimum: float
    step_of_level: NDArray[np.int64]
    steps: int


@singledispatch
def level_code(encoder: Encoder, dt: float) -> LevelCode | None:  # noqa: ARG001 - the rule for any other type
    """Return the code of an encoder that has a kernel, ``None`` for all others."""
    return None


@level_code.register
def _(encoder: LevelLatency, dt: float) -> LevelCode | None:
    if encoder.scale is not None or encoder.before:
        return None
    return LevelCode(-np.inf, encoder.step_of_level(dt).numpy(), encoder.steps)


@level_code.register
def _(encoder: Latency, dt: float) -> LevelCode | None:  # noqa: ARG001 - steps are counted
    if encoder.tau is not None or encoder.before:
        return None
    return LevelCode(encoder.minimum, np.arange(encoder.steps), encoder.steps)


@singledispatch
def settled_by_first(readout: Readout) -> bool:  # noqa: ARG001 - the rule for any other type
    """Return whether the first spike of the last layer decides, so that a run can end with it."""
    return False


@settled_by_first.register
def _(readout: FirstSpike) -> bool:  # noqa: ARG001
    return True


@dataclass(frozen=True, eq=False)
class Prepared(Engine):
    """A network with the weights that it had when it was prepared; made by :meth:`EventDriven.prepare`.

    Parameters
    ----------
    net : Network
        What was prepared.
    shape : tuple of int
        Shape of one sample of the raster.
    chain : Chain
        Its arrays.
    places : tuple of Place
        Of each layer that has neurons.
    code : LevelCode or None
        The encoder, if it has a kernel.
    settled : bool
        Whether the first spike of the last layer decides.
    """

    net: Network
    shape: tuple[int, ...]
    chain: kernels.Chain
    places: tuple[Place, ...]
    code: LevelCode | None
    settled: bool

    @cached_property
    def _levels(self) -> tuple[np.dtype, int, tuple[Any, ...]]:
        """Return what a decision needs in each call: dtype and size of a sample, and what follows it in the kernel."""
        return self.chain.numbers.dtype, prod(self.shape), (*(self.code or ()), *self.chain)

    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer, on the CPU and in the network's dtype.

        Layers without neurons are computed as the network does.

        Raises
        ------
        ModelError
            If the network is another one than was prepared, or its raster has another shape or graded values.
        """
        if net is not self.net or raster.shape[2:] != self.shape:
            raise ModelError(
                f"Prepared: runs the network that was prepared, on samples of {self.shape}; got "
                f"{'samples of ' + str(tuple(raster.shape[2:])) if net is self.net else 'another network'}. "
                "Prepare it with EventDriven.prepare."
            )
        first = self.places[0].begin
        recorded = np.zeros((*raster.shape[:2], self.chain.numbers.shape[1] - first), np.uint8)
        for sample in range(raster.shape[1]):
            steps = np.zeros((len(raster), recorded.shape[2]), np.uint8)
            self._run(raster[:, sample], 0, first, steps)
            recorded[:, sample] = steps
        fired = iter(self._unpacked(torch.from_numpy(recorded).to(net.like), first))
        outputs = {INPUT: raster}
        with torch.no_grad():
            for name, layer, (source,) in net.sources():
                if layer.neuron is not None:
                    outputs[name] = next(fired)
                else:
                    x = outputs[source]
                    outputs[name] = x if layer.connection is None else over_time(layer.connection, x)
        return outputs

    def _unpacked(self, recorded: Tensor, first: int) -> list[Tensor]:
        """Split what was recorded, shape (time, batch, address), into layers of their own shapes."""
        layers = []
        for begin, order, shape in self.places:
            back = torch.from_numpy(np.argsort(order)) + (begin - first)
            layers.append(recorded[..., back].reshape(*recorded.shape[:2], *shape))
        return layers

    def decide(self, sample: NDArray[np.generic]) -> int:
        """Return the class of one sample, that of ``run(...).decisions[-1]``, as soon as it is settled.

        With a :class:`~spikewright.coding.FirstSpike` readout the run ends with the first spike of the last layer; the
        class is then the same as after all steps. Any other readout sees the whole run.

        Parameters
        ----------
        sample : array
            As the network's encoder takes it, without the axis of samples. A stochastic code is seeded with 0.
        """
        if self.code is not None and self.settled:
            dtype, size, arguments = self._levels
            x = np.asarray(sample, dtype).ravel()
            if x.size != size:
                raise ModelError(f"Prepared.decide: takes samples of {self.shape}; got {np.shape(sample)}.")
            # Encodes the sample too, in one call; no spike is class 0.
            winner: int = kernels.run_levels(x, *arguments)[0]
            return max(winner, 0)
        net = self.net
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            raster = net.encode(np.asarray(sample)[None], generator=generator)
            if self.settled:
                nothing = np.zeros((0, 0), np.uint8)
                return max(self._run(raster[:, 0], 1, 0, nothing), 0)
            return int(net.readout(self._last(raster)).argmax())

    def _last(self, raster: Raster) -> Tensor:
        """Return what the last layer gives for a raster of one sample."""
        begin, order, shape = self.places[-1]
        steps = np.zeros((len(raster), len(order)), np.uint8)
        self._run(raster[:, 0], 0, begin, steps)
        back = torch.from_numpy(np.argsort(order))
        return torch.from_numpy(steps).to(self.net.like)[:, None, back].reshape(len(raster), 1, *shape)

    def _run(self, raster: Tensor, stop: int, first: int, recorded: NDArray[np.uint8]) -> int:
        """Run the spikes of one sample, shape (time, neuron...); see :func:`spikewright.kernels.run_chain`."""
        addresses, offsets = _spikes_of(raster)
        layers, starts, segments, weights, numbers, sums, totals, most = self.chain
        winner, _ = kernels.run_chain(
            addresses, offsets, layers, starts, segments, weights, numbers, sums, totals, most, stop, first, recorded
        )
        return winner


def prepare(net: Network, shape: tuple[int, ...], bits: int | None) -> Prepared:
    """Compile a network that has no :func:`obstacles`."""
    like = np.dtype(str(net.like.dtype).removeprefix("torch."))
    order = np.arange(prod(shape))
    inputs, before = len(order), shape
    connections, populations, places = [], [], []
    for group in groups(net):
        rows, people, place = _layer(group, before, order, like, dt=net.dt, bits=bits)
        connections.append(rows)
        populations.append(people)
        places.append(place)
        before, order = place.shape, place.order
    chain = kernels.pack_chain(inputs, connections, populations)
    placed = tuple(place._replace(begin=int(begin)) for place, begin in zip(places, chain.layers[:, 0], strict=True))
    return Prepared(net, shape, chain, placed, level_code(net.encoder, net.dt), settled_by_first(net.readout))


def _layer(
    group: Group,
    shape: tuple[int, ...],
    order: NDArray[np.int64],
    dtype: np.dtype,
    *,
    dt: float,
    bits: int | None,
) -> tuple[kernels.Rows, kernels.Population, Place]:
    joined = affine([layer.connection for _, layer in group.layers], shape, order, dtype)
    targets = _addresses(joined.shape)
    rows = rows_of(joined.matrix, targets)
    scale = np.ones(len(targets))
    if bits is not None:
        rows, scale = rounded(rows, len(targets), bits)
    numbers = constants(group.layers[-1][1].neuron, dt)
    assert numbers is not None  # a network with such neurons has an obstacle
    people = population(numbers, joined.shape, targets, bias=joined.bias[targets], scale=scale)
    return rows, people, Place(0, targets, joined.shape)


def _addresses(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the neuron at each address: channels of images last, so that a pixel's targets follow one another."""
    order = np.arange(prod(shape)).reshape(shape)
    return (np.moveaxis(order, 0, -1) if len(shape) == 3 else order).ravel()


def _spikes_of(raster: Tensor) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the events of one sample, shape (time, neuron...), and where each step begins; a count of 2 is two."""
    flat = raster.detach().flatten(1).numpy()
    steps, addresses = np.nonzero(flat)
    counts = flat[steps, addresses]
    if not np.array_equal(counts, np.ones_like(counts)):
        if (counts < 0).any() or (counts != np.floor(counts)).any():
            raise ModelError(
                "Prepared: takes spikes, or counts of them; got graded values. Use EventDriven() or Batch()."
            )
        repeats = counts.astype(np.int64)
        steps, addresses = np.repeat(steps, repeats), np.repeat(addresses, repeats)
    return addresses.astype(np.int32), np.searchsorted(steps, np.arange(len(flat) + 1)).astype(np.int64)
