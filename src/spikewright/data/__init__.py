"""Data sets: samples, labels and parts."""

from spikewright.data._cochlea import Cochlea
from spikewright.data._dataset import Dataset, DataShape, Part
from spikewright.data._download import FetchProgress
from spikewright.data._load import available, data_root, fetch, load, verify
from spikewright.data._source import Source, Verdict

__all__ = [
    "Cochlea",
    "DataShape",
    "Dataset",
    "FetchProgress",
    "Part",
    "Source",
    "Verdict",
    "available",
    "data_root",
    "fetch",
    "load",
    "verify",
]
