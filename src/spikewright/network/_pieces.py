"""A run in pieces of time whose inner values are not kept but computed again when gradients need them."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from spikewright.checks import ModelError, Raster, Sequence, check_count
from spikewright.network._connections import Dropout, Temporal, over_time
from spikewright.network._gather import INPUT, gather
from spikewright.network._in_order import Sources, Watch, last_read, take
from spikewright.network._layer import Layer

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class _Held(NamedTuple):
    """What is the same in all steps, so that it is computed once for all pieces: by layer, shape (batch, neuron...)."""

    outputs: dict[str, Tensor]
    charges: dict[str, Tensor]


def run_in_pieces(layers: Sources, raster: Raster, *, steps: int, dt: float, watch: Watch | None = None) -> Sequence:
    """Return the output of the last layer, with less memory for gradients than a run of all steps takes.

    Between forward and backward pass only the raster, the output and the states of all neurons at the borders of the
    pieces are kept. The backward pass runs each piece a second time, the last one first, with the same bits. Spikes are
    those of a run of all steps, but where the sum of a charge was rounded differently: a product of fewer rows, or of
    rows added where spikes are few, may sum in another order. Gradients are added piece by piece.

    Parameters
    ----------
    layers : tuple of (str, Layer, tuple of str)
        Each with its name and the names of its inputs; they must take from one step to the next nothing but the state
        of their neurons.
    raster : Tensor, shape (time, batch, neuron...)
        What the first layer receives.
    steps : int
        Length of a piece.
    dt : float
        Length of a step in seconds.
    watch : callable, optional
        Called with the name and the output of every layer in each piece, but not when it is run a second time.

    Returns
    -------
    Tensor, shape (time, batch, neuron...)

    Raises
    ------
    ModelError
        If a layer cannot go on from the end of a piece.
    """
    check_count("recompute_every", steps)
    for name, layer, _ in layers:
        _check(name, layer)
    held = _held(layers, raster)
    states: dict[str, Any] = {}  # of each model its own NamedTuple
    outputs = []
    for piece in torch.split(raster, steps):
        witness = None if watch is None else _Witness(watch)
        once = partial(_run, layers, held, dt=dt, witness=witness)
        output, states = checkpoint(once, piece, states, use_reentrant=False)
        outputs.append(output)
    return torch.cat(outputs)


class _Witness:
    """Tells of each output of one piece once: the second run of the piece is no news."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._told: set[str] = set()

    def tell(self, name: str, output: Sequence) -> None:
        if name not in self._told:
            self._told.add(name)
            self._watch(name, output)


def _run(
    layers: Sources, held: _Held, raster: Raster, states: dict[str, Any], *, dt: float, witness: _Witness | None
) -> tuple[Sequence, dict[str, Any]]:
    """Run one piece; return the last layer's output and the states at its end."""
    outputs, last, after = {INPUT: raster}, last_read(layers), {}
    if witness is not None:
        witness.tell(INPUT, raster)
    for name, layer, sources in layers:
        # Each in one expression, so that nothing else holds what a layer received while its neurons run.
        if name in held.outputs:
            outputs[name] = _repeated(held.outputs[name], len(raster))
        elif name in held.charges:
            charges = _repeated(held.charges[name], len(raster))
            outputs[name], after[name] = layer.respond(charges, states.get(name), dt=dt)
        else:
            outputs[name], after[name] = layer.respond(
                layer.charge(take(outputs, sources, last[name])), states.get(name), dt=dt
            )
        if witness is not None:
            witness.tell(name, outputs[name])
    return outputs[layers[-1][0]], after


def _held(layers: Sources, raster: Raster) -> _Held:
    held = _Held({}, {})
    if len(raster) < 2 or raster.stride(0):
        return held
    steady = {INPUT: raster[0]}
    for name, layer, sources in layers:
        if not steady.keys() >= set(sources) or isinstance(layer.connection, Temporal):
            continue
        x = gather(steady, sources)
        charge = x if layer.connection is None else over_time(layer.connection, x.unsqueeze(0))[0]
        if layer.neuron is None:
            steady[name] = held.outputs[name] = charge
        else:
            held.charges[name] = charge
    return held


def _repeated(x: Tensor, steps: int) -> Tensor:
    return x.unsqueeze(0).expand(steps, *x.shape)


def _check(name: str, layer: Layer) -> None:
    """Raise unless the states of the neurons are all that the layer takes from one step to the next."""
    connection = layer.connection
    if layer.recurrent is not None:
        raise _refusal(name, "its recurrent connection carries spikes from one piece to the next")
    if isinstance(connection, Dropout):
        if connection.training:
            raise _refusal(name, "Dropout draws one mask for all steps of a sample")
    elif isinstance(connection, Temporal):
        raise _refusal(name, f"{type(connection).__name__} looks back in time beyond a piece")
    for module in [] if connection is None else connection.modules():
        if isinstance(module, _NORMS) and module.training:
            raise _refusal(name, f"{type(module).__name__} normalises over all steps while training")


def _refusal(name: str, reason: str) -> ModelError:
    return ModelError(f"Network, recompute_every: layer {name!r} cannot run in pieces of time: {reason}. Use None.")
