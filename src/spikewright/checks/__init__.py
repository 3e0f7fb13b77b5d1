"""Argument checks, the errors they raise, and the names of tensor shapes."""

from spikewright.checks._arguments import (
    check_choice,
    check_count,
    check_finite,
    check_in_range,
    check_positive,
    check_same_shape,
)
from spikewright.checks._errors import DataError, ModelError, SpikewrightError
from spikewright.checks._plain import is_plain
from spikewright.checks._shapes import Raster, Scores, ScoresOverTime, Sequence, Step

__all__ = [
    "DataError",
    "ModelError",
    "Raster",
    "Scores",
    "ScoresOverTime",
    "Sequence",
    "SpikewrightError",
    "Step",
    "check_choice",
    "check_count",
    "check_finite",
    "check_in_range",
    "check_positive",
    "check_same_shape",
    "is_plain",
]
