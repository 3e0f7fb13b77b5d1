"""Model files on chips, and in whole numbers: what fits, and what accuracy is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from spikewright.checks import ModelError
from spikewright.chips import load as load_chip
from spikewright.coding import Samples
from spikewright.compare._model_file import open_for
from spikewright.data import FetchProgress
from spikewright.engines import Activity, FixedPoint, run
from spikewright.exchange import ModelFile, Unsaid, open_model
from spikewright.network import Network, blank, raster_shape
from spikewright.placing import Misfits, Placement, place_on
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
    path: str | Path,
    chips: Sequence[str],
    data: str | None = None,
    root: str | Path | None = None,
    *,
    samples: int | None = None,
    unsaid: Unsaid | None = None,
    fetching: FetchProgress | None = None,
) -> tuple[PlacedFile, ...]:
    """Put the network of a model file on chips.

    Parameters
    ----------
    path : path
        A model file.
    chips : sequence of str
        Names of chips.
    data : str, optional
        A data set, on whose test part energy and accuracy are measured.
    root : path, optional
        Where data sets are.
    samples : int, optional
        How many samples of the test part; all by default.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Returns
    -------
    tuple of PlacedFile
        One a chip.

    Raises
    ------
    ModelError
        If a chip is unknown, or the file holds no network, or one for other data.
    """
    known = [load_chip(name) for name in chips]
    if data is None:
        opened = open_model(path, unsaid=unsaid)
        activity = run(opened.network, blank(opened.network, _sample(path, opened)))
        results = place_on(opened.network, known, activity)
        return tuple(PlacedFile(result.chip, _without_energy(result), None, None, "") for result in results)
    fitting = open_for(path, data, root, unsaid, fetching)
    net, (test, labels) = fitting.network, fitting.labelled(samples)
    activity = run(net, test)
    accuracy = activity.accuracy(labels)
    return tuple(
        PlacedFile(result.chip, result, accuracy, *_chip_accuracy(net, result.chip, test, labels))
        for result in place_on(net, known, activity)
    )


def _without_energy(result: Placement | Misfits) -> Placement | Misfits:
    """Leave out what neurons need without a spike, which is not the energy of an inference."""
    return replace(result, energy_pj=None, energy_terms={}) if isinstance(result, Placement) else result


def quantise_file(
    path: str | Path,
    arithmetic: Arithmetic | str,
    data: str | None = None,
    root: str | Path | None = None,
    *,
    samples: int | None = None,
    unsaid: Unsaid | None = None,
    fetching: FetchProgress | None = None,
) -> QuantisedFile:
    """Turn the network of a model file into one of whole numbers; see :func:`place_file` for the parameters.

    Raises
    ------
    ModelError
        If the arithmetic cannot express the network.
    """
    if data is None:
        opened = open_model(path, unsaid=unsaid)
        return QuantisedFile(*_quantised(opened.network, _sample(path, opened), arithmetic), None, None)
    fitting = open_for(path, data, root, unsaid, fetching)
    net, (test, labels) = fitting.network, fitting.labelled(samples)
    found = _quantised(net, fitting.dataset.shape.sample, arithmetic)
    left = _run_whole(net, test, arithmetic).accuracy(labels)
    return QuantisedFile(*found, run(net, test).accuracy(labels), left)


def _quantised(
    net: Network, sample: tuple[int, ...], arithmetic: Arithmetic | str
) -> tuple[str, tuple[QuantisedLayer, ...]]:
    integer = quantise(net, raster_shape(net, sample), arithmetic)
    layers = []
    for layer in integer.layers:
        largest = max((int(abs(each.weights).max(initial=0)) for each in layer.synapses), default=0)
        count = sum(len(each.weights) for each in layer.synapses)
        bits = largest.bit_length() + 1
        layers.append(QuantisedLayer(layer.name, len(layer.step), count, largest, bits, layer.error))
    return str(integer.arithmetic), tuple(layers)


def _chip_accuracy(net: Network, chip: str, test: Samples, labels: Tensor) -> tuple[float | None, str]:
    """Return the accuracy in the arithmetic of a chip, or why there is none."""
    try:
        return _run_whole(net, test, chip).accuracy(labels), ""
    except ModelError as error:
        return None, str(error)


def _run_whole(net: Network, test: Samples, chip: Arithmetic | str) -> Activity:
    return run(net, test, FixedPoint(chip))


def _sample(path: str | Path, opened: ModelFile) -> tuple[int, ...]:
    if opened.sample is None:
        raise ModelError(f"{path}: does not say the shape of a sample. Name the data it is for.")
    return opened.sample
