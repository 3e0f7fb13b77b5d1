"""The limits of a chip that do not depend on where neurons stand."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from spikewright.checks import ModelError
from spikewright.chips import Chip
from spikewright.network import INPUT, Network, signals
from spikewright.placing._demand import Demand
from spikewright.placing._misfit import Misfit


def unfit(chip: Chip, layer: str, limit: str, *, allowed: object, needed: object, change: str) -> Misfit:
    """Return a misfit with the source of the limit."""
    return Misfit(layer, limit, _said(allowed), _said(needed), change, chip.sources[limit])


def check_layers(net: Network, chip: Chip, layers: tuple[Demand, ...], shape: tuple[int, ...]) -> Iterator[Misfit]:
    """Yield all that is wrong with single layers and with the ends of the network."""
    yield from _input(net, chip, layers, shape)
    for layer in layers:
        yield from _neurons(chip, layer)
        yield from _connections(chip, layer)
    yield from _fan_out(chip, layers)
    yield from _ends(chip, layers)


def _input(net: Network, chip: Chip, layers: tuple[Demand, ...], shape: tuple[int, ...]) -> Iterator[Misfit]:
    if not signals(net)[INPUT].spiking and not chip.analog_input:
        change = "Use a code of spikes, such as Poisson or Latency."
        yield unfit(chip, INPUT, "analog_input", allowed="spikes", needed="analog values", change=change)
    if chip.inputs is not None and prod(shape) > chip.inputs:
        change = f"Pool or choose inputs until {chip.inputs} are left."
        yield unfit(chip, INPUT, "inputs", allowed=chip.inputs, needed=prod(shape), change=change)
    reached = sum(layer.neurons for layer in layers if INPUT in layer.fan_out)
    if chip.input_neurons is not None and reached > chip.input_neurons:
        change = f"Let the inputs reach a first layer of {chip.input_neurons} neurons, and go on from there."
        yield unfit(chip, INPUT, "input_neurons", allowed=chip.input_neurons, needed=reached, change=change)


def _neurons(chip: Chip, layer: Demand) -> Iterator[Misfit]:
    kind = type(layer.neuron).__name__
    if kind not in chip.neurons:
        change = f"Train with {chip.neurons[0]} neurons."
        yield unfit(chip, layer.name, "neurons", allowed=", ".join(chip.neurons), needed=kind, change=change)
    elif layer.neuron.spiking and layer.reset not in chip.resets:
        change = {"subtract": "Use v_reset=None.", "zero": "Use v_reset=0."}.get(chip.resets[0], "Use v_reset=0.")
        yield unfit(chip, layer.name, "resets", allowed=", ".join(chip.resets), needed=layer.reset, change=change)
    if layer.bias and not chip.bias:
        change = "Train without a bias."
        yield unfit(chip, layer.name, "bias", allowed="none", needed="a bias", change=change)


def _connections(chip: Chip, layer: Demand) -> Iterator[Misfit]:
    if layer.recurrent and not chip.recurrent:
        change = "Leave the recurrent connection out."
        yield unfit(chip, layer.name, "recurrent", allowed="none", needed="a recurrent connection", change=change)
    if chip.delay is not None and layer.delay > chip.delay:
        change = f"Use delays of at most {chip.delay} steps."
        yield unfit(chip, layer.name, "delay", allowed=chip.delay, needed=layer.delay, change=change)
    most = int(layer.fan_in.max(initial=0))
    if chip.fan_in is not None and most > chip.fan_in:
        share = chip.fan_in / most
        change = f"Keep {chip.fan_in} synapses of each neuron ({share:.1%} of the largest), the others at exactly 0."
        yield unfit(chip, layer.name, "fan_in", allowed=chip.fan_in, needed=most, change=change)


def _fan_out(chip: Chip, layers: tuple[Demand, ...]) -> Iterator[Misfit]:
    """Yield the layers whose neurons reach too many others; inputs have no such limit of their own."""
    if chip.fan_out is None:
        return
    for layer in layers:
        reached = [target.fan_out[layer.name] for target in layers[:-1] if layer.name in target.fan_out]
        most = int(np.sum(reached, axis=0).max(initial=0)) if reached else 0
        if most > chip.fan_out:
            change = f"Keep {chip.fan_out} synapses of each source neuron, the others at exactly 0."
            yield unfit(chip, layer.name, "fan_out", allowed=chip.fan_out, needed=most, change=change)


def _ends(chip: Chip, layers: tuple[Demand, ...]) -> Iterator[Misfit]:
    last = layers[-1]
    if chip.outputs is not None and last.neurons > chip.outputs:
        change = f"Read out {chip.outputs} neurons, of fewer classes or in a code."
        yield unfit(chip, last.name, "outputs", allowed=chip.outputs, needed=last.neurons, change=change)
    senders = sum(len(counts) for source, counts in last.fan_out.items() if source not in (INPUT, last.name))
    if chip.output_sources is not None and senders > chip.output_sources:
        change = f"Let the last layer receive from {chip.output_sources} neurons."
        yield unfit(chip, last.name, "output_sources", allowed=chip.output_sources, needed=senders, change=change)


def _said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def check_chain(error: ModelError, chip: Chip) -> Misfit:
    """Return the misfit of a network that is no sum over synapses."""
    needed, _, change = str(error).partition(". ")
    return Misfit("network", "connections", "linear connections", needed, change or "Change the layer.", chip.title)
