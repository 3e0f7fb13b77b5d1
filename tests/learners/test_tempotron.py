"""The tempotron: its network against the paper's decision, what it learns, what it counts and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.learners import Tempotron
from spikewright.network import Layer, Network
from spikewright.spikes import Events

STEPS, DT, TAU_MEM, TAU_SYN = 17, 2e-3, 0.02, 0.005


@pytest.fixture(scope="module")
def digits():
    """The images of 8 x 8 pixels in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32).reshape(-1, 1, 8, 8), y


def kernel(time):
    """The paper's response to a spike: 0 before it, and normalised to a maximum of 1."""
    peak = np.log(TAU_MEM / TAU_SYN) * TAU_MEM * TAU_SYN / (TAU_MEM - TAU_SYN)
    value, highest = (np.exp(-t / TAU_MEM) - np.exp(-t / TAU_SYN) for t in (np.maximum(time, 0), peak))
    return value / highest


def spikes_of(net, x):
    """Return how often each neuron of the last layer fires, shape (sample, neuron)."""
    return run(net, x, rasters=True).rasters[net.last].sum(0).numpy()


def test_network_takes_the_decision_of_the_paper(digits):
    """A neuron fires, once, where the sum of the weighted responses reaches 1; double precision leaves no ties."""
    x, y = digits
    learner = Tempotron(3, epochs=2, steps=STEPS, dt=DT, tau_mem=TAU_MEM, tau_syn=TAU_SYN, minimum=0.2)
    net = learner.fit(x[:300], y[:300]).network_.double()
    spikes = spikes_of(net, x[300:500])
    values = x[300:500].reshape(200, 64).astype(float)
    times = DT * np.floor((1 - values) * (STEPS - 1) + 0.5)
    weight = next(net.parameters()).detach().numpy()
    since = (DT * np.arange(STEPS))[:, None, None] - times
    potential = (kernel(since) * (values > np.float32(0.2))) @ weight.T
    assert 0.05 < spikes.mean() < 0.5
    np.testing.assert_array_equal(spikes, potential.max(0) >= 1)


def test_one_spike_at_most_whatever_comes():
    """Where neurons that only lose a threshold at a spike fire many times, these stay silent after the first."""
    x = np.linspace(0.2, 1, 6, dtype=np.float32) * np.array([[1.0], [0.5]], np.float32)
    learner = Tempotron(4, epochs=30, learning_rate=20.0, share=1.0, steps=40, tau_mem=0.005, tau_syn=0.001)
    net = learner.fit(x, [0, 1]).network_
    (layer,) = net.layers.values()
    losing = Layer(layer.connection, replace(layer.neuron, v_reset=None))
    many, one = (spikes_of(other, x) for other in (Network(net.encoder, losing, net.readout, dt=net.dt), net))
    assert many.max() > 5
    assert one.max() == 1


def test_learns_digits(digits):
    """As well as linear classifiers do (about 0.93 on these samples), less two standard errors of 400 samples."""
    x, y = digits
    learner = Tempotron.for_data(DataShape((1, 8, 8), 1200, 10), seed=1).fit(x[:1200], y[:1200])
    assert learner.score(x[1200:1600], y[1200:1600]) > 0.9


def test_learns_the_order_of_events():
    """Two inputs fire once each; only which comes first tells the classes apart, so no count could."""
    draws = np.random.default_rng(3)
    labels = draws.integers(0, 2, 120)
    times = np.sort(draws.uniform([[0.01, 0.12]], [[0.05, 0.2]], (120, 2)), axis=1)
    recordings = [
        Events(t, np.array([label, 1 - label]), (2, 1, 1), 0.3) for t, label in zip(times, labels, strict=True)
    ]
    learner = Tempotron.for_data(DataShape((2, 1, 1), 80, 2, kind="events"))
    assert learner.fit(recordings[:80], labels[:80]).score(recordings[80:], labels[80:]) == 1


def test_resumed_fit_keeps_the_momentum(digits, tmp_path):
    """The last change of each weight is part of a checkpoint, so the fit ends with the bits of one never stopped."""
    x, y = digits[0][:200], digits[1][:200]
    path = tmp_path / "fit.safetensors"
    parameters = {"group": 2, "epochs": 3, "momentum": 0.9, "learning_rate": 1e-3}
    whole = Tempotron(**parameters).fit(x, y)
    assert len(Tempotron(**parameters).fit(x, y, checkpoint=path, budget=1e-9).history_) == 1
    resumed = Tempotron(**parameters).fit(x, y, checkpoint=path)
    assert torch.equal(next(whole.network_.parameters()), next(resumed.network_.parameters()))
    assert whole.train_cost_ == resumed.train_cost_


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_counts_by_hand(momentum):
    """Two neurons get 3 + 1 spikes each; none fires yet, so each misses its own sample and learns from its spikes.

    An error writes all 4 weights of its neuron, and with momentum their last changes. Each neuron runs 20 steps of each
    sample. Of a sample at most 3 spikes are kept, in 4 bytes each, and where its 20 steps begin and end, in 8.
    """
    x = np.array([[1, 1, 1, 0], [0, 0, 0, 1]], np.float32)
    learner = Tempotron(1, epochs=1, learning_rate=1e-6, share=1.0, momentum=momentum).fit(x, [0, 1])
    assert learner.train_samples_ == 2
    assert learner.train_cost_ == TrainingCost(
        forward_accumulates=2 * (3 + 1),
        gradient_accumulates=3 + 1,
        weight_updates=2 * 4,
        optimizer_updates=2 * 4 if momentum else 0,
        neuron_updates=2 * 2 * 20,
        history_values=3 + 21,
        history_bytes=4 * 3 + 8 * 21,
    )
    assert learner.history_[0].metrics["errors"] == 2 / 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"group": 0}, r"Tempotron\.group: must be >= 1; got 0"),
        ({"epochs": 0}, r"Tempotron\.epochs: must be >= 1; got 0"),
        ({"steps": 1}, r"Tempotron\.steps: must be >= 2; got 1"),
        ({"dt": 0.0}, r"Tempotron\.dt: must be > 0 seconds; got 0"),
        ({"tau_mem": -1.0}, r"Tempotron\.tau_mem: must be > 0 seconds; got -1"),
        ({"tau_syn": 0.0}, r"Tempotron\.tau_syn: must be > 0 seconds; got 0"),
        ({"tau_syn": 0.02}, r"Tempotron\.tau_syn: must be below tau_mem, 0\.02 seconds; got 0\.02"),
        (
            {"steps": 2000},
            r"Tempotron\.tau_mem: must be at least 1/50 of a run, 2000 steps of 0\.001 seconds; got 0\.02",
        ),
        ({"learning_rate": 0.0}, r"Tempotron\.learning_rate: must be > 0; got 0"),
        ({"momentum": 1.0}, r"Tempotron\.momentum: must lie in \[0, 0\.999\]; got 1"),
        ({"share": 0.0}, r"Tempotron\.share: must lie in \[0\.001, 1\]; got 0"),
        ({"minimum": 2.0}, r"Latency\.minimum: must lie in \[0, 1\]; got 2"),
    ],
)
def test_errors(parameters, message):
    """Each parameter out of range is named, with what must hold."""
    with pytest.raises(ValueError, match=message):
        Tempotron(**parameters).fit(np.eye(2, dtype=np.float32), [0, 1])
