"""What a readout adds to the cost of an inference."""

from __future__ import annotations

from functools import singledispatch

from torch import Tensor

from spikewright.coding import LinearReadout, Readout
from spikewright.cost._cost import LayerCost
from spikewright.cost._form import Form
from spikewright.cost._pathway import Pathway


@singledispatch
def readout_cost(readout: Readout, sent: Tensor, *, spiking: bool) -> LayerCost:  # noqa: ARG001
    """Return what a readout adds, given what the last layer sent; readouts that count and compare are not counted."""
    return LayerCost()


@readout_cost.register
def _(readout: LinearReadout, sent: Tensor, *, spiking: bool) -> LayerCost:
    classes, sources = readout.weight.shape
    weights = readout.weight.numel()
    form = Form("dense", sources, classes, weights, weights, classes, fan_in=sources, channels=classes)
    # Values are summed over time before they are multiplied, so at most one a neuron is not 0.
    arriving = sent if spiking else sent.clamp(max=1)
    path = Pathway(
        form, spiking, recurrent=False, times=1, events=float(arriving.sum()), effective=float(arriving.sum()) * classes
    )
    return LayerCost.of(path) + LayerCost.kept((readout.weight, readout.bias))
