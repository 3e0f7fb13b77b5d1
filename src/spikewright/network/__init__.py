"""Networks: an encoder, layers, a readout and a time step."""

from spikewright.network._architecture import Architecture
from spikewright.network._connections import (
    AllButSelf,
    Delay,
    DelayedLinear,
    Dropout,
    MaxCountPool2d,
    Scale,
    SumPool2d,
    Temporal,
    output_shape,
    over_time,
)
from spikewright.network._deploy import deploy, fold, plain
from spikewright.network._fixed_fan_out import FixedFanOut
from spikewright.network._gather import INPUT, gather
from spikewright.network._layer import Layer
from spikewright.network._network import Network
from spikewright.network._raster_shape import blank, raster_shape
from spikewright.network._signals import Signal, gather_signals, keeps_spikes, signals
from spikewright.network._size import output_shapes, synapse_count
from spikewright.network._synapses import Synapses, fan_out, has_synapses, image_of_one_row, synapses
from spikewright.network._windows import Axis, Window, window_of

__all__ = [
    "INPUT",
    "AllButSelf",
    "Architecture",
    "Axis",
    "Delay",
    "DelayedLinear",
    "Dropout",
    "FixedFanOut",
    "Layer",
    "MaxCountPool2d",
    "Network",
    "Scale",
    "Signal",
    "SumPool2d",
    "Synapses",
    "Temporal",
    "Window",
    "blank",
    "deploy",
    "fan_out",
    "fold",
    "gather",
    "gather_signals",
    "has_synapses",
    "image_of_one_row",
    "keeps_spikes",
    "output_shape",
    "output_shapes",
    "over_time",
    "plain",
    "raster_shape",
    "signals",
    "synapse_count",
    "synapses",
    "window_of",
]
