"""Neuromorphic chips: what each can hold and do, one data file a chip with the source of every figure."""

from spikewright.chips._chip import Chip, ConvolutionCores, Energy, LayerRules
from spikewright.chips._load import NAMES, load, read

__all__ = ["NAMES", "Chip", "ConvolutionCores", "Energy", "LayerRules", "load", "read"]
