"""Rules for the layers of chips that take only some convolutions."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from spikewright.chips import Chip, LayerRules
from spikewright.network import INPUT
from spikewright.placing._check import unfit
from spikewright.placing._demand import Demand
from spikewright.placing._misfit import Misfit


def check_rules(chip: Chip, layers: tuple[Demand, ...], shape: tuple[int, ...]) -> Iterator[Misfit]:
    """Yield the convolutions that a chip does not have."""
    rules = chip.layers
    if rules is None:
        return
    for layer in layers:
        last = layer.connections[-1] if layer.connections else None
        if isinstance(last, nn.Conv2d):
            given = _of_input(rules, last, shape) if INPUT in layer.fan_out else _inside(rules, last)
            for limit, allowed, needed in given:
                change = f"Use a convolution that the chip has: {_said(allowed)}."
                yield unfit(chip, layer.name, limit, allowed=_said(allowed), needed=_said(needed), change=change)


def _of_input(
    rules: LayerRules, it: nn.Conv2d, shape: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Yield limit, what is allowed and what is needed, of the convolution that receives the images."""
    if not _is_one_of(it.kernel_size, rules.input_kernel_sizes):
        yield "input_kernel_sizes", rules.input_kernel_sizes, it.kernel_size
    if not set(it.stride) <= set(rules.input_strides):
        yield "input_strides", rules.input_strides, it.stride
    if it.in_channels not in rules.input_channels:
        yield "input_channels", rules.input_channels, (it.in_channels,)
    if shape[-1] > rules.input_width:
        yield "input_width", (rules.input_width,), (shape[-1],)
    if it.in_channels in rules.input_channels and it.kernel_size[0] in rules.input_kernel_sizes:
        grey = it.in_channels == rules.input_channels[0]
        limit = "input_filters" if grey else "input_filters_in_colour"
        most: tuple[int, ...] = getattr(rules, limit)
        allowed = most[rules.input_kernel_sizes.index(it.kernel_size[0])]
        if it.out_channels > allowed:
            yield limit, (allowed,), (it.out_channels,)


def _inside(rules: LayerRules, it: nn.Conv2d) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Yield the same of a convolution that receives activations."""
    if not _is_one_of(it.kernel_size, rules.kernel_sizes):
        yield "kernel_sizes", rules.kernel_sizes, it.kernel_size
    if not set(it.stride) <= set(rules.strides):
        yield "strides", rules.strides, it.stride
    elif max(it.stride) > 1 and it.kernel_size[0] not in rules.strided_kernel_sizes:
        yield "strided_kernel_sizes", rules.strided_kernel_sizes, it.kernel_size


def _is_one_of(size: tuple[int, ...], allowed: tuple[int, ...]) -> bool:
    """Return whether a kernel is square and of an allowed size."""
    return len(set(size)) == 1 and size[0] in allowed


def _said(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
