"""The energy models that are reported side by side; a new model is one file and one entry here."""

from spikewright.cost._data_movement import DATA_MOVEMENT
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._horowitz import HOROWITZ_FP16, HOROWITZ_FP32, HOROWITZ_INT8
from spikewright.cost._lemaire import LEMAIRE_INT32
from spikewright.cost._loihi import LOIHI_1
from spikewright.cost._memory_traffic import MEMORY_INT8_DRAM, MEMORY_INT8_SRAM

ENERGY_MODELS: tuple[EnergyModel, ...] = (
    HOROWITZ_FP32,
    HOROWITZ_FP16,
    HOROWITZ_INT8,
    MEMORY_INT8_SRAM,
    MEMORY_INT8_DRAM,
    LEMAIRE_INT32,
    LOIHI_1,
    DATA_MOVEMENT,
)
