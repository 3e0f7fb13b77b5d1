from . import (
    checks,
    chips,
    coding,
    compare,
    cost,
    data,
    engines,
    exchange,
    files,
    fitting,
    learners,
    network,
    neurons,
    placing,
    quantised,
    report,
    spikes,
)
from .engines import run
from .network import Layer, Network
from .neurons import LIF, ReLU

__all__ = [
    "LIF",
    "Layer",
    "Network",
    "ReLU",
    "checks",
    "chips",
    "coding",
    "compare",
    "cost",
    "data",
    "engines",
    "exchange",
    "files",
    "fitting",
    "learners",
    "network",
    "neurons",
    "placing",
    "quantised",
    "report",
    "run",
    "spikes",
]

__version__: str
