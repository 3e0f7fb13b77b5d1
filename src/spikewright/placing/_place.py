"""Put a network on a chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import ModelError
from spikewright.chips import Chip, load
from spikewright.engines import Activity
from spikewright.network import INPUT, Network
from spikewright.placing._check import check_chain, check_layers
from spikewright.placing._convolutions import convolve
from spikewright.placing._demand import Demand, demands
from spikewright.placing._layer_rules import check_rules
from spikewright.placing._misfit import Misfit, Misfits
from spikewright.placing._placement import Placement, Share
from spikewright.placing._split import split


def place(net: Network, chip: Chip | str, activity: Activity) -> Placement | Misfits:
    """Put a network on a chip, or say all that does not fit.

    Layers are cut into parts that fit a core: neurons, synapses and their memory, sources that a core listens to and
    destinations that it sends to are counted from the network's own connections. A core may hold parts of several
    layers. On chips whose cores run convolutions each layer takes a core of its own.

    Parameters
    ----------
    net : Network
        What to place.
    chip : Chip or str
        The chip, or its name.
    activity : Activity
        Of a run of the network: says the shape of its input, and the spikes that cost energy.

    Returns
    -------
    Placement or Misfits
        Ask its ``fits``.
    """
    return place_on(net, (load(chip) if isinstance(chip, str) else chip,), activity)[0]


def place_on(net: Network, chips: Sequence[Chip], activity: Activity) -> tuple[Placement | Misfits, ...]:
    """Put a network on each of several chips; its synapses are counted once. See :func:`place`."""
    try:
        layers = demands(net, activity.layers[INPUT].shape)
    except ModelError as error:
        return tuple(Misfits(chip.name, (check_chain(error, chip),)) for chip in chips)
    return tuple(_placed(net, chip, layers, activity) for chip in chips)


def _placed(net: Network, chip: Chip, layers: tuple[Demand, ...], activity: Activity) -> Placement | Misfits:
    parts = _parts(net, chip, layers, activity.layers[INPUT].shape)
    shares = tuple(part for part in parts if isinstance(part, Share))
    found = tuple(part for part in parts if isinstance(part, Misfit))
    if found:
        return Misfits(chip.name, found)
    terms = _energy(chip, layers, activity)
    step = chip.energy.step_seconds
    return Placement(
        chip=chip.name,
        cores=chip.cores,
        shares=shares,
        energy_pj=sum(terms.values()) if terms else None,
        energy_terms=terms,
        step_seconds=step,
        latency_seconds=None if step is None else step * activity.steps,
    )


def misfits(net: Network, chip: Chip | str, shape: tuple[int, ...]) -> tuple[Misfit, ...]:
    """Return all of a network that does not fit a chip, without a run of it; nothing if it fits.

    Parameters
    ----------
    net : Network
        What to place; a weight of exactly 0 is no synapse.
    chip : Chip or str
        The chip, or its name.
    shape : tuple of int
        Shape of the raster for one sample and step.
    """
    chip = load(chip) if isinstance(chip, str) else chip
    try:
        layers = demands(net, shape)
    except ModelError as error:
        return (check_chain(error, chip),)
    return tuple(part for part in _parts(net, chip, layers, shape) if isinstance(part, Misfit))


def _parts(net: Network, chip: Chip, layers: tuple[Demand, ...], shape: tuple[int, ...]) -> list[Share | Misfit]:
    """Return where each part of a network stands, and all that is in the way."""
    parts = split(chip, layers) if chip.convolution is None else convolve(chip, layers, shape)
    return [*check_layers(net, chip, layers, shape), *check_rules(chip, layers, shape), *parts]


def _energy(chip: Chip, layers: tuple[Demand, ...], activity: Activity) -> dict[str, float]:
    """Return the energy of an inference by what it is for, in pJ, from the spikes that occurred."""
    energy = chip.energy
    if energy.synaptic_operation is None:
        return {}

    def sent(name: str) -> NDArray[np.float64]:
        spikes: NDArray[np.float64] = activity.layers[name].per_neuron.flatten().numpy() / activity.samples
        return spikes

    operations = sum(float(sent(source) @ counts) for layer in layers for source, counts in layer.fan_out.items())
    terms = {"synaptic operations": energy.synaptic_operation * operations}
    if energy.neuron_update is not None:
        terms["neuron updates"] = energy.neuron_update * sum(layer.neurons for layer in layers) * activity.steps
    if energy.spike is not None:
        terms["spikes"] = energy.spike * sum(float(sent(layer.name).sum()) for layer in layers)
    return terms
