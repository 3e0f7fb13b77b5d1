"""The energy models that are reported side by side; a new model is one file and one entry here."""

from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._horowitz import HOROWITZ_FP32, HOROWITZ_INT8

ENERGY_MODELS: tuple[EnergyModel, ...] = (HOROWITZ_FP32, HOROWITZ_INT8)
