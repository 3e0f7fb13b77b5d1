"""Neuron models, one file each, and the surrogate gradients given to them."""

from spikewright.neurons._alif import ALIF, ALIFState
from spikewright.neurons._arctan import ArcTan
from spikewright.neurons._boxcar import Boxcar
from spikewright.neurons._compiled_scan import Traced
from spikewright.neurons._conductance_lif import ConductanceLIF, ConductanceLIFState
from spikewright.neurons._cuba import CUBA, CUBAState, current_gain
from spikewright.neurons._current_if import CurrentIF, CurrentIFState
from spikewright.neurons._escape_srm import EscapeSRM, EscapeSRMState
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._gaussian import Gaussian
from spikewright.neurons._hodgkin_huxley import HodgkinHuxley, HodgkinHuxleyState
from spikewright.neurons._if import IF, IFState
from spikewright.neurons._integrator import Integrator, IntegratorState
from spikewright.neurons._izhikevich import Izhikevich, IzhikevichState
from spikewright.neurons._lateral_scan import lateral_scan, plan_lateral_scan
from spikewright.neurons._lif import LIF, LIFState
from spikewright.neurons._model import NeuronModel, plan_scan
from spikewright.neurons._prompt_cuba import PromptCUBA
from spikewright.neurons._recurrent_scan import plan_recurrent_scan, recurrent_scan
from spikewright.neurons._relu import NoState, ReLU
from spikewright.neurons._sigmoid import Sigmoid
from spikewright.neurons._straight_through import StraightThrough
from spikewright.neurons._surrogate import Surrogate
from spikewright.neurons._triangle import Triangle

__all__ = [
    "ALIF",
    "CUBA",
    "IF",
    "LIF",
    "ALIFState",
    "ArcTan",
    "Boxcar",
    "CUBAState",
    "ConductanceLIF",
    "ConductanceLIFState",
    "CurrentIF",
    "CurrentIFState",
    "EscapeSRM",
    "EscapeSRMState",
    "FastSigmoid",
    "Gaussian",
    "HodgkinHuxley",
    "HodgkinHuxleyState",
    "IFState",
    "Integrator",
    "IntegratorState",
    "Izhikevich",
    "IzhikevichState",
    "LIFState",
    "NeuronModel",
    "NoState",
    "PromptCUBA",
    "ReLU",
    "Sigmoid",
    "StraightThrough",
    "Surrogate",
    "Traced",
    "Triangle",
    "current_gain",
    "lateral_scan",
    "plan_lateral_scan",
    "plan_recurrent_scan",
    "plan_scan",
    "recurrent_scan",
]
