"""What all peers that are written in torch do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks._case import Job

Arrays = dict[str, NDArray[Any]]
Forward = Callable[[Tensor], list[Tensor]]


def scan_job(run: Callable[[Tensor], Tensor], inputs: Arrays, *, batch_first: bool = False) -> Job:
    """Return the work of a scan; ``run`` takes the charges and returns the spikes, from a fresh state."""
    x, gradient = (torch.from_numpy(inputs[name]) for name in ("x", "gradient"))
    if batch_first:
        x, gradient = (array.transpose(0, 1).contiguous() for array in (x, gradient))
    x.requires_grad_()

    def step() -> None:
        x.grad = None
        run(x).backward(gradient)

    def spikes() -> NDArray[np.bool_]:
        with torch.no_grad():
            raster = run(x)
        return (raster.transpose(0, 1) if batch_first else raster).bool().numpy()

    return Job(step, spikes)


def training_job(
    forward: Forward,
    learned: Iterable[nn.Parameter],
    parameters: dict[str, Any],
    inputs: Arrays,
    *,
    score: Callable[[Tensor], Tensor] | None = None,
    batch_first: bool = False,
) -> Job:
    """Return the work of training: forward, cross-entropy of the spike counts, backward, a step of Adam.

    Parameters
    ----------
    forward : callable
        Takes the raster and returns the spikes of each layer, (time, batch, neuron...), from a fresh state.
    learned : iterable of Parameter
    parameters : dict
        Those of the case and the variant: ``precision`` and ``compiled``.
    score : callable, optional
        Takes the raster and returns the spike counts of the last layer, (batch, class); they are summed up if left out.
    batch_first : bool
        Whether ``forward`` takes and returns (batch, time, ...).
    """
    raster, labels = torch.from_numpy(inputs["raster"]), torch.from_numpy(inputs["labels"])
    if batch_first:
        raster = raster.transpose(0, 1).contiguous()
    time = int(batch_first)
    optimizer = torch.optim.Adam(learned, lr=1e-4, fused=True)
    rounded = parameters.get("precision") == "bfloat16"
    if parameters.get("compiled"):
        forward = torch.compile(forward)

    def summed(raster: Tensor) -> Tensor:
        return forward(raster)[-1].float().sum(time)

    count = score or summed

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=rounded):
            counts = count(raster)
        nn.functional.cross_entropy(counts, labels).backward()
        optimizer.step()

    def spikes() -> NDArray[np.bool_]:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=rounded):
            flat = torch.cat([layer.flatten(2) for layer in forward(raster)], dim=-1).bool().numpy()
        return np.swapaxes(flat, 0, 1) if batch_first else flat

    return Job(step, spikes)


def linear(weight: NDArray[np.float32], scale: float = 1.0) -> nn.Linear:
    """Return a layer with these weights and no bias."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(torch.from_numpy(scale * weight))
    return layer


def conv(weight: NDArray[np.float32], scale: float = 1.0) -> nn.Conv2d:
    """Return a convolution with these weights, no bias and a border that keeps the size."""
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1], padding=weight.shape[-1] // 2, bias=False)
    layer.weight = nn.Parameter(torch.from_numpy(scale * weight))
    return layer


def matrices(inputs: Arrays) -> list[NDArray[np.float32]]:
    """Return the weights of the feed-forward layers in order."""
    return [inputs[name] for name in sorted(inputs) if name.startswith("weight")]


def over_time(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a layer of images to all steps at once."""
    return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
