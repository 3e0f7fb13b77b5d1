"""Layers of an architecture that feed back."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

import spikewright as sw
from spikewright.checks import ModelError
from spikewright.data import DataShape
from spikewright.fitting import stack
from spikewright.learners import FirstSpikeGradient, RateConversion, SurrogateGradient, Twin
from spikewright.neurons import Integrator

LIKE = sw.LIF(tau_mem=5e-3)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_feedback_stands_at_the_neurons(batch_norm):
    layers = stack("4C3-5R-6", (1, 5, 5), 2, hidden=LIKE, output=Integrator(), batch_norm=batch_norm, feedback=True)
    fed = [layer for layer in layers if layer.recurrent is not None]
    assert [repr(layer.recurrent) for layer in fed] == [repr(nn.Linear(5, 5, bias=False))]
    assert all(layer.neuron is LIKE for layer in fed)


def test_neurons_stand_before_a_pool_that_adds_up():
    """Of sums, neurons stand behind both convolutions; of means, behind the pool that follows."""
    layers = stack("4C3-P2-5C2-A2", (1, 10, 10), 2, hidden=LIKE, output=Integrator(), sums=True)
    kinds = [type(layer.connection).__name__ for layer in layers]
    assert kinds == ["Conv2d", "SumPool2d", "Conv2d", "SumPool2d", "Flatten", "Linear"]
    assert [layer.neuron is LIKE for layer in layers] == [True, False, True, False, False, False]
    layers = stack("4C3-P2-5C2-A2", (1, 10, 10), 2, hidden=LIKE, output=Integrator())
    assert [layer.neuron is LIKE for layer in layers] == [True, False, False, True, False, False]


def test_feedback_is_trained():
    """One step of a batch of all: 12 x 4 weights and 12 biases, 12 x 12 of feedback, 2 x 12 and 2 of the classes."""
    x, y = np.random.default_rng(0).random((6, 4), dtype=np.float32), [0, 1] * 3
    fitted = SurrogateGradient("12R", steps=3, epochs=1).fit(x, y)
    assert fitted.train_cost_.weight_updates == 12 * 5 + 12 * 12 + 2 * 13
    assert type(fitted.network_.layers["layer1"].recurrent) is nn.Linear


@pytest.mark.parametrize("learner", [Twin("5-6R"), RateConversion("5-6R"), FirstSpikeGradient("5-6R")])
def test_units_that_cannot_feed_back(learner):
    x, y = np.random.default_rng(0).random((6, 4), dtype=np.float32), [0, 1] * 3
    with pytest.raises(ModelError, match=r"Architecture: '5-6R' feeds back, .*; write '5-6', or train with Surrogate"):
        learner.fit(x, y)


def test_the_twin_has_no_feedback():
    twin = SurrogateGradient("5-6R").twin(DataShape((4,), 6, 2))
    assert twin.architecture == "5-6"
