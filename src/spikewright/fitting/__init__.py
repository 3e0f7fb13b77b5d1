"""What all fits share: the estimator, the rounds, checkpoints, gradient descent, how samples enter, chips."""

from spikewright.fitting._card import Card
from spikewright.fitting._checkpoint import Checkpoint
from spikewright.fitting._chip_synapses import limit_synapses
from spikewright.fitting._for_chip import for_chip
from spikewright.fitting._freed_memory import keep_freed_memory, return_freed_memory
from spikewright.fitting._gradient_training import Descent, GradientTraining
from spikewright.fitting._inputs import EVENTS_OF_A_BRIGHT_PIXEL, analog_encoder, is_small, rescaling, schedule
from spikewright.fitting._learner import Learner
from spikewright.fitting._masks import Masked, Wiring, draw_masks
from spikewright.fitting._norm_on_grid import NormOnGrid
from spikewright.fitting._on_grid import BiasOnGrid, WeightOnGrid
from spikewright.fitting._optimizer_state import restore_tensors, tensors_of, written
from spikewright.fitting._samples import Labelled, seeded, shifted, shuffled, take
from spikewright.fitting._stack import stack
from spikewright.fitting._training import Callback, Progress, Training, drive
from spikewright.fitting._training_memory import training_memory

__all__ = [
    "EVENTS_OF_A_BRIGHT_PIXEL",
    "BiasOnGrid",
    "Callback",
    "Card",
    "Checkpoint",
    "Descent",
    "GradientTraining",
    "Labelled",
    "Learner",
    "Masked",
    "NormOnGrid",
    "Progress",
    "Training",
    "WeightOnGrid",
    "Wiring",
    "analog_encoder",
    "draw_masks",
    "drive",
    "for_chip",
    "is_small",
    "keep_freed_memory",
    "limit_synapses",
    "rescaling",
    "restore_tensors",
    "return_freed_memory",
    "schedule",
    "seeded",
    "shifted",
    "shuffled",
    "stack",
    "take",
    "tensors_of",
    "training_memory",
    "written",
]
