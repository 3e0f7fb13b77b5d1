"""Networks in whole numbers, and the integer neurons of chips."""

from spikewright.quantised._arithmetic import Arithmetic, Floats, Whole
from spikewright.quantised._arithmetic_of import arithmetic_of, arithmetic_to_train_for
from spikewright.quantised._bits import IntArray
from spikewright.quantised._fixed_point import FixedPointArithmetic
from spikewright.quantised._fixed_point_neurons import (
    FixedPointCUBA,
    FixedPointCUBAState,
    FixedPointIntegrator,
    FixedPointLIF,
    FixedPointState,
)
from spikewright.quantised._gain_of import gain_of
from spikewright.quantised._grid import Grid
from spikewright.quantised._integer_network import IntegerLayer, IntegerNetwork, IntegerSynapses, quantise
from spikewright.quantised._integer_neuron import IntegerNeuron
from spikewright.quantised._loihi import Loihi
from spikewright.quantised._loihi_cuba import LoihiCUBA, LoihiState
from spikewright.quantised._neuron_for import neuron_for
from spikewright.quantised._populations import Path, Population, Term, passed, populations
from spikewright.quantised._speck import Speck
from spikewright.quantised._speck_if import SpeckIF, SpeckState
from spikewright.quantised._truenorth import TrueNorth
from spikewright.quantised._truenorth_if import TrueNorthIF, TrueNorthState
from spikewright.quantised._xylo import Xylo, shift_of
from spikewright.quantised._xylo_lif import XyloLIF, XyloState

__all__ = [
    "Arithmetic",
    "FixedPointArithmetic",
    "FixedPointCUBA",
    "FixedPointCUBAState",
    "FixedPointIntegrator",
    "FixedPointLIF",
    "FixedPointState",
    "Floats",
    "Grid",
    "IntArray",
    "IntegerLayer",
    "IntegerNetwork",
    "IntegerNeuron",
    "IntegerSynapses",
    "Loihi",
    "LoihiCUBA",
    "LoihiState",
    "Path",
    "Population",
    "Speck",
    "SpeckIF",
    "SpeckState",
    "Term",
    "TrueNorth",
    "TrueNorthIF",
    "TrueNorthState",
    "Whole",
    "Xylo",
    "XyloLIF",
    "XyloState",
    "arithmetic_of",
    "arithmetic_to_train_for",
    "gain_of",
    "neuron_for",
    "passed",
    "populations",
    "quantise",
    "shift_of",
]
