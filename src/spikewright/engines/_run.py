"""Run a network on samples with any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor

from spikewright.checks import check_count
from spikewright.coding import Samples
from spikewright.engines._activity import Activity, LayerActivity
from spikewright.engines._batch import Batch
from spikewright.engines._engine import Engine
from spikewright.network import Network, gather, gather_signals, output_shapes, signals

MOST = 100
"""Samples that are run at once."""

LARGEST = 1 << 24
"""Numbers that the outputs of a layer should hold at most; a few such sequences are there at the same time."""


def run(
    net: Network,
    samples: Samples,
    engine: Engine | None = None,
    *,
    generator: torch.Generator | None = None,
    rasters: bool = False,
    counts: bool = False,
    batch_size: int | None = None,
    callback: Callable[[int, int], None] | None = None,
) -> Activity:
    """Run a network on samples, without gradients.

    Parameters
    ----------
    net : Network
        What to run; it is run in evaluation mode and left in the mode it was in.
    samples : array, Tensor or sequence of Events
        First axis the samples.
    engine : Engine, optional
        ``Batch()`` if not given.
    generator : torch.Generator, optional
        Source of randomness of a stochastic code. ``None`` seeds one with 0, so that a run can be repeated.
    rasters : bool
        Whether to keep the output of every layer; it may be large.
    counts : bool
        Whether to keep how many events each neuron sent in each sample: as many numbers as one step of all rasters.
    batch_size : int, optional
        Samples that are run at once; bounds the memory. By default 100, or fewer where the outputs of a layer in all
        steps would be more than 2^24 numbers.
    callback : callable, optional
        Called after each batch with the samples that have been run, and all.

    Returns
    -------
    Activity

    Raises
    ------
    ValueError
        If there are no samples, or they do not fit the network.
    """
    if batch_size is not None:
        check_count("run.batch_size", batch_size)
    if not len(samples):
        raise ValueError("run.samples: must hold at least one sample; got none.")
    engine = engine or Batch()
    generator = generator or torch.Generator(net.like.device).manual_seed(0)
    with _evaluating(net), torch.no_grad():
        parts, size = [], batch_size or _at_once(net, samples)
        for start in range(0, len(samples), size):
            raster = net.encode(samples[start : start + size], generator=generator)
            parts.append(_summarise(net, engine.propagate(net, raster), rasters=rasters, counts=counts))
            if callback is not None:
                callback(min(start + size, len(samples)), len(samples))
    return _joined(parts)


def _at_once(net: Network, samples: Samples) -> int:
    """Return how many samples can be run at once in little memory."""
    # With randomness of its own, so that what is drawn for the run does not depend on it.
    raster = net.encode(samples[:1], generator=torch.Generator(net.like.device).manual_seed(0))
    widest = max(prod(shape) for shape in output_shapes(net, tuple(raster.shape[2:])).values())
    return max(1, min(MOST, LARGEST // max(len(raster) * widest, 1)))


@contextmanager
def _evaluating(net: Network) -> Iterator[None]:
    """Put every module into evaluation mode, and each back into its own mode in the end."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _summarise(net: Network, outputs: dict[str, Tensor], *, rasters: bool, counts: bool) -> Activity:
    last = outputs[net.last]
    given = signals(net)
    layers = {name: _counted(output, spiking=given[name].spiking, keep=counts) for name, output in outputs.items()}
    sums = {
        name: _counted(gather(outputs, sources), spiking=False, keep=counts)
        for name, _, sources in net.sources()
        if len(sources) > 1 and not gather_signals(given, sources).spiking
    }
    return Activity(net.readout.over_time(last.to(net.like)).cpu(), layers, sums, outputs if rasters else {})


def _counted(output: Tensor, *, spiking: bool, keep: bool) -> LayerActivity:
    # Over time first, in the tensor's own precision: counts of spikes stay exact, and a large output is read once only.
    if output.stride(0) == 0:
        counts = (output[0] if spiking else _nonzero(output[:1])) * len(output)
    else:
        counts = output.sum(0) if spiking else _nonzero(output)
    return LayerActivity(
        per_sample=counts.flatten(1).sum(1, dtype=torch.float64).cpu(),
        per_neuron=counts.sum(0, dtype=torch.float64).cpu(),
        counts=counts.double().cpu() if keep else None,
    )


def _nonzero(output: Tensor) -> Tensor:
    """Count the values that are not 0 over time, in the tensor's own type, in which torch counts as fast as it adds."""
    if len(output) == 1:
        counts: Tensor = torch.linalg.vector_norm(output, ord=0, dim=0)
        return counts
    return output.sign().abs_().sum(0)


def _joined(parts: list[Activity]) -> Activity:
    first = parts[0]
    layers = {name: _joined_layer([part.layers[name] for part in parts]) for name in first.layers}
    sums = {name: _joined_layer([part.sums[name] for part in parts]) for name in first.sums}
    rasters = {name: torch.cat([part.rasters[name] for part in parts], 1) for name in first.rasters}
    return Activity(torch.cat([part.scores for part in parts], 1), layers, sums, rasters)


def _joined_layer(parts: list[LayerActivity]) -> LayerActivity:
    kept = [part.counts for part in parts if part.counts is not None]
    return LayerActivity(
        per_sample=torch.cat([part.per_sample for part in parts]),
        per_neuron=torch.stack([part.per_neuron for part in parts]).sum(0),
        counts=torch.cat(kept) if kept else None,
    )
