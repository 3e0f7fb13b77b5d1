"""How far a converted network is from the artificial one: layer by layer, and over the length of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import check_count
from spikewright.coding import Samples
from spikewright.learners._conversion import Conversion
from spikewright.network import Network


@dataclass(frozen=True)
class LayerError:
    """What became of the activations of one layer.

    Parameters
    ----------
    name : str
        Of the layer.
    scale : float
        Activation that a spike a step stands for.
    error : float
        Euclidean distance of rates times scale from activations, over the length of the activations; 0 is perfect.
    clipped : float
        Fraction of the positive activations that are above the scale, so that no rate can stand for them.
    rate : float
        Spikes a neuron and step.
    """

    name: str
    scale: float
    error: float
    clipped: float
    rate: float


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion lost.

    Parameters
    ----------
    artificial_accuracy : float
        Of the artificial network.
    accuracy_over_time : list of float
        Of the spiking network, after each step.
    layers : list of LayerError
        One for each layer that fires, in order.
    samples : int
        How many were run.
    """

    artificial_accuracy: float
    accuracy_over_time: list[float]
    layers: list[LayerError]
    samples: int


def report_conversion(
    conversion: Conversion, samples: Samples, labels: NDArray[np.int64], *, batch_size: int = 100
) -> ConversionReport:
    """Run both networks and compare.

    Parameters
    ----------
    conversion : Conversion
        From :func:`convert`.
    samples : array or sequence of Events
        What both networks receive.
    labels : array of int64, shape (sample,)
        Index of the output that should win for each.
    batch_size : int
        Samples that are run at a time.
    """
    check_count("report_conversion.batch_size", batch_size)
    spiking, artificial = conversion.network, conversion.artificial
    names = [name for name, layer, _ in spiking.sources() if layer.neuron is not None and layer.neuron.spiking]
    sums = {name: _Sums(conversion.scales[name]) for name in names}
    right = 0
    right_over_time: Tensor | None = None
    for part, wanted in _batches(samples, labels, batch_size):
        with torch.no_grad():
            activations, spikes = _outputs(artificial, part), _outputs(spiking, part)
            scores = artificial.readout(activations[artificial.last])
            over_time = spiking.readout.over_time(spikes[spiking.last])
        right += int((scores.argmax(1) == wanted).sum())
        found = (over_time.argmax(2) == wanted).sum(1)
        right_over_time = found if right_over_time is None else right_over_time + found
        for name in names:
            sums[name].add(activations[name][-1], spikes[name])
    assert right_over_time is not None  # there is at least one batch
    return ConversionReport(
        artificial_accuracy=right / len(labels),
        accuracy_over_time=(right_over_time.double() / len(labels)).tolist(),
        layers=[sums[name].error(name) for name in names],
        samples=len(labels),
    )


class _Sums:
    """What of one layer is added up over batches."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.distance = self.length = self.spikes = 0.0
        self.positive = self.above = self.steps = 0

    def add(self, activations: Tensor, spikes: Tensor) -> None:
        """Add a batch: ``activations`` of shape (batch, neuron...), ``spikes`` of shape (time, batch, neuron...)."""
        activations = activations.double()
        self.distance += float((spikes.double().mean(0) * self.scale - activations).square().sum())
        self.length += float(activations.square().sum())
        self.positive += int((activations > 0).sum())
        self.above += int((activations > self.scale).sum())
        self.spikes += float(spikes.sum())
        self.steps += spikes.numel()

    def error(self, name: str) -> LayerError:
        """Return what the sums say."""
        return LayerError(
            name=name,
            scale=self.scale,
            error=(self.distance / self.length) ** 0.5 if self.length else 0.0,
            clipped=self.above / max(1, self.positive),
            rate=self.spikes / self.steps,
        )


def _outputs(net: Network, samples: Samples) -> dict[str, Tensor]:
    return net.propagate(net.encode(samples))


def _batches(samples: Samples, labels: NDArray[np.int64], size: int) -> Iterator[tuple[Samples, Tensor]]:
    if not len(labels) or len(samples) != len(labels):
        raise ValueError(f"report_conversion: takes as many samples as labels; got {len(samples)} and {len(labels)}.")
    for start in range(0, len(labels), size):
        yield samples[start : start + size], torch.from_numpy(labels[start : start + size].astype(np.int64))
