"""What the test part says of a network: accuracy, cost, energy, and what the report draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from spikewright.compare._model_file import labels_as_outputs, open_for
from spikewright.compare._record import SampleView
from spikewright.compare._verdict import ChipVerdict, verdicts
from spikewright.cost import compare_energies, measure
from spikewright.data import FetchProgress, Part
from spikewright.engines import Activity, run
from spikewright.exchange import Unsaid
from spikewright.network import INPUT, Network
from spikewright.spikes import Events

_SAMPLES_DRAWN = 3
_EVENTS_DRAWN = 1000
_PIXELS_DRAWN = 64
_CHANNELS_DRAWN = 3


@dataclass(frozen=True)
class Evaluation:
    """What the test part says of a network; the fields are those of :class:`~spikewright.compare.Record`."""

    accuracy: float
    steps: int
    latency_steps: float
    spikes: float
    input_events: float
    synaptic_operations: float
    multiply_accumulates: float
    neuron_updates: float
    parameters: int
    weight_bytes: int
    state_bytes: int
    energy_pj: dict[str, float]
    effective_multiply_accumulates: float
    artificial_energy_pj: dict[str, float]
    spikes_per_synapse: float | None
    break_even: dict[str, float | None]
    chips: dict[str, ChipVerdict] | None
    accuracy_over_time: list[float]
    spikes_per_layer: dict[str, float]
    neurons_per_layer: dict[str, int]
    confusion: list[list[int]]
    samples: list[SampleView]


def evaluate(net: Network, test: Part, outputs: Sequence[int], classes: int) -> Evaluation:
    """Run a network on a test part and count.

    Parameters
    ----------
    net : Network
        What was trained.
    test : Part
        Samples and labels.
    outputs : sequence of int
        For each output of the network the class that it stands for.
    classes : int
        Number of classes.
    """
    activity = run(net, test.x)
    cost = measure(net, activity)
    total, compared = cost.total, compare_energies(cost)
    named = np.asarray(outputs)
    labels = labels_as_outputs(test.y, named, classes)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (test.y, named[activity.decisions[-1].numpy()]), 1)
    return Evaluation(
        accuracy=activity.accuracy(labels),
        steps=activity.steps,
        latency_steps=cost.latency_steps,
        spikes=total.spikes,
        input_events=cost.input_events,
        synaptic_operations=total.synaptic_operations,
        multiply_accumulates=total.multiply_accumulates,
        neuron_updates=total.neuron_updates,
        parameters=total.parameters,
        weight_bytes=total.weight_bytes,
        state_bytes=total.state_bytes,
        energy_pj={entry.model: entry.energy_pj for entry in compared},
        effective_multiply_accumulates=total.effective_multiply_accumulates,
        artificial_energy_pj={entry.model: entry.artificial_pj for entry in compared},
        spikes_per_synapse=cost.spikes_per_synapse,
        break_even={entry.model: entry.break_even for entry in compared},
        chips=verdicts(net, activity, cost),
        accuracy_over_time=activity.accuracy_over_time(labels).tolist(),
        spikes_per_layer={name: float(activity.layers[name].per_sample.mean()) for name in _spiking(net)},
        neurons_per_layer={name: prod(activity.layers[name].shape) for name in _spiking(net)},
        confusion=confusion.tolist(),
        samples=_views(net, test, named),
    )


def evaluate_file(
    path: str | Path,
    data: str,
    root: str | Path | None = None,
    unsaid: Unsaid | None = None,
    fetching: FetchProgress | None = None,
) -> Evaluation:
    """Run the network of a model file on the test part of a data set.

    Parameters
    ----------
    path : path
        The model file.
    data : str
        Name or path of a data set.
    root : path, optional
        Folder of the data files.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Raises
    ------
    ModelError
        If the file holds no network, or one for other classes or samples of another shape.
    DataError
        If the data set is unknown or damaged.
    """
    opened = open_for(path, data, root, unsaid, fetching)
    return evaluate(opened.network, opened.dataset.read_test(), opened.outputs, len(opened.dataset.classes))


def _views(net: Network, test: Part, outputs: NDArray[np.int64]) -> list[SampleView]:
    """Run the first sample of each of a few classes again, with rasters."""
    _, first = np.unique(test.y, return_index=True)
    index = sorted(first.tolist())[:_SAMPLES_DRAWN]
    x = test.x[index] if isinstance(test.x, np.ndarray) else [test.x[number] for number in index]
    activity = run(net, x, rasters=True)
    return [
        SampleView(
            label=int(test.y[number]),
            decision=int(outputs[int(activity.decisions[-1, place])]),
            image=_image(test.x[number]),
            events=_events(net, activity, place),
        )
        for place, number in enumerate(index)
    ]


def _events(net: Network, activity: Activity, sample: int) -> dict[str, list[list[int]]]:
    rasters = {name: activity.rasters[name][:, sample].flatten(1) for name in _spiking(net)}
    return {name: raster.nonzero()[:_EVENTS_DRAWN].tolist() for name, raster in rasters.items()}


def _spiking(net: Network) -> list[str]:
    """Return the names of the layers whose neurons spike, ``"input"`` first if the encoder does."""
    spiking = [INPUT] if net.encoder.spiking else []
    return spiking + [name for name, layer, _ in net.sources() if layer.neuron is not None and layer.neuron.spiking]


def _image(sample: NDArray[np.float32] | Events) -> list[list[list[int]]]:
    """Return a sample as channels of rows of whole numbers from 0 to 255, at most three channels and not too large."""
    if isinstance(sample, Events):
        counts = np.bincount(sample.addresses, minlength=prod(sample.shape)).reshape(sample.shape)
        sample = counts.astype(np.float32) / max(1, counts.max())
    x = torch.tensor(np.asarray(sample), dtype=torch.float32)
    x = x.reshape(1, 1, -1) if x.ndim == 1 else x.reshape(-1, *x.shape[-2:])
    low, high = min(0.0, float(x.min())), max(1.0, float(x.max()))
    x = (x - low) / (high - low)
    x = x.mean(0, keepdim=True) if len(x) > _CHANNELS_DRAWN else x
    rows, columns = (min(size, _PIXELS_DRAWN) for size in x.shape[1:])
    small = functional.adaptive_avg_pool2d(x, (rows, columns))
    return (small * 255).round().to(torch.int64).tolist()
