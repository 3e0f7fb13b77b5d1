"""The deep belief network of Siegert units: its rules by hand, what it learns, counts and refuses."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spikewright.coding import EventFrames, Poisson
from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.learners import SiegertDBN
from spikewright.learners._siegert_dbn_training import firing_probabilities
from spikewright.learners._siegert_units import SiegertUnits, delta, divergence
from spikewright.spikes import Events

UNITS = SiegertUnits(tau_mem=5.0, dt=2e-3)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32).reshape(-1, 1, 8, 8), y


def small(**changes):
    """A fit of a second or less."""
    parameters = {"hidden": (12, 9), "epochs": 2, "label_epochs": 3, "batch_size": 20, "steps": 20, "seed": 4}
    return SiegertDBN(**{**parameters, **changes})


def noiseless(charge):
    """A rate in spikes a step for a strong constant charge: one step, and tau / dt ln(mu / (mu - 1)) = 1 / charge more.

    The leak adds dt / tau / (2 charge^2) steps, below 1e-3 of the whole for the charges of these tests.
    """
    return 1 / (1 + 1 / charge)


def test_divergence_by_hand():
    """One input of rate 0.5, a weight of 2: hidden 1 / 2, reconstruction 1 / 2, hidden again 1 / 2: nothing to learn.

    At rate 0.25: hidden 1 / (1 + 1 / 0.5) = 1/3, reconstruction 1 / (1 + 3/2) = 2/5, hidden again 1 / (1 + 5/4) = 4/9;
    the change is 1/4 * 1/3 - 2/5 * 4/9 = 1/12 - 8/45 = -17/180.

    The mean time to the threshold is 1 / charge, whatever the noise (Wald's identity), but for the leak: it takes
    dt / tau = 4e-4 of v in a step.
    """
    weight = np.array([[2.0]], np.float32)
    change, reconstruction = divergence(UNITS, np.array([[0.5]], np.float32), weight)
    np.testing.assert_allclose(reconstruction, [[0.5]], rtol=2e-3)
    np.testing.assert_allclose(change, [[0.0]], atol=1e-3)
    change, reconstruction = divergence(UNITS, np.array([[0.25]], np.float32), weight)
    np.testing.assert_allclose(reconstruction, [[2 / 5]], rtol=2e-3)
    np.testing.assert_allclose(change, [[-17 / 180]], rtol=5e-3)


def test_change_is_a_mean_over_the_batch():
    """A batch of two changes weights by the mean of what each alone does."""
    rng = np.random.default_rng(0)
    visible = rng.uniform(0, 0.3, (2, 5)).astype(np.float32)
    weight = rng.normal(0, 0.5, (5, 3)).astype(np.float32)
    both, _ = divergence(UNITS, visible, weight)
    first, second = (divergence(UNITS, row[None], weight)[0] for row in visible)
    # Single precision, of terms of size 0.1.
    np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-4, atol=1e-7)


def test_delta_by_hand():
    """Inputs 0.5 and 0.1, means 0.3 and 0.2, weights 1 and 0, offset 0.8: the charge is 0.8 + 0.2 = 1, the rate 1/2.

    It should be 0.7, so 0.2 is missing: the weights change by 0.2 * 0.2 and 0.2 * -0.1, the offset by 0.2.
    """
    inputs, mean = np.array([[0.5, 0.1]], np.float32), np.array([0.3, 0.2], np.float32)
    weight, target = np.array([[1.0], [0.0]], np.float32), np.array([[0.7]], np.float32)
    change, offset = delta(UNITS, inputs, target, weight, mean=mean, offset=np.array([0.8], np.float32))
    # The leak and the noise shift the rate by 1e-3 of it, which is 0.5 % of what is missing.
    np.testing.assert_allclose(change, [[0.04], [-0.02]], rtol=5e-3)
    np.testing.assert_allclose(offset, [0.2], rtol=5e-3)


def test_units_receive_mean_and_variance():
    """Two inputs that cancel leave noise only, and it makes the unit fire; a bias adds none."""
    inputs, weight = np.array([[0.2, 0.2]], np.float32), np.array([[0.5], [-0.5]], np.float32)
    noisy = UNITS.rates(inputs, weight, weight**2)[0, 0]
    assert 1e-3 < noisy < 0.1
    silent = np.zeros((2, 1), np.float32)
    assert UNITS.rates(inputs, silent, silent)[0, 0] == 0
    driven = UNITS.rates(inputs, silent, silent, np.array([0.25], np.float32))[0, 0]
    assert driven == pytest.approx(noiseless(0.25), rel=1e-3)


def test_learns_digits(digits):
    """A fit of a few seconds classifies 90 % as a spiking network, close behind its own rates."""
    x, y = digits
    learner = SiegertDBN.for_data(DataShape((1, 8, 8), 1200, 10)).fit(x[:1200], y[:1200])
    assert learner.score(x[1200:1500], y[1200:1500]) > 0.9
    errors = [progress.metrics["reconstruction_error"] for progress in learner.history_[:-1]]
    assert errors[3] < errors[0] < 0.5
    assert errors[7] < errors[4] < 0.5
    last = learner.history_[-1].metrics
    assert last["rate_accuracy"] > 0.97
    assert last["rate_accuracy"] - last["spike_accuracy"] < 0.06


def test_spikes_follow_the_rates(digits):
    """The spiking neurons fire at the mean rates that the units computed, to 10 %.

    They overshoot the threshold, their inputs are not quite Poisson, and a run starts at rest.
    """
    x, y = digits
    learner = small(hidden=(40,), epochs=4, steps=600).fit(x[:200], y[:200])
    inputs = x[:20].reshape(20, 64) * np.float32(100.0 * 2e-3)
    weight = learner.network_.layers["layer2"].connection.weight.detach().numpy().T
    expected = UNITS.rates(inputs, weight, weight**2)
    fired = run(learner.network_, x[:20]).layers["layer2"].per_neuron.numpy() / (20 * 600)
    assert fired.mean() == pytest.approx(expected.mean(), rel=0.1)
    busy = expected.mean(0) > 0.02
    assert busy.sum() > 5
    np.testing.assert_allclose(fired[busy], expected.mean(0)[busy], rtol=0.25)


def test_network_is_one_of_plain_neurons(digits):
    """Poisson spikes, one dense layer after another, biases for the labels only, a count of spikes."""
    x, y = digits
    net = small().fit(x[:60], y[:60]).network_
    assert isinstance(net.encoder, Poisson)
    connections = [layer.connection for _, layer, _ in net.sources()][1:]
    assert [tuple(c.weight.shape) for c in connections] == [(12, 64), (9, 12), (10, 9)]
    assert [c.bias is not None for c in connections] == [False, False, True]


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_resumed_fit_has_the_same_bits(digits, tmp_path, stop):
    """Within a layer, between two layers, and before the labels."""
    x, y = digits
    whole = small().fit(x[:70], y[:70])
    rounds = []

    class Stop(Exception):
        pass

    def callback(progress):
        rounds.append(progress.round)
        if progress.round == stop:
            raise Stop

    path = tmp_path / "fit.safetensors"
    with pytest.raises(Stop):
        small().fit(x[:70], y[:70], checkpoint=path, callback=callback)
    fitted = small().fit(x[:70], y[:70], checkpoint=path)
    resumed = fitted.network_.state_dict()
    assert all(torch.equal(whole.network_.state_dict()[name], resumed[name]) for name in resumed)
    assert fitted.train_cost_ == whole.train_cost_


@pytest.mark.parametrize("batch_size", [1, 20, 70])
def test_training_is_counted_by_hand(digits, batch_size):
    """Layers of 64 x 12, 12 x 9 and 9 x 10 synapses, 70 samples, 2 passes a hidden layer and 3 for labels.

    A pass of contrastive divergence goes up, down and up, each time with mean and variance: 6 products a synapse; two
    correlations make its change. Rates rise through both hidden layers once: 2 products. A pass of the delta rule has 2
    products and one correlation. Each batch writes all weights of the layer, and the last change of each; that of the
    labels also 10 biases. Kept are the rates on both sides of the largest layer, of data and reconstruction.
    """
    x, y = digits
    learner = small(batch_size=batch_size).fit(x[:70], y[:70])
    hidden, labels = 64 * 12 + 12 * 9, 9 * 10
    written = {1: 70, 20: 4, 70: 1}[batch_size] * (2 * hidden + 3 * (labels + 10))
    assert learner.train_samples_ == 70 * (2 + 2 + 3)
    assert learner.train_cost_ == TrainingCost(
        forward_multiply_accumulates=70 * ((2 * 6 + 2) * hidden + 3 * 2 * labels),
        gradient_multiply_accumulates=70 * (2 * 2 * hidden + 3 * labels),
        weight_updates=written,
        optimizer_updates=written,
        history_values=2 * (64 + 12),
        history_bytes=4 * 2 * (64 + 12),
    )


def test_recordings_of_events_enter_as_they_are():
    """Probabilities are events a step; those after the run do not count, nor a second one in the same step."""
    times = np.array([0.0, 0.0005, 0.0021, 0.005, 0.0095])
    recording = Events(times, np.array([1, 1, 1, 0, 0]), (1, 1, 2), 0.02)
    encoder, probabilities = firing_probabilities([recording, recording], steps=4, dt=2e-3, max_rate=100.0)
    assert isinstance(encoder, EventFrames)
    np.testing.assert_array_equal(probabilities, [[0.25, 0.5]] * 2)
    learner = small(hidden=(3,), steps=4).fit([recording, recording], [0, 1])
    assert learner.predict([recording]).shape == (1,)


def test_samples_outside_the_unit_interval_are_rescaled():
    """The range of all samples is that from 0 to the highest rate."""
    _, probabilities = firing_probabilities(np.array([[-2.0, 6.0], [2.0, 0.0]]), steps=5, dt=2e-3, max_rate=50.0)
    np.testing.assert_allclose(probabilities, [[0.0, 0.1], [0.05, 0.025]], rtol=1e-6)


def test_dark_samples_teach_nothing():
    """Inputs that never fire leave weights finite and units silent."""
    net = small().fit(np.zeros((40, 6)), np.arange(40) % 2).network_
    for name, tensor in net.state_dict().items():
        assert torch.isfinite(tensor).all(), name


def test_twin_has_the_hidden_layers():
    assert small().twin(DataShape((1, 8, 8), 100, 10)).architecture == "12-9"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": ()}, r"SiegertDBN\.hidden: must be >= 1; got 0\. Give the units of one or more layers"),
        ({"hidden": (5, 0)}, r"SiegertDBN\.hidden: must be >= 1; got 0"),
        ({"epochs": 0}, r"SiegertDBN\.epochs: must be >= 1"),
        ({"label_epochs": 0}, r"SiegertDBN\.label_epochs: must be >= 1"),
        ({"batch_size": 0}, r"SiegertDBN\.batch_size: must be >= 1"),
        ({"steps": 0}, r"SiegertDBN\.steps: must be >= 1"),
        ({"learning_rate": 0.0}, r"SiegertDBN\.learning_rate: must be > 0"),
        ({"label_learning_rate": -1.0}, r"SiegertDBN\.label_learning_rate: must be > 0"),
        ({"first_charge": math.nan}, r"SiegertDBN\.first_charge: must be > 0"),
        ({"tau_mem": 0.0}, r"SiegertDBN\.tau_mem: must be > 0 seconds"),
        ({"dt": 0.0}, r"SiegertDBN\.dt: must be > 0 seconds"),
        ({"momentum": 1.0}, r"SiegertDBN\.momentum: must lie in \[0, 0\.999\]"),
        ({"weight_decay": -0.1}, r"SiegertDBN\.weight_decay: must lie in \[0, 1\]"),
        ({"max_rate": 501.0}, r"SiegertDBN\.max_rate: must lie in .* At most one spike fits into a step"),
        ({"target_rate": 0.0}, r"SiegertDBN\.target_rate: must lie in"),
    ],
)
def test_bad_parameters_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes).fit(np.zeros((4, 3)), [0, 1, 0, 1])
