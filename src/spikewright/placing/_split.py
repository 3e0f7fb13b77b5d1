"""Cut layers into parts that fit the cores of a chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikewright.chips import Chip
from spikewright.placing._check import unfit
from spikewright.placing._demand import Demand
from spikewright.placing._misfit import Misfit
from spikewright.placing._placement import Share
from spikewright.quantised import IntArray

BLOCK = 64
"""Weights, at most, behind one header in a synapse memory, which is addressed in words of as many bits."""

HEADER_BITS = 10
"""Index of the format (4) and number of weights (6), as NengoLoihi counts them."""

LIMITS = ("neurons_per_core", "synapses_per_core", "synapse_bits_per_core", "axons_in", "axons_out")


def split(chip: Chip, layers: tuple[Demand, ...]) -> list[Share | Misfit]:
    """Return the parts of all layers, or what no core can hold.

    The last layer comes first, because what a neuron needs to send depends on how many cores listen to it. How many of
    its own layer do is known only when that is cut, so all is cut again until no more do than was foreseen.
    """
    foreseen = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    while True:
        found, own = _cut(chip, layers, foreseen)
        if all((own[name] <= count).all() for name, count in foreseen.items()):
            return found
        foreseen = {name: np.maximum(count, own[name]) for name, count in foreseen.items()}


def _cut(
    chip: Chip, layers: tuple[Demand, ...], foreseen: dict[str, IntArray]
) -> tuple[list[Share | Misfit], dict[str, IntArray]]:
    """Return the parts, with room to send to so many cores of a neuron's own layer, and to how many each sends."""
    found: list[Share | Misfit] = []
    cores: list[_Core] = []
    listeners = {layer.name: np.zeros(layer.neurons, np.int64) for layer in layers}
    own: dict[str, IntArray] = {}
    for layer in reversed(layers):
        outside = listeners[layer.name].copy()
        sends = (outside + foreseen[layer.name]) * chip.axons_per_source
        start = 0
        while start < layer.neurons:
            if not cores or cores[-1].full:
                cores.append(_Core(chip, len(cores)))
            part = cores[-1].take(layer, start, sends)
            if part is None and cores[-1].used:
                cores[-1].full = True
                continue
            if part is None:
                found.append(_too_large(chip, layer, start, sends))
                break
            found.append(part)
            _listen(layer, part, listeners)
            start = part.stop
        own[layer.name] = listeners[layer.name] - outside
    if len(cores) > chip.cores:
        change = "Make the largest layers smaller, or spread the network over several chips."
        found.append(unfit(chip, "network", "cores", allowed=chip.cores, needed=len(cores), change=change))
    return found, own


@dataclass
class _Core:
    """What a core still has room for."""

    chip: Chip
    number: int
    full: bool = False
    used: dict[str, int] = field(default_factory=dict)

    def take(self, layer: Demand, start: int, sends: IntArray) -> Share | None:
        """Take as many neurons from ``start`` on as fit, ``None`` if not even one does."""
        limited = tuple(limit for limit in LIMITS if getattr(self.chip, limit) is not None)

        def fits(count: int) -> bool:
            needs = _needs(self.chip, layer, start, start + count, sends, limits=limited)
            return all(self._left(limit) >= needs[limit] for limit in limited)

        count = _largest(fits, self._at_most(layer, start))
        if not count:
            return None
        needs = _needs(self.chip, layer, start, start + count, sends)
        self.used = {limit: self.used.get(limit, 0) + needs[limit] for limit in LIMITS}
        bits = needs["synapse_bits_per_core"] if self.chip.synapse_bits_per_core is not None else None
        return Share(self.number, layer.name, start, start + count, needs["synapses_per_core"], bits, needs["axons_in"])

    def _left(self, limit: str) -> int:
        most: int = getattr(self.chip, limit)
        return most - self.used.get(limit, 0)

    def _at_most(self, layer: Demand, start: int) -> int:
        """Return how many neurons from ``start`` on there are, as far as the core's number of neurons allows."""
        count = layer.neurons - start
        return count if self.chip.neurons_per_core is None else min(count, self._left("neurons_per_core"))


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest count up to ``most`` that fits, where all smaller ones do; small counts are tried first."""
    low, step = 0, 1
    while low < most and fits(min(low + step, most)):
        low, step = min(low + step, most), 2 * step
    high = min(low + step - 1, most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _needs(
    chip: Chip, layer: Demand, start: int, stop: int, sends: IntArray, *, limits: tuple[str, ...] = LIMITS
) -> dict[str, int]:
    """Return what some neurons of a layer take from a core, by the names of limits."""
    begin, end = layer.sources.indptr[start], layer.sources.indptr[stop]
    sources = layer.sources.indices[begin:end]
    needs: dict[str, Callable[[], int]] = {
        "neurons_per_core": lambda: stop - start,
        "synapses_per_core": lambda: int(layer.fan_in[start:stop].sum()),
        "synapse_bits_per_core": lambda: _synapse_bits(chip, layer, sources),
        "axons_in": lambda: int(np.count_nonzero(np.bincount(sources))) * chip.axons_per_source,
        "axons_out": lambda: int(sends[start:stop].sum()),
    }
    return {limit: needs[limit]() for limit in limits}


def _synapse_bits(chip: Chip, layer: Demand, sources: NDArray[np.integer]) -> int:
    """Return the memory for synapses: a shared kernel once, or for each source its weights in blocks."""
    if chip.weight_bits is None or chip.axons_per_source > 1:
        return len(sources)
    bits = chip.weight_bits[-1]
    if chip.weight_sharing and layer.kernel_weights is not None:
        return layer.kernel_weights * bits
    counts = np.bincount(sources)
    blocks, rest = np.divmod(counts[counts > 0], BLOCK)
    whole = _in_words(np.int64(BLOCK * bits + HEADER_BITS))
    partly = np.where(rest > 0, _in_words(rest * bits + HEADER_BITS), 0)
    return int((blocks * whole + partly).sum())


def _in_words(bits: IntArray | np.int64) -> IntArray | np.int64:
    """Fill up to whole words."""
    return -(-bits // BLOCK) * BLOCK


def _listen(layer: Demand, part: Share, listeners: dict[str, IntArray]) -> None:
    """Note that one core more listens to the sources of a part."""
    listened = np.unique(layer.sources[part.start : part.stop].indices)
    begin = 0
    for source, counts in layer.fan_out.items():
        inside = listened[(listened >= begin) & (listened < begin + len(counts))] - begin
        if source in listeners:
            listeners[source][inside] += 1
        begin += len(counts)


def _too_large(chip: Chip, layer: Demand, neuron: int, sends: IntArray) -> Misfit:
    """Return which limit a single neuron exceeds."""
    needs = _needs(chip, layer, neuron, neuron + 1, sends)
    limit = next(limit for limit in LIMITS if (most := getattr(chip, limit)) is not None and needs[limit] > most)
    allowed = getattr(chip, limit)
    changes = {
        "axons_in": f"Let each neuron receive from {allowed // chip.axons_per_source} sources at most.",
        "axons_out": "Let each neuron reach fewer neurons, so that they stand in fewer cores.",
    }
    change = changes.get(limit, "Keep fewer synapses of each neuron, the others at exactly 0.")
    return unfit(chip, layer.name, limit, allowed=allowed, needed=needs[limit], change=change)
