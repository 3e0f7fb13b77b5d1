"""Spikewright: train deep spiking neural networks by every method the field has, and compare what each costs."""

from importlib.metadata import version

from spikewright import (
    checks,
    coding,
    compare,
    cost,
    data,
    engines,
    exchange,
    fitting,
    learners,
    network,
    neurons,
    spikes,
)
from spikewright.engines import run
from spikewright.network import Layer, Network
from spikewright.neurons import LIF, ReLU

__all__ = [
    "LIF",
    "Layer",
    "Network",
    "ReLU",
    "__version__",
    "checks",
    "coding",
    "compare",
    "cost",
    "data",
    "engines",
    "exchange",
    "fitting",
    "learners",
    "network",
    "neurons",
    "run",
    "spikes",
]

__version__ = version("spikewright")
