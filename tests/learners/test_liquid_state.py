"""The liquid state machine: what it learns, what it counts, and that a fit can be resumed."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from torch import nn

from spikewright.coding import Direct, WindowedReadout
from spikewright.cost import TrainingCost
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.fitting import Labelled
from spikewright.learners import LiquidState, kernel_rank, liquid_states, separation
from spikewright.learners._liquid_training import LiquidPlan, LiquidTraining
from spikewright.network import Layer, Network
from spikewright.neurons import IF, LIF
from spikewright.spikes import Events


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32).reshape(-1, 1, 8, 8), y


@pytest.fixture(scope="module")
def fitted(digits):
    x, y = digits
    return LiquidState.for_data(DataShape((1, 8, 8), 1000, 10)).fit(x[:1000], y[:1000])


def small(**changes: object) -> LiquidState:
    return LiquidState(**{"grid": (3, 3, 4), "steps": 24, "windows": 4, "calibration": 20} | changes)


def test_learns_digits(fitted, digits):
    """Two seeds reached 0.96 of 300 others; three standard errors of that are 0.034."""
    x, y = digits
    assert fitted.score(x[1000:1300], y[1000:1300]) > 0.92


def test_fires_at_the_rate_it_was_scaled_for(fitted):
    """Within what 50 of the samples say about 1000 of them."""
    assert fitted.history_[0].metrics["rate"] == pytest.approx(30.0, rel=0.1)


def test_quality_is_that_of_the_liquid(fitted, digits):
    x = digits[0][:1000]
    states = liquid_states(fitted.network_, x[np.random.default_rng((0, 1)).permutation(1000)[:500]])
    assert fitted.kernel_rank_ == kernel_rank(states)
    assert fitted.separation_ == separation(states)
    assert 100 < fitted.kernel_rank_ <= 200


def test_readout_is_the_ridge_regression_of_the_window_counts(digits):
    """The scores are those of scikit-learn's regression on counts that are taken from the rasters of a run."""
    x, y = digits[0][:200], digits[1][:200]
    learner = small(penalties=(50.0,)).fit(x, y)
    spikes = run(learner.network_, x, rasters=True).rasters["liquid"]
    counts = spikes.unflatten(0, (4, 6)).sum(1).movedim(0, 1).flatten(1).numpy()
    theirs = Ridge(alpha=50.0).fit(counts, np.eye(10)[y]).predict(counts)
    # Scores are of order 1, and float32 sums of some hundred terms.
    np.testing.assert_allclose(learner.decision_function(x), theirs, atol=1e-4)


def test_order_in_time_is_told_apart():
    """Twelve spikes of random inputs, early or late: their counts over the whole recording tell nothing."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, size=60)
    recordings = []
    for late in labels:
        times = np.sort(rng.uniform(0.0, 0.04, size=12)) + 0.05 * late
        recordings.append(Events(times, rng.integers(0, 6, size=12), (1, 2, 3), 0.1))
    learner = small(steps=40).fit(recordings[:30], labels[:30])
    assert learner.network_.dt == pytest.approx(0.1 / 40)
    assert learner.score(recordings[30:], labels[30:]) == 1.0


def test_samples_without_rows_are_one_row(digits):
    """A run takes as long, and the result is nearly as good: 0.95 of 300 with 1200 samples and 400 neurons."""
    x, y = digits[0].reshape(-1, 64), digits[1]
    learner = LiquidState((5, 5, 4), steps=40, windows=4, rate=30.0).fit(8 * x[:600] - 3, y[:600])
    assert learner.network_.encoder.steps == 40
    assert learner.score(8 * x[600:800] - 3, y[600:800]) > 0.8


def test_rows_last_equally_long():
    """Ten steps for three rows: four each."""
    x = np.random.default_rng(0).random((20, 2, 3, 5), dtype=np.float32)
    net = small(steps=10, windows=4).fit(x, np.arange(20) % 2).network_
    assert net.encoder.steps == 12
    assert net.layers["liquid"].connection.in_features == 10
    assert net.readout.weight.shape == (2, 4, 36)


@pytest.mark.parametrize("rounds", [1, 2])
def test_resumed_fit_has_the_same_bits(digits, tmp_path, rounds):
    """Four rounds of 40 samples, stopped after one or two."""
    x, y = digits[0][:160], digits[1][:160]
    whole = small(part=40).fit(x, y)
    path = tmp_path / "fit.safetensors"

    def stop(progress):
        if progress.round == rounds:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(part=40).fit(x, y, checkpoint=path, callback=stop)
    resumed = small(part=40).fit(x, y, checkpoint=path)
    assert len(resumed.history_) == len(whole.history_) == 4
    ours, theirs = whole.network_.state_dict(), resumed.network_.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (resumed.train_samples_, resumed.train_cost_) == (whole.train_samples_, whole.train_cost_)
    assert (resumed.kernel_rank_, resumed.separation_) == (whole.kernel_rank_, whole.separation_)
    finished = small(part=40).fit(x, y, checkpoint=path)
    assert torch.equal(finished.network_.readout.weight, whole.network_.readout.weight)


def test_parts_make_no_difference_to_the_result(digits):
    """The sums are exact, so four rounds end where one does, up to the rounding of the solution."""
    x, y = digits[0][:400], digits[1][:400]
    one, four = small().fit(x, y), small(part=100).fit(x, y)
    torch.testing.assert_close(one.network_.readout.weight, four.network_.readout.weight, rtol=1e-6, atol=1e-7)


def test_uses_of_synapses_are_counted():
    """One input of 1 in each of four steps; two neurons, of which the input reaches the first and that the second.

    Gains of 1 and more make the first neuron fire in every step, and the rate asked for is out of reach, so all twelve
    trials of the gain do; the second never reaches its threshold with 0.1 a step. A run then takes 4 uses of the
    input's synapse and 4 of the recurrent one, and 4 steps of 3 neurons. Twelve trials, each of which writes a weight,
    and three samples make 15 runs. 2 windows of 2 neurons and a constant are 5 unknowns for each of 2 classes: a sample
    adds 5 by 5 and 5 by 2 products. The choice of the one penalty and the solution with it factor a matrix each.
    """
    factor = sum(1 for column in range(5) for _ in range(column, 5) for _ in range(column))
    triangles = 2 * sum(1 for row in range(5) for _ in range(row))
    error = 5 * 5 + 5
    connection, recurrent = nn.Linear(1, 2, bias=False), nn.Linear(2, 2, bias=False)
    for module, weights in ((connection, [[1.0], [0.0]]), (recurrent, [[0.0, 0.0], [0.1, 0.0]])):
        module.weight = nn.Parameter(torch.tensor(weights), requires_grad=False)
    net = Network(
        Direct(steps=4),
        Layer(None, IF()),
        Layer(connection, LIF(tau_mem=1.0, v_reset=0.0), recurrent=recurrent),
        WindowedReadout(torch.zeros(2, 2, 2), torch.zeros(2), width=2),
        dt=1e-3,
    )
    train = Labelled(np.ones((3, 1), dtype=np.float32), np.array([0, 1, 1]))
    training = LiquidTraining(net, train, LiquidPlan(rate=1e6, calibration=1, part=5, penalties=(1.0,), seed=0))
    metrics = training.advance(0)
    assert training.rounds == 1
    assert training.samples == 15
    assert training.cost == TrainingCost(
        forward_accumulates=15 * (4 + 4),
        gradient_multiply_accumulates=3 * (25 + 10) + 2 * (factor + 2 * triangles) + 2 * error,
        weight_updates=12 + 2 * 5,
        neuron_updates=15 * 4 * 3,
        history_values=4,
        history_bytes=16,
    )
    # One of two neurons fires in each step of 1 ms.
    assert metrics["rate"] == pytest.approx(500.0)
    # All samples are alike, so the scores are the fractions of the classes.
    torch.testing.assert_close(
        run(net, train.x).scores[-1], torch.tensor([[1 / 3, 2 / 3]]).repeat(3, 1), atol=1e-6, rtol=0
    )


def test_seed_fixes_the_liquid(digits):
    x, y = digits[0][:60], digits[1][:60]
    first, same, other = (small(seed=seed).fit(x, y).network_.layers["liquid"] for seed in (1, 1, 2))
    assert torch.equal(first.recurrent.weight, same.recurrent.weight)
    assert torch.equal(first.connection.weight, same.connection.weight)
    assert not torch.equal(first.recurrent.weight, other.recurrent.weight)
    assert not first.recurrent.weight.requires_grad


def test_twin_has_as_many_units():
    assert small().twin(DataShape((1, 8, 8), 100, 10)).architecture == "36"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 0.0}, r"LiquidState\.rate: must be > 0 Hz; got 0"),
        ({"calibration": 0}, r"LiquidState\.calibration: must be >= 1; got 0"),
        ({"part": 0}, r"LiquidState\.part: must be >= 1; got 0"),
        ({"penalties": ()}, r"LiquidState\.penalties: must be one or more numbers > 0; got \(\)"),
        ({"penalties": (1.0, 0.0)}, r"LiquidState\.penalties: must be one or more numbers > 0; got \(1\.0, 0\.0\)"),
        ({"steps": 0}, r"LiquidState\.steps: must be >= 1; got 0"),
        ({"windows": 0}, r"LiquidState\.windows: must be >= 1; got 0"),
    ],
)
def test_parameters_are_checked(digits, changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes).fit(digits[0][:20], digits[1][:20])
