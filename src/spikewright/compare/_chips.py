"""Model files on chips, and in whole numbers: what fits, and what accuracy is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spikewright.checks import ModelError
from spikewright.chips import load as load_chip
from spikewright.coding import Samples
from spikewright.compare._model_file import open_for
from spikewright.engines import Activity, FixedPoint, run
from spikewright.exchange import open_network, open_sample
from spikewright.network import Network, blank, raster_shape
from spikewright.placing import Misfits, Placement, place
from spikewright.quantised import Arithmetic, quantise


@dataclass(frozen=True)
class PlacedFile:
    """What is known of a model file on a chip.

    Parameters
    ----------
    chip : str
        Name of the chip.
    result : Placement or Misfits
        Where it stands, or what does not fit. Without data there is no energy, because there are no spikes.
    accuracy : float or None
        On the test part, as given; ``None`` without data.
    chip_accuracy : float or None
        In the chip's own arithmetic; ``None`` without data, or where :attr:`reason` says why.
    reason : str
        Why the network cannot be run in the chip's arithmetic; empty if it can, or was not asked to.
    """

    chip: str
    result: Placement | Misfits
    accuracy: float | None
    chip_accuracy: float | None
    reason: str


@dataclass(frozen=True)
class QuantisedLayer:
    """A layer in whole numbers: the largest weight, bits that the weights take, synapses left, and rounding error."""

    name: str
    neurons: int
    synapses: int
    largest_weight: int
    weight_bits: int
    error: float


@dataclass(frozen=True)
class QuantisedFile:
    """What is known of a model file in whole numbers; accuracies on the test part, ``None`` without data."""

    arithmetic: str
    layers: tuple[QuantisedLayer, ...]
    accuracy: float | None
    whole_accuracy: float | None


def place_file(
    path: str | Path, chip: str, data: str | None = None, root: str | Path | None = None, samples: int | None = None
) -> PlacedFile:
    """Put the network of a model file on a chip.

    Parameters
    ----------
    path : path
        A model file.
    chip : str
        Name of a chip.
    data : str, optional
        A data set, on whose test part energy and accuracy are measured.
    root : path, optional
        Where data sets are.
    samples : int, optional
        How many samples of the test part; all by default.

    Raises
    ------
    ModelError
        If the file holds no network, or one for other data.
    """
    load_chip(chip)
    if data is None:
        net = open_network(path)
        return PlacedFile(chip, place(net, chip, run(net, blank(net, _sample(path)))), None, None, "")
    opened = open_for(path, data, root)
    net, (test, labels) = opened.network, opened.labelled(samples)
    activity = run(net, test)
    result = place(net, chip, activity)
    reason, left = "", None
    try:
        left = _run_whole(net, test, chip).accuracy(labels)
    except ModelError as error:
        reason = str(error)
    return PlacedFile(chip, result, activity.accuracy(labels), left, reason)


def quantise_file(
    path: str | Path,
    arithmetic: Arithmetic | str,
    data: str | None = None,
    root: str | Path | None = None,
    samples: int | None = None,
) -> QuantisedFile:
    """Turn the network of a model file into one of whole numbers; see :func:`place_file` for the parameters.

    Raises
    ------
    ModelError
        If the arithmetic cannot express the network.
    """
    opened = None if data is None else open_for(path, data, root)
    net = open_network(path) if opened is None else opened.network
    sample = _sample(path) if opened is None else opened.dataset.shape.sample
    integer = quantise(net, raster_shape(net, sample), arithmetic)
    layers = []
    for layer in integer.layers:
        largest = max((int(abs(each.weights).max(initial=0)) for each in layer.synapses), default=0)
        count = sum(len(each.weights) for each in layer.synapses)
        bits = largest.bit_length() + 1
        layers.append(QuantisedLayer(layer.name, len(layer.step), count, largest, bits, layer.error))
    name = str(integer.arithmetic)
    if opened is None:
        return QuantisedFile(name, tuple(layers), None, None)
    test, labels = opened.labelled(samples)
    left = _run_whole(net, test, arithmetic).accuracy(labels)
    return QuantisedFile(name, tuple(layers), run(net, test).accuracy(labels), left)


def _run_whole(net: Network, test: Samples, chip: Arithmetic | str) -> Activity:
    return run(net, test, FixedPoint(chip))


def _sample(path: str | Path) -> tuple[int, ...]:
    sample = open_sample(path)
    if sample is None:
        raise ModelError(f"{path}: does not say the shape of a sample. Name the data it is for.")
    return sample
