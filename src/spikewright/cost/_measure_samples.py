"""Count what each inference costs on its own, without running samples one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from spikewright.checks import check_count
from spikewright.coding import Samples
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._meter import Meter
from spikewright.engines import Activity, Engine, LayerActivity, run
from spikewright.network import Network

Counts = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SampleCounts:
    """Counts of every sample, each of shape (sample,); what they are says :class:`LayerCost`.

    Parameters
    ----------
    synaptic_operations, dense_synaptic_operations : array
        Accumulates driven by spikes: those that spikes need, and those of every synapse in every step.
    multiply_accumulates, effective_multiply_accumulates : array
        All products with analog values, and those in which neither value nor weight is 0.
    spikes, neuron_updates : array
        Spikes of neurons, and their steps.
    """

    synaptic_operations: Counts
    dense_synaptic_operations: Counts
    multiply_accumulates: Counts
    effective_multiply_accumulates: Counts
    spikes: Counts
    neuron_updates: Counts

    @classmethod
    def of(cls, rows: list[tuple[float, ...]]) -> Self:
        """Return the counts of which each sample has a row, see :func:`_row`."""
        return cls(*np.array(rows, dtype=np.float64).T)


@dataclass(frozen=True, eq=False)
class SampleCosts:
    """Counts of a network, sample by sample.

    Parameters
    ----------
    layers : dict of SampleCounts
        By the layer's name.
    total : SampleCounts
        The sum over all layers and the readout.
    input_events, latency_steps : array, shape (sample,)
        As in :class:`Cost`.
    """

    layers: dict[str, SampleCounts]
    total: SampleCounts
    input_events: Counts
    latency_steps: Counts


def measure_samples(
    net: Network,
    samples: Samples,
    engine: Engine | None = None,
    *,
    generator: torch.Generator | None = None,
    batch_size: int = 100,
) -> SampleCosts:
    """Run a network on samples and count what each inference costs, by the rules of :func:`measure`.

    Each number is, bit for bit, what :func:`measure` gives for a run of that sample alone, and the mean over samples is
    what it gives for all. Samples are run in batches, of which no more is kept than a number a neuron and sample, until
    the next one: beyond what the engine takes for a batch, memory does not grow with the steps.

    Parameters
    ----------
    net, samples, engine, generator, batch_size
        As in :func:`~spikewright.engines.run`. A stochastic code draws what it draws there for the same batches.

    Returns
    -------
    SampleCosts

    Raises
    ------
    ValueError
        If there are no samples, or they do not fit the network.
    ModelError
        If a connection has no rule in ``fan_out`` and ``form_of``.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> import spikewright as sw
    >>> _ = torch.manual_seed(0)
    >>> layer = sw.Layer(nn.Linear(3, 5), sw.LIF(tau_mem=0.02), name="hidden")
    >>> net = sw.Network(sw.coding.Poisson(steps=9, max_rate=400.0), layer, sw.coding.SpikeCount(), dt=1e-3)
    >>> counts = sw.cost.measure_samples(net, torch.rand(4, 3))
    >>> counts.layers["hidden"].synaptic_operations == 5 * counts.input_events
    array([ True,  True,  True,  True])
    """
    check_count("measure_samples.batch_size", batch_size)
    layers: dict[str, list[tuple[float, ...]]] = {name: [] for name in net.layers}
    total, arrived, latencies = [], [], []
    for cost in _costs(net, samples, engine, generator or _repeatable(net), batch_size):
        for name, layer in cost.layers.items():
            layers[name].append(_row(layer))
        total.append(_row(cost.total))
        arrived.append(cost.input_events)
        latencies.append(cost.latency_steps)
    return SampleCosts(
        layers={name: SampleCounts.of(rows) for name, rows in layers.items()},
        total=SampleCounts.of(total),
        input_events=np.array(arrived),
        latency_steps=np.array(latencies),
    )


def _costs(
    net: Network, samples: Samples, engine: Engine | None, generator: torch.Generator, batch_size: int
) -> Iterator[Cost]:
    """Yield the cost of each inference."""
    meter = None
    # At least once, so that it is the run that says what is wrong with no samples.
    for start in range(0, max(1, len(samples)), batch_size):
        part = samples[start : start + batch_size]
        activity = run(net, part, engine, generator=generator, counts=True, batch_size=batch_size)
        if meter is None:
            shapes = {name: layer.shape for name, layer in activity.layers.items()}
            meter = Meter(net, shapes, steps=activity.steps)
        yield from _of_a_batch(meter, activity)


def _of_a_batch(meter: Meter, activity: Activity) -> Iterator[Cost]:
    layers, sums = _events(activity.layers), _events(activity.sums)
    for number, latency in enumerate(activity.latencies.tolist()):
        yield meter.cost(
            {name: counts[number] for name, counts in layers.items()},
            {name: counts[number] for name, counts in sums.items()},
            latency_steps=float(latency),
        )


def _events(layers: dict[str, LayerActivity]) -> dict[str, torch.Tensor]:
    return {name: layer.counts for name, layer in layers.items() if layer.counts is not None}


def _row(cost: LayerCost) -> tuple[float, ...]:
    return tuple(float(getattr(cost, entry.name)) for entry in fields(SampleCounts))


def _repeatable(net: Network) -> torch.Generator:
    return torch.Generator(net.like.device).manual_seed(0)
