"""Engines run a network on samples; all of them mean the same."""

from spikewright.engines._activity import Activity, LayerActivity
from spikewright.engines._batch import Batch
from spikewright.engines._engine import Engine
from spikewright.engines._event_driven import EventDriven
from spikewright.engines._event_stream import SpikeList, Stream, StreamState
from spikewright.engines._fixed_point import FixedPoint, whole_input
from spikewright.engines._prepared import Prepared
from spikewright.engines._reference import Reference
from spikewright.engines._run import run

__all__ = [
    "Activity",
    "Batch",
    "Engine",
    "EventDriven",
    "FixedPoint",
    "LayerActivity",
    "Prepared",
    "Reference",
    "SpikeList",
    "Stream",
    "StreamState",
    "run",
    "whole_input",
]
