"""What a run costs: operations and memory counted from real spikes, and energy under published models."""

from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._energy_models import ENERGY_MODELS
from spikewright.cost._horowitz import HOROWITZ_FP32, HOROWITZ_INT8, Horowitz45nm
from spikewright.cost._measure import measure

__all__ = [
    "ENERGY_MODELS",
    "HOROWITZ_FP32",
    "HOROWITZ_INT8",
    "Cost",
    "EnergyModel",
    "Horowitz45nm",
    "LayerCost",
    "measure",
]
