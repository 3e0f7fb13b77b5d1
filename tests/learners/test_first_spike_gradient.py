"""First-spike-time gradient: updates by hand, the grid against the continuous times, and what it learns."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spikewright.coding import LevelLatency
from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.fitting import Labelled
from spikewright.learners import FirstSpikeGradient
from spikewright.learners._first_spike_times import spike_times, spike_times_of_levels
from spikewright.spikes import Events


@pytest.fixture(scope="module")
def digits():
    """Real digits in random order, (sample, channel, row, column) in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8), y[order]


@pytest.fixture(scope="module")
def fitted(digits):
    """What ``compare`` would fit to them."""
    x, y = digits
    return FirstSpikeGradient.for_data(DataShape((1, 8, 8), 1200, 10)).fit(x[:1200], y[:1200])


def begin(**parameters):
    """A fit of two inputs and two classes without hidden layers, at its beginning, with weights (2, 1) and (1.5, 1).

    A bright first input fires neuron 0 at 2 / (2 - 1) = 2 and neuron 1 at 1.5 / (1.5 - 1) = 3, before the dark second
    input comes at 6.
    """
    learner = FirstSpikeGradient("", **{"epochs": 1, "batch_size": 3, "sharpness": 1.0, **parameters})
    x = np.array([[1.0, 0.0]] * 3, dtype=np.float32)
    training = learner.begin(Labelled(x, np.array([0, 0, 0])), 2)
    weight = next(training.network().parameters())
    with torch.no_grad():
        weight.copy_(torch.tensor([[2.0, 1.0], [1.5, 1.0]]))
    return training, weight


def test_update_by_hand():
    """The softmax of (-2, -3) gives the wrong class p = 1 / (1 + e) = 0.268941.

    So dE/dz is p for neuron 0 and -p for neuron 1, and dz/dw of the bright input (1 - 2) / 1 = -1 and
    (1 - 3) / 0.5 = -4: gradients -p and 4 p = 1.075766. The dark input comes after both spikes, and has none. Adam's
    first step is the learning rate, here at half of one epoch 0.5 (1 + cos(pi 0.4 / 0.9)) of its highest, against the
    sign of the gradient.
    """
    training, weight = begin(learning_rate=0.01)
    metrics = training.advance(0)
    assert metrics["loss"] == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-5)
    torch.testing.assert_close(weight.grad, torch.tensor([[-0.268941, 0.0], [1.075766, 0.0]]), rtol=1e-5, atol=1e-7)
    rate = 0.01 * 0.586824
    expected = torch.tensor([[2 + rate, 1.0], [1.5 - rate, 1.0]])
    torch.testing.assert_close(weight.detach(), expected, rtol=1e-6, atol=0)


def test_sharpness_multiplies_the_distance_of_spikes():
    """Three times the distance of 1 between the two spikes."""
    training, weight = begin(sharpness=3.0)
    assert training.advance(0)["loss"] == pytest.approx(math.log(1 + math.exp(-3)), rel=1e-5)
    p = 1 / (1 + math.exp(3))
    torch.testing.assert_close(weight.grad, torch.tensor([[-3 * p, 0.0], [12 * p, 0.0]]), rtol=1e-5, atol=1e-7)


def test_long_gradients_are_shortened():
    """Neuron 1's gradient of 1.075766 comes down to 0.5; neuron 0's is short enough."""
    training, weight = begin(largest_gradient=0.5)
    training.advance(0)
    torch.testing.assert_close(weight.grad, torch.tensor([[-0.268941, 0.0], [0.5, 0.0]]), rtol=1e-5, atol=1e-7)


def test_weights_that_add_up_to_less_than_one_are_raised():
    """Neither neuron fires; the one gradient is that of the cost, -7 for each weight of the neuron that falls short."""
    training, weight = begin(weight_sum_cost=7.0, largest_gradient=100.0)
    with torch.no_grad():
        weight.copy_(torch.tensor([[0.5, 0.25], [0.5, 0.51]]))
    training.advance(0)
    np.testing.assert_array_equal(weight.grad, [[-7.0, -7.0], [0.0, 0.0]])


def test_training_is_counted_by_hand():
    """Of three samples the bright input alone comes before both spikes; there is no layer to send errors back to.

    Each of these 2 synapses adds to two sums, and gets one part of a gradient. Adam writes 4 weights and 8 moments.
    Kept are the levels of 2 inputs, in 8 bytes each, and time and slope of 2 neurons, in 4.
    """
    training, _ = begin()
    training.advance(0)
    assert training.samples == 3
    assert training.cost == TrainingCost(
        forward_accumulates=3 * 2,
        forward_multiply_accumulates=3 * 2,
        gradient_multiply_accumulates=3 * 2,
        weight_updates=4,
        optimizer_updates=8,
        history_values=2 + 2 * 2,
        history_bytes=8 * 2 + 4 * 4,
    )


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_hidden_layers_are_counted_by_hand(batch_size):
    """Hidden neurons fire at 2 and 3, both by the bright input.

    The first output neuron gets 2 at 2 and 1 at 3 and fires at (4 + 3) / (3 - 1) = 3.5 by both; the second gets 5 at 2
    and fires at 10 / 4 = 2.5; the third gets 0.5 and 0.25 and does not fire, so it uses both spikes and learns nothing.
    No other batch changes more than the number of steps, of which each writes 4 and 6 weights.
    """
    learner = FirstSpikeGradient("2", epochs=1, batch_size=batch_size, sharpness=1.0, learning_rate=1e-30)
    training = learner.begin(Labelled(np.array([[1.0, 0.0]] * 3, dtype=np.float32), np.array([0, 0, 0])), 3)
    first, second = training.network().parameters()
    with torch.no_grad():
        first.copy_(torch.tensor([[2.0, 1.0], [1.5, 1.0]]))
        second.copy_(torch.tensor([[2.0, 1.0], [5.0, 1.0], [0.5, 0.25]]))
    training.advance(0)
    hidden, used, learned = 2, 2 + 1 + 2, 2 + 1
    steps = math.ceil(3 / batch_size)
    assert training.cost == TrainingCost(
        forward_accumulates=3 * (hidden + used),
        forward_multiply_accumulates=3 * (hidden + used),
        backward_multiply_accumulates=3 * learned,
        gradient_multiply_accumulates=3 * (hidden + learned),
        weight_updates=steps * 10,
        optimizer_updates=steps * 20,
        history_values=2 + 2 * 5,
        history_bytes=8 * 2 + 4 * 10,
    )


def test_learns_digits(fitted, digits):
    """Measured 0.96 for seeds 0 to 2; 597 samples have a standard error of 0.008."""
    x, y = digits
    assert fitted.score(x[1200:], y[1200:]) > 0.93


def test_no_neuron_fires_twice(fitted, digits):
    """At most one spike a neuron, inputs included, and nearly all samples are decided by a spike."""
    activity = run(fitted.network_, digits[0][1200:], rasters=True)
    for name, raster in activity.rasters.items():
        assert raster.sum(0).max() == 1, name
    assert (activity.scores[-1].amax(1) > 0).double().mean() > 0.99


def test_grid_is_the_continuous_network_rounded_up(fitted, digits):
    """Each layer fires in the first step at or after the exact time, worked out from the spikes it received."""
    learner, net = fitted, fitted.network_
    net.double()
    encoder = net.encoder
    assert isinstance(encoder, LevelLatency)
    activity = run(net, digits[0][1200:1250].astype(np.float64), rasters=True)
    net.float()
    step = net.dt / learner.tau_syn
    z_end = math.exp((encoder.steps - 1) * step)
    rasters = [raster.flatten(2) for raster in activity.rasters.values()]
    weighted = [raster for raster in rasters if raster.shape[2] != 64]
    received = rasters[0]
    for weight, fired in zip(net.parameters(), weighted, strict=True):
        z = (first_steps(received) * step).exp()
        exact = spike_times(z, weight.detach().double(), z_end)
        # A spike within 1e-9 of a step of a grid time may fall on either side of it.
        expected = (exact.log() / step - 1e-9).ceil()
        torch.testing.assert_close(first_steps(fired), expected, rtol=0, atol=0)
        received = fired
    bright = encoder.level(torch.from_numpy(digits[0][1200:1250])).flatten(1)
    z_inputs = (encoder.step_of_level(net.dt).double() * step).exp()
    first = next(net.parameters()).detach().double()
    torch.testing.assert_close(
        spike_times_of_levels(bright, z_inputs, first, z_end),
        spike_times((first_steps(rasters[0]) * step).exp(), first, z_end),
        rtol=1e-9,
        atol=0,
    )


def first_steps(raster):
    """The step of each neuron's first spike; inf for none."""
    return torch.where(raster.any(0), raster.argmax(0).double(), torch.inf)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_resumed_fit_has_the_same_bits(digits, tmp_path, dropout):
    """Shifts and dropout of a round are those of the round, whoever did the rounds before."""
    x, y = digits
    learner = FirstSpikeGradient("20-15", epochs=3, shift=1, dropout=dropout)
    whole = learner.fit(x[:200], y[:200]).network_.state_dict()
    path = tmp_path / "fit.safetensors"
    learner.fit(x[:200], y[:200], checkpoint=path, budget=0.0)
    resumed = learner.fit(x[:200], y[:200], checkpoint=path)
    assert [progress.round for progress in resumed.history_] == [1, 2, 3]
    for name, tensor in resumed.network_.state_dict().items():
        assert torch.equal(tensor, whole[name]), name


def test_learns_recordings_of_events():
    """Two classes, whose events lie in the upper or the lower half of the sensor."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    recordings = [
        Events(np.sort(rng.uniform(0, 0.1, 60)), rng.integers(0, 8, 60) + 8 * label, (1, 4, 4), 0.1) for label in labels
    ]
    learner = FirstSpikeGradient("10", epochs=10, batch_size=10).fit(recordings[:40], labels[:40])
    assert learner.score(recordings[40:], labels[40:]) == 1.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"architecture": "4C3"}, r"architecture: takes dense layers only, such as '800' or '400-400'; got Conv2d"),
        ({"duration": 1.0}, r"duration: must lie in \[1\.79176, 20\]; got 1\.0"),
        ({"steps": 1}, r"steps: must be >= 2; got 1"),
        ({"tau_syn": 0.0}, r"tau_syn: must be > 0 seconds; got 0\.0"),
        ({"sharpness": 0.0}, r"sharpness: must be > 0; got 0\.0"),
        ({"weight_sum_cost": -1.0}, r"weight_sum_cost: must lie in \[0, inf\]; got -1\.0"),
        ({"largest_gradient": 0.0}, r"largest_gradient: must be > 0; got 0\.0"),
        ({"dropout": 1.0}, r"dropout: must lie in \[0, 0\.99\]; got 1\.0"),
        ({"levels": 1}, r"levels: must be >= 2; got 1"),
    ],
)
def test_messages(digits, parameters, message):
    with pytest.raises(ValueError, match=message):
        FirstSpikeGradient(**{"architecture": "5", **parameters}).fit(digits[0][:20], digits[1][:20])


def test_shift_needs_images(digits):
    with pytest.raises(
        ValueError, match=r"shift: needs images of shape \(channel, row, column\); got samples of \(64,\)"
    ):
        FirstSpikeGradient("5", shift=1).fit(digits[0][:20].reshape(20, 64), digits[1][:20])
