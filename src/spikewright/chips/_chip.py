"""What a chip can hold and do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Energy:
    """Published energies and latencies of a chip; ``None`` where nothing citable was found.

    Parameters
    ----------
    synaptic_operation : float or None
        Energy of a spike at one synapse in pJ.
    neuron_update : float or None
        Energy of one neuron in one step in pJ.
    spike : float or None
        Energy of sending one spike in pJ, without its way through the network.
    step_seconds : float or None
        Least time of a step in seconds, as far as the chip's synchronisation sets it.
    """

    synaptic_operation: float | None = None
    neuron_update: float | None = None
    spike: float | None = None
    step_seconds: float | None = None


@dataclass(frozen=True)
class ConvolutionCores:
    """Cores that each run one convolution and the pool behind it; the first three list one entry a core.

    Parameters
    ----------
    kernel_memory, neuron_memory, bias_memory : tuple of int
        Weights, potentials and biases that each core holds.
    kernel_size : int
        Largest height and width of a kernel.
    channels : int
        Most channels before or behind a convolution.
    strides, pools : tuple of int
        Those that are allowed.
    padding : int
        Largest padding.
    input_size, output_size : int
        Largest height and width of an image before and behind a convolution.
    destinations : int
        Cores that one core can send to.
    """

    kernel_memory: tuple[int, ...]
    neuron_memory: tuple[int, ...]
    bias_memory: tuple[int, ...]
    kernel_size: int
    channels: int
    strides: tuple[int, ...]
    pools: tuple[int, ...]
    padding: int
    input_size: int
    output_size: int
    destinations: int


@dataclass(frozen=True)
class LayerRules:
    """Which convolutions a chip of artificial layers has; kernels are square.

    Parameters
    ----------
    input_kernel_sizes, input_strides, input_channels : tuple of int
        Those that the layer which receives images may have; the first number of channels is that of grey images.
    input_width : int
        Largest width of an image.
    input_filters, input_filters_in_colour : tuple of int
        Most filters of that layer, for each of its kernel sizes.
    kernel_sizes, strides : tuple of int
        Those that a layer behind it may have.
    strided_kernel_sizes : tuple of int
        Kernels that may have a stride above 1.
    """

    input_kernel_sizes: tuple[int, ...]
    input_strides: tuple[int, ...]
    input_channels: tuple[int, ...]
    input_width: int
    input_filters: tuple[int, ...]
    input_filters_in_colour: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    strides: tuple[int, ...]
    strided_kernel_sizes: tuple[int, ...]


@dataclass(frozen=True)
class Chip:
    """Limits of a chip, each from a source that :attr:`sources` names; ``None`` means no limit that could be cited.

    Parameters
    ----------
    name : str
        As commands take it, such as ``"xylo-audio-2"``.
    title, maker : str
        What people call it, and who made it.
    year : int
        Of the paper or product.
    cores : int
        Cores that hold neurons.
    neurons_per_core : int or None
        Most neurons in a core.
    inputs, outputs : int or None
        Most channels into the chip, and most neurons that can be read out.
    input_neurons, output_sources : int or None
        Most neurons that receive from the inputs, and that the outputs receive from.
    weight_bits : tuple of int or None
        Widths that a weight may have, its sign included, in rising order.
    state_bits : int or None
        Width of a potential.
    synapses_per_core, synapse_bits_per_core : int or None
        Most synapses of a core, or bits of its memory for them.
    fan_in, fan_out : int or None
        Most synapses of a neuron, at either end.
    axons_in, axons_out : int or None
        Most different sources that a core receives from, and most destinations that it sends to, a destination being
        one neuron's spikes to one core.
    axons_per_source : int
        Axons that one source takes in a core, where weights of several bits are put together from axons.
    delay : int or None
        Longest delay of a connection in steps.
    neurons : tuple of str
        Neuron models of this package that the chip has.
    resets : tuple of str
        ``"subtract"``, ``"zero"``, ``"value"``: what can happen to the potential at a spike.
    analog_input : bool
        Whether the first layer can receive values that are no spikes.
    bias : bool
        Whether a neuron can receive a constant charge.
    weight_sharing : bool
        Whether a kernel is stored once for all its places.
    recurrent : bool
        Whether a layer can send to itself.
    learning : str
        What can be learned on the chip; empty for nothing.
    arithmetic : str
        Name of its integer arithmetic in :mod:`spikewright.quantised`; empty where there is none.
    convolution : ConvolutionCores or None
        For chips whose cores run convolutions.
    layers : LayerRules or None
        For chips that take only some layers.
    energy : Energy
        Published figures.
    sources : mapping of str to str
        For every figure by its name, where it is from.
    """

    name: str
    title: str
    maker: str
    year: int
    cores: int
    neurons_per_core: int | None
    inputs: int | None
    outputs: int | None
    input_neurons: int | None
    output_sources: int | None
    weight_bits: tuple[int, ...] | None
    state_bits: int | None
    synapses_per_core: int | None
    synapse_bits_per_core: int | None
    fan_in: int | None
    fan_out: int | None
    axons_in: int | None
    axons_out: int | None
    axons_per_source: int
    delay: int | None
    neurons: tuple[str, ...]
    resets: tuple[str, ...]
    analog_input: bool
    bias: bool
    weight_sharing: bool
    recurrent: bool
    learning: str
    arithmetic: str
    convolution: ConvolutionCores | None
    layers: LayerRules | None
    energy: Energy
    sources: Mapping[str, str]

    # A view that cannot be changed can be neither copied nor pickled, and estimators are.
    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "sources": dict(self.sources)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, sources=MappingProxyType(state["sources"]))
