"""Learners: one file a method; each is a scikit-learn estimator whose fit yields a network."""

from spikewright.fitting import Card, Labelled, Learner, Progress, Training
from spikewright.learners._conversion import Conversion, convert
from spikewright.learners._conversion_report import ConversionReport, LayerError, report_conversion
from spikewright.learners._diehl_cook import DiehlCook
from spikewright.learners._first_spike_gradient import FirstSpikeGradient
from spikewright.learners._liquid_quality import kernel_rank, liquid_states, separation
from spikewright.learners._liquid_state import LiquidState
from spikewright.learners._rate_conversion import RateConversion
from spikewright.learners._siegert_dbn import SiegertDBN
from spikewright.learners._surrogate_gradient import SurrogateGradient
from spikewright.learners._tempotron import Tempotron
from spikewright.learners._twin import Twin

__all__ = [
    "Card",
    "Conversion",
    "ConversionReport",
    "DiehlCook",
    "FirstSpikeGradient",
    "Labelled",
    "LayerError",
    "Learner",
    "LiquidState",
    "Progress",
    "RateConversion",
    "SiegertDBN",
    "SurrogateGradient",
    "Tempotron",
    "Training",
    "Twin",
    "convert",
    "kernel_rank",
    "liquid_states",
    "report_conversion",
    "separation",
]
