"""The fixed-point engine: a chip's integer arithmetic, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spikewright.checks import ModelError, Raster
from spikewright.chips import Chip
from spikewright.engines._engine import Engine
from spikewright.network import INPUT, Network, gather, over_time
from spikewright.quantised import Arithmetic, FixedPointArithmetic, IntArray, IntegerNetwork, quantise

_EIGHT_BITS = FixedPointArithmetic()


@dataclass(frozen=True)
class FixedPoint(Engine):
    """Runs a network in whole numbers, as a chip computes.

    The network is turned into one of integers by :func:`~spikewright.quantised.quantise` in every call, with its
    weights as they are then; that is another network than the one given, and its accuracy must be measured. Spikes
    reach the next layer in the step in which they are sent, as in all engines; chips with a step between layers give
    the same spikes, later. An integrator's output is its potential, turned back into the network's units.

    Parameters
    ----------
    chip : Chip, Arithmetic or str
        A chip whose arithmetic is known in bits, by its name perhaps; or an arithmetic, by default one with weights of
        8 bits and a scale for each channel.
    """

    chip: Chip | Arithmetic | str = _EIGHT_BITS

    def propagate(self, net: Network, raster: Raster) -> dict[str, Tensor]:
        """Return the output of every layer in the network's dtype: numbers of spikes, or potentials.

        Raises
        ------
        ModelError
            If the arithmetic cannot express the network, or a run leaves the bits of the chip.
        """
        integer = quantise(net, tuple(raster.shape[2:]), self.chip)
        sent = whole_input(integer, raster)
        whole = integer.run(sent)
        outputs = {INPUT: raster}
        layers = {layer.name: layer for layer in integer.layers}
        with torch.no_grad():
            for name, layer, sources in net.sources():
                if name in layers:
                    done = layers[name]
                    values = whole[name] if done.neuron.spiking else whole[name] * done.scale
                    outputs[name] = torch.from_numpy(values).to(net.like).reshape(*raster.shape[:2], *done.shape)
                else:
                    x = gather(outputs, sources)
                    outputs[name] = x if layer.connection is None else over_time(layer.connection, x)
        return outputs


def whole_input(integer: IntegerNetwork, raster: Raster) -> IntArray:
    """Return a raster as whole numbers, shape (time, batch, neuron).

    Raises
    ------
    ModelError
        If spikes are expected and it holds other values.
    """
    values = raster.detach().cpu().double().flatten(2).numpy() * 2.0**integer.input_bits
    whole = np.rint(values).astype(np.int64)
    if not integer.input_bits and not np.array_equal(whole, values):
        raise ModelError("FixedPoint: takes spikes, or counts of them; got graded values. Use another code.")
    return whole
