"""Layers on cores that each run one convolution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy
from torch import nn

from spikewright.chips import Chip, ConvolutionCores
from spikewright.network import INPUT, SumPool2d, output_shape
from spikewright.placing._check import unfit
from spikewright.placing._demand import Demand
from spikewright.placing._misfit import Misfit
from spikewright.placing._placement import Share


class Convolution(NamedTuple):
    """A layer as such a core runs it: a pool, then a convolution; shapes are (channel, row, column)."""

    pool: int
    before: tuple[int, int, int]
    after: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]
    groups: int

    @property
    def kernel_memory(self) -> int:
        r"""Entries of kernel memory, :math:`c\,2^{\lceil\log_2 k_x k_y\rceil + \lceil\log_2 f\rceil}`."""
        return self.before[0] * _power(self.kernel[0] * self.kernel[1]) * _power(self.after[0])

    @property
    def neuron_memory(self) -> int:
        r"""Entries of neuron memory, :math:`f\,2^{\lceil\log_2 f_y\rceil + \lceil\log_2 f_x\rceil}`.

        The formula of the software that fills the chip; its documentation has the same without rounding up.
        """
        return self.after[0] * _power(self.after[1]) * _power(self.after[2])


def convolve(chip: Chip, layers: tuple[Demand, ...], shape: tuple[int, ...]) -> list[Share | Misfit]:
    """Return one share for each layer, on a core whose memories hold it, or what does not fit."""
    cores = chip.convolution
    assert cores is not None  # the caller asks for such chips
    shapes = {INPUT: shape} | {layer.name: layer.shape for layer in layers}
    found: list[Share | Misfit] = []
    asked = []
    for layer in layers:
        convolution = convolution_of(layer, shapes)
        if convolution is None:
            change = "Use a chain of Conv2d or Linear layers, with SumPool2d of equal window and stride between them."
            needed = " + ".join(type(connection).__name__ for connection in layer.connections) or "no weights"
            found.append(unfit(chip, layer.name, "kernel_memory", allowed="convolutions", needed=needed, change=change))
            continue
        found += _misfits(chip, cores, layer, convolution)
        asked.append((layer, convolution))
    found += _destinations(chip, cores, layers)
    if found:
        return found
    return _matched(chip, cores, asked)


def convolution_of(layer: Demand, shapes: dict[str, tuple[int, ...]]) -> Convolution | None:
    """Return a layer as a convolution, ``None`` if it is none; the kernel of a dense layer is the whole image."""
    if len(layer.fan_out) != 1 or not layer.connections:
        return None
    *before, last = layer.connections
    shape = shapes[next(iter(layer.fan_out))]
    image: tuple[int, ...] = shape if len(shape) == 3 else (shape[0], 1, 1)
    pool = 1
    for connection in before:
        if isinstance(connection, SumPool2d):
            pool *= connection.kernel_size
            image = output_shape(connection, image)
        elif not isinstance(connection, nn.Flatten):
            return None
    if isinstance(last, nn.Linear):
        size = (image[1], image[2])
        return Convolution(pool, _three(image), (last.out_features, 1, 1), size, (1, 1), (0, 0), 1)
    if not isinstance(last, nn.Conv2d) or last.dilation != (1, 1) or isinstance(last.padding, str):
        return None
    windows = _two(last.kernel_size), _two(last.stride), _two(last.padding)
    return Convolution(pool, _three(image), _three(layer.shape), *windows, last.groups)


def _misfits(chip: Chip, cores: ConvolutionCores, layer: Demand, it: Convolution) -> Iterator[Misfit]:
    biggest = max(it.kernel)
    limits = (
        (
            "kernel_size",
            cores.kernel_size,
            biggest,
            f"Use kernels of {cores.kernel_size}.",
        ),
        ("channels", cores.channels, max(it.before[0], it.after[0]), "Use fewer channels or neurons."),
        ("padding", cores.padding, max(it.padding), "Pad less."),
        ("input_size", cores.input_size, max(it.before[1:]), "Pool before this layer."),
        ("output_size", cores.output_size, max(it.after[1:]), "Use a larger stride, or pool before this layer."),
        ("kernel_memory", max(cores.kernel_memory), it.kernel_memory, "Use fewer channels, or pool before this layer."),
        ("neuron_memory", max(cores.neuron_memory), it.neuron_memory, "Use fewer channels, or a larger stride."),
        ("bias_memory", max(cores.bias_memory), it.after[0] * layer.bias, "Train without a bias."),
    )
    for name, allowed, needed, change in limits:
        if needed > allowed:
            yield unfit(chip, layer.name, name, allowed=allowed, needed=needed, change=change)
    for name, kept, used in (("strides", cores.strides, it.strides), ("pools", cores.pools, (it.pool,))):
        odd = [value for value in used if value not in kept]
        if odd:
            yield unfit(chip, layer.name, name, allowed=kept, needed=odd[0], change=f"Use one of {kept}.")
    if it.groups > 1:
        yield unfit(chip, layer.name, "channels", allowed="one group", needed=it.groups, change="Use groups=1.")


def _destinations(chip: Chip, cores: ConvolutionCores, layers: tuple[Demand, ...]) -> Iterator[Misfit]:
    for layer in layers:
        targets = sum(layer.name in target.fan_out for target in layers)
        if targets > cores.destinations:
            change = f"Let each layer feed {cores.destinations} others at most."
            yield unfit(chip, layer.name, "destinations", allowed=cores.destinations, needed=targets, change=change)


def _matched(chip: Chip, cores: ConvolutionCores, asked: list[tuple[Demand, Convolution]]) -> list[Share | Misfit]:
    """Give each layer a core of its own that is large enough, as far as there are any."""
    fits = np.array(
        [
            [
                it.kernel_memory <= kernel and it.neuron_memory <= neuron and it.after[0] * layer.bias <= bias
                for kernel, neuron, bias in zip(
                    cores.kernel_memory, cores.neuron_memory, cores.bias_memory, strict=True
                )
            ]
            for layer, it in asked
        ]
    )
    matching = scipy.sparse.csgraph.maximum_bipartite_matching(scipy.sparse.csr_array(fits), perm_type="column")
    found: list[Share | Misfit] = []
    for core, (layer, it) in zip(matching.tolist(), asked, strict=True):
        if core >= 0:
            synapses = int(layer.fan_in.sum())
            found.append(Share(core, layer.name, 0, layer.neurons, synapses, it.kernel_memory * 8, it.before[0]))
            continue
        change = "Make layers smaller, so that they fit other cores, or use fewer."
        needed = f"a core of its own with {it.kernel_memory:,} weights and {it.neuron_memory:,} neurons"
        allowed = f"{chip.cores} cores, those that are large enough taken"
        found.append(unfit(chip, layer.name, "cores", allowed=allowed, needed=needed, change=change))
    return found


def _power(value: int) -> int:
    """Return the power of 2 from ``value`` on."""
    return 1 << (value - 1).bit_length()


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    channels, rows, columns = shape
    return channels, rows, columns


def _two(sizes: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = sizes
    return rows, columns
