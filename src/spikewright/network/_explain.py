"""Which way each layer takes when a whole sequence is run on this machine, and why."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from spikewright.checks import Raster, Sequence
from spikewright.network._connections import Temporal
from spikewright.network._deliver import way_of
from spikewright.network._gather import INPUT, gather
from spikewright.network._layer import Layer
from spikewright.neurons import Traced


def machine(like: Tensor) -> str:
    """Return in a line on what a network runs.

    Parameters
    ----------
    like : Tensor
        Of the network's dtype and device.
    """
    place = f"{str(like.dtype).removeprefix('torch.')} on {like.device.type}"
    if like.device.type != "cpu":
        return f"{place}: layers run through step; kernels are for the CPU"
    # Older releases of torch do not say what the processor can do.
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    units = {True: "matrix units for bfloat16", False: "no matrix units for bfloat16"}
    known = units.get(bool(capabilities.get("amx_bf16")), "") if capabilities else "matrix units unknown"
    mixed = "used now, under torch.autocast" if torch.is_autocast_enabled("cpu") else "used under torch.autocast only"
    threads, instructions = torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()
    line = f"{place}, {threads} {'thread' if threads == 1 else 'threads'}, {instructions}, {known}"
    return f"{line} ({mixed})" if capabilities.get("amx_bf16") else line


def explained(layers: Iterator[tuple[str, Layer, tuple[str, ...]]], raster: Raster, *, dt: float) -> Iterator[str]:
    """Run the layers on a raster and yield, for each, a line on its connection and its neurons.

    Parameters
    ----------
    layers : iterator of (str, Layer, tuple of str)
        Each with its name and the names of its inputs.
    raster : Tensor, shape (time, batch, neuron...)
        What the first layer receives.
    dt : float
        Length of a step in seconds.
    """
    outputs = {INPUT: raster}
    for name, layer, sources in layers:
        x = gather(outputs, sources)
        parts = []
        if layer.connection is not None:
            parts.append(_delivery(layer.connection, x))
        outputs[name] = layer.charge(x)
        if layer.neuron is not None:
            way = layer.way(outputs[name], dt=dt)
            parts.append(_dynamics(layer, way.plan))
            outputs[name] = way.run()
        yield f"{name}: {'; '.join(parts) or 'hands its input on'}"


def _delivery(connection: nn.Module, x: Sequence) -> str:
    name = type(connection).__name__
    if isinstance(connection, Temporal):
        return f"{name} on the whole sequence"
    if len(x) > 1 and not x.stride(0):
        return f"{name} once, because all steps are equal"
    return f"{name} {way_of(connection, x.flatten(0, 1))}"


def _dynamics(layer: Layer, plan: Traced | str) -> str:
    name = type(layer.neuron).__name__
    if isinstance(plan, str):
        return f"{name} step by step ({plan})"
    values = f"{len(plan.kept)} {'value' if len(plan.kept) == 1 else 'values'}"
    feedback = "" if layer.recurrent is None else f" with its {type(layer.recurrent).__name__} feedback"
    return f"{name}{feedback} in one compiled scan, {values} a step kept for gradients"
