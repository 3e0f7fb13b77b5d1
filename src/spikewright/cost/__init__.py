"""What a run costs: operations and memory counted from real spikes, and energy under published models."""

from spikewright.cost._artificial import artificial
from spikewright.cost._comparison import Comparison, compare_energies
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._data_movement import DATA_MOVEMENT, DataMovement22nm, matching_bits
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._energy_models import ENERGY_MODELS
from spikewright.cost._form import Form, form_of
from spikewright.cost._horowitz import HOROWITZ_FP16, HOROWITZ_FP32, HOROWITZ_INT8, Horowitz45nm
from spikewright.cost._lemaire import LEMAIRE_INT32, Lemaire2022
from spikewright.cost._loihi import LOIHI_1, Loihi1
from spikewright.cost._measure import measure
from spikewright.cost._measure_samples import SampleCosts, SampleCounts, measure_samples
from spikewright.cost._memory_traffic import MEMORY_INT8_DRAM, MEMORY_INT8_SRAM, MemoryTraffic45nm, sram_access
from spikewright.cost._neuron_operations import NeuronOperations, operations_of
from spikewright.cost._pathway import Pathway
from spikewright.cost._training_cost import TrainingCost

__all__ = [
    "DATA_MOVEMENT",
    "ENERGY_MODELS",
    "HOROWITZ_FP16",
    "HOROWITZ_FP32",
    "HOROWITZ_INT8",
    "LEMAIRE_INT32",
    "LOIHI_1",
    "MEMORY_INT8_DRAM",
    "MEMORY_INT8_SRAM",
    "Comparison",
    "Cost",
    "DataMovement22nm",
    "EnergyModel",
    "Form",
    "Horowitz45nm",
    "LayerCost",
    "Lemaire2022",
    "Loihi1",
    "MemoryTraffic45nm",
    "NeuronOperations",
    "Pathway",
    "SampleCosts",
    "SampleCounts",
    "TrainingCost",
    "artificial",
    "compare_energies",
    "form_of",
    "matching_bits",
    "measure",
    "measure_samples",
    "operations_of",
    "sram_access",
]
