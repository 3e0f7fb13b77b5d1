"""Encoders turn samples into rasters; readouts turn the last layer's output into scores."""

from spikewright.coding._brighten import Brighten
from spikewright.coding._class_vote import ClassVote
from spikewright.coding._delta import Delta
from spikewright.coding._difference_of_gaussians import DifferenceOfGaussians
from spikewright.coding._direct import Direct
from spikewright.coding._encoder import Encoder, Samples, Transform
from spikewright.coding._event_frames import EventFrames
from spikewright.coding._event_image import EventImage
from spikewright.coding._first_spike import FirstSpike
from spikewright.coding._latency import Latency
from spikewright.coding._level_latency import LevelLatency
from spikewright.coding._linear_readout import LinearReadout
from spikewright.coding._membrane import Membrane
from spikewright.coding._membrane_maximum import MembraneMaximum
from spikewright.coding._phase import Phase
from spikewright.coding._poisson import Poisson
from spikewright.coding._population import Population
from spikewright.coding._population_vote import PopulationVote
from spikewright.coding._rank_order import RankOrder
from spikewright.coding._readout import Readout
from spikewright.coding._recording_frames import RecordingFrames
from spikewright.coding._regular import Regular
from spikewright.coding._rescale import Rescale
from spikewright.coding._spike_count import SpikeCount
from spikewright.coding._standardise import Standardise
from spikewright.coding._sweep import Sweep
from spikewright.coding._windowed_readout import WindowedReadout

__all__ = [
    "Brighten",
    "ClassVote",
    "Delta",
    "DifferenceOfGaussians",
    "Direct",
    "Encoder",
    "EventFrames",
    "EventImage",
    "FirstSpike",
    "Latency",
    "LevelLatency",
    "LinearReadout",
    "Membrane",
    "MembraneMaximum",
    "Phase",
    "Poisson",
    "Population",
    "PopulationVote",
    "RankOrder",
    "Readout",
    "RecordingFrames",
    "Regular",
    "Rescale",
    "Samples",
    "SpikeCount",
    "Standardise",
    "Sweep",
    "Transform",
    "WindowedReadout",
]
