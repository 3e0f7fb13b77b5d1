"""Unsupervised plasticity with adaptive thresholds: what it learns, what it counts, and that it resumes bit for bit."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.fitting import Labelled
from spikewright.learners import DiehlCook
from spikewright.neurons import ConductanceLIF
from spikewright.spikes import Events


@pytest.fixture(scope="module")
def digits():
    """All digits in a fixed random order."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8), y[order]


def recordings(count, *, shape=(2, 3, 3), spikes=40, late=0):
    """Random recordings of 0.1 s on whole milliseconds, no two events alike, some of them after 0.1 s."""
    rng = np.random.default_rng(3)
    size = int(np.prod(shape))
    made = []
    for _ in range(count):
        step, address = np.divmod(np.sort(rng.choice(100 * size, spikes, replace=False)), size)
        times = np.concatenate([step * 1e-3, np.full(late, 0.15)])
        made.append(Events(times, np.concatenate([address, np.zeros(late, np.int64)]), shape, duration=0.2))
    return made


def test_learns_digits(digits):
    """100 neurons learn all ten digits without labels; published is 82.9 % for 100 neurons on MNIST."""
    x, y = digits
    learner = DiehlCook.for_data(DataShape((1, 8, 8), 1200, 10), seed=1)
    learner.fit(x[:1200], y[:1200])
    assert learner.score(x[1200:], y[1200:]) > 0.8
    assert learner.network_.readout.labels.shape == (100,)
    assert (learner.network_.readout.labels.bincount(minlength=10) > 0).all()


def test_training_does_not_look_at_labels(digits):
    """Other labels change the names of the neurons and nothing else."""
    x, y = digits
    first, second = (DiehlCook(10, epochs=1).fit(x[:50], labels).network_ for labels in (y[:50], y[50:100] % 3))
    (weight, theta, names), (same_weight, same_theta, other_names) = (
        (net.layers["layer2"].connection.weight, net.layers["layer2"].neuron.theta, net.readout.labels)
        for net in (first, second)
    )
    assert torch.equal(weight, same_weight)
    assert torch.equal(theta, same_theta)
    assert not torch.equal(names, other_names)


def test_weights_keep_their_mean_and_thresholds_rise(digits):
    """The mean weight is what it was set to, in units of the conductance that a spike opens."""
    x, y = digits
    learner = DiehlCook(10, epochs=1, max_rate=100.0, drive=500.0, mean_weight=0.2).fit(x[:100], y[:100])
    layer = learner.network_.layers["layer2"]
    # An average sample brings 100 Hz times its brightness, and 500 / s at the mean weight.
    gain = 500.0 / (0.2 * 100.0 * x[:100].sum() / 100)
    # Sums of 64 weights in float32.
    np.testing.assert_allclose(layer.connection.weight.detach().mean(1), 0.2 * gain, rtol=1e-5)
    assert layer.neuron.theta_plus == 0
    assert (layer.neuron.theta > 20).any()


@pytest.mark.parametrize("brighten", [0.0, 1.0])
def test_dim_samples_are_seen_if_they_are_brightened(digits, brighten):
    """Digits at a tenth of their brightness evoke nothing, or a third or more of the spikes of those that have all."""
    x, y = digits
    mixed = np.concatenate([x[:150], x[150:300] / 10])
    learner = DiehlCook(10, epochs=1, brighten=brighten, seed=2).fit(mixed, y[:300])
    bright, dim = (
        run(learner.network_, samples, generator=torch.Generator().manual_seed(1)).layers["layer2"].per_sample.mean()
        for samples in (x[300:350], x[300:350] / 10)
    )
    assert bright > 10
    assert dim >= bright / 3 if brighten else dim == 0


@pytest.mark.parametrize(("stop", "weighted"), [(0, False), (1, True)])
def test_resumed_fit_has_the_same_bits(digits, tmp_path, stop, weighted):
    """With rounds that are no whole passes, stopped in the middle of one."""
    x, y = digits

    def learner():
        return DiehlCook(8, epochs=2, steps=200, round_size=25, naming=20, weighted=weighted, seed=4)

    whole = learner().fit(x[:60], y[:60])
    assert len(whole.history_) == 5
    path = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        learner().fit(x[:60], y[:60], checkpoint=path, callback=stopping_after(stop + 1))
    resumed = learner().fit(x[:60], y[:60], checkpoint=path)
    for name, tensor in whole.network_.state_dict().items():
        assert torch.equal(resumed.network_.state_dict()[name], tensor), name
    assert resumed.train_samples_ == whole.train_samples_
    assert resumed.train_cost_ == whole.train_cost_


@pytest.mark.parametrize(("round_size", "rounds"), [(None, 3), (4, 8), (10, 3), (15, 2), (30, 1), (31, 1)])
def test_each_pass_shows_every_sample_once(digits, round_size, rounds):
    """However passes are cut into rounds, and each in an order of its own."""
    x, y = digits
    learner = DiehlCook(3, epochs=3, steps=10, round_size=round_size)
    training = learner.begin(Labelled(x[:10], y[:10]), 10)
    assert training.rounds == rounds
    orders = np.split(np.concatenate([training._shown(round_) for round_ in range(rounds)]), 3)
    assert [sorted(order) for order in orders] == [list(range(10))] * 3
    assert len({tuple(order) for order in orders}) == 3


def test_counts_of_neurons_that_never_fire():
    """Each presentation delivers every spike to every neuron; nothing is learned, and all neurons stay nameless."""
    train = recordings(6, spikes=40, late=5)
    learner = DiehlCook(7, epochs=3, steps=100, dt=1e-3, drive=1e-3, naming=4, round_size=4)
    learner.fit(train, [0, 1] * 3)
    rounds = 5
    presentations = 3 * 6 + rounds * 4
    assert learner.train_samples_ == presentations
    inputs = prod(train[0].shape)
    assert learner.train_cost_ == TrainingCost(
        forward_accumulates=presentations * 40 * 7,
        trace_updates=3 * 6 * (40 + 7),
        neuron_updates=presentations * 100 * 7,
        history_values=inputs + 7,
        history_bytes=8 * (inputs + 7),
    )
    assert learner.network_.readout.labels.tolist() == [-1] * 7


def test_counts_of_a_neuron_that_fires():
    """One input, one neuron, every input spike strong enough to fire it in the next step, unless it waits.

    Spikes arrive in steps 0, 2 and 4, the neuron fires in 1, 3 and 5. Learning: 3 deliveries; the arrivals in steps 2
    and 4 lower one weight each, the neuron's second and third spike raise one each; one weight is scaled at the end.
    Naming: 3 deliveries. One neuron inhibits no other. While learning, each of 6 spikes writes its trace, each of 3
    raises a threshold, which decays after each of two samples. Four presentations have 6 steps.
    """
    recording = Events(np.array([0.0, 0.002, 0.004]), np.zeros(3, np.int64), (1,), duration=0.006)
    other = replace(recording, times=recording.times[:0], addresses=recording.addresses[:0])
    neuron = ConductanceLIF(tau_ref=1e-3, tau_ge=1e-4)
    learner = DiehlCook(1, epochs=1, steps=6, dt=1e-3, drive=1e7, neuron=neuron)
    learner.fit([recording, other], [0, 1])
    assert learner.history_[0].metrics["spikes"] == 3 / 2
    assert learner.train_cost_ == TrainingCost(
        forward_accumulates=3 + 3,
        weight_updates=2 + 2 + 1,
        trace_updates=6 + 3 + 2,
        neuron_updates=4 * 6,
        history_values=2,
        history_bytes=16,
    )
    assert learner.network_.readout.labels.tolist() == [0]
    raster = run(learner.network_, [recording], rasters=True).rasters["layer1"][:, 0, 0]
    assert raster.tolist() == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("weighted", [False, True])
def test_weight_of_a_vote_is_the_share_of_the_class_a_neuron_is_named_after(weighted):
    """The neuron of the test before answers 3 spikes to class 0 and, on average, 3/2 to class 1: two thirds."""
    recording = Events(np.array([0.0, 0.002, 0.004]), np.zeros(3, np.int64), (1,), duration=0.006)
    other = replace(recording, times=recording.times[:0], addresses=recording.addresses[:0])
    neuron = ConductanceLIF(tau_ref=1e-3, tau_ge=1e-4)
    learner = DiehlCook(1, epochs=1, steps=6, dt=1e-3, drive=1e7, neuron=neuron, weighted=weighted)
    learner.fit([recording, recording, other], [0, 1, 1])
    scores = run(learner.network_, [recording]).scores[-1, 0]
    torch.testing.assert_close(scores, torch.tensor([3 * 2 / 3 if weighted else 3.0, 0.0]), rtol=1e-6, atol=0)


def test_recordings_are_learned_as_they_are():
    """Two classes that differ in which half of the sensor is active are told apart."""
    rng = np.random.default_rng(5)
    made, labels = [], np.tile([0, 1], 30)
    for label in labels:
        times = np.sort(rng.uniform(0, 0.1, 300))
        made.append(Events(times, rng.integers(0, 16, 300) + 16 * label, (2, 4, 4), duration=0.1))
    learner = DiehlCook(6, epochs=3, steps=200, seed=2).fit(made[:40], labels[:40])
    assert learner.score(made[40:], labels[40:]) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"neurons": 0}, r"DiehlCook\.neurons: must be >= 1; got 0"),
        ({"epochs": 0}, r"DiehlCook\.epochs: must be >= 1"),
        ({"dt": 0.0}, r"DiehlCook\.dt: must be > 0 seconds; got 0\.0"),
        ({"tau_slow": -1.0}, r"DiehlCook\.tau_slow: must be > 0 seconds"),
        ({"max_rate": 0.0}, r"DiehlCook\.max_rate: must be > 0 Hz"),
        ({"brighten": -0.5}, r"DiehlCook\.brighten: must lie in \[0, inf\]; got -0\.5"),
        ({"inhibition": -17.0}, r"DiehlCook\.inhibition: must be > 0; got -17"),
        ({"mean_weight": 1.5}, r"DiehlCook\.mean_weight: must lie in \[1e-06, 1\]"),
    ],
)
def test_wrong_parameters(wrong, message):
    """Each is named, with what must hold."""
    with pytest.raises(ValueError, match=message):
        DiehlCook(**wrong).fit(np.ones((2, 3), np.float32), [0, 1])


def test_neurons_that_differ_are_refused():
    """The compiled loop has one constant for all neurons."""
    neuron = ConductanceLIF(tau_mem=torch.tensor([0.1, 0.2]))
    with pytest.raises(
        ValueError, match=r"DiehlCook\.neuron: tau_mem must be one number for all neurons; got a tensor of \(2,\)"
    ):
        DiehlCook(2, neuron=neuron).fit(np.ones((2, 3), np.float32), [0, 1])


def test_samples_without_spikes():
    """Nothing could be learned."""
    with pytest.raises(ValueError, match=r"DiehlCook\.fit: the samples hold no spike in the time of a run"):
        DiehlCook(2).fit(np.zeros((2, 3), np.float32), [0, 1])


def stopping_after(rounds):
    """Return a callback that interrupts the fit after some rounds."""

    def callback(progress):
        if progress.round == rounds:
            raise KeyboardInterrupt

    return callback
