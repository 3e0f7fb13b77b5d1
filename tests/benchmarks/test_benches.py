"""The work of the benches: references against other ways to compute them, and ours against the references."""

import numpy as np
import pytest
import torch

from benchmarks.benches import _lif, memory, scale, scan, start, train_cnn, train_mlp, train_rec
from benchmarks.peers import spikewright
from benchmarks.peers._torch import linear, training_job
from benchmarks.run import benches

SMALL = {"batch": 2, "steps": 6}


def test_lif_by_hand():
    """0.95 * 0.8 + 0.3 fires at 1.06; 0.06 is left."""
    x = np.array([0.8, 0.3, 0.94, 1.0], dtype=np.float32).reshape(4, 1, 1)
    assert _lif.lif(x).ravel().tolist() == [False, True, False, True]
    fed_back = _lif.lif(x, lambda fired: np.float32(0.1) * fired)
    assert fed_back.ravel().tolist() == [False, True, True, True]


@pytest.mark.parametrize("deviation", [0.03, 0.3])
def test_weights_are_exact_in_bfloat16_and_never_sum_to_one(deviation):
    """Multiples of 3 / 1024 of at most 8 bits."""
    weights = _lif.weights(np.random.default_rng(0), (200, 300), deviation)
    assert weights.std() == pytest.approx(deviation, rel=0.02)
    assert torch.equal(torch.from_numpy(weights).bfloat16().float(), torch.from_numpy(weights))
    assert np.all(weights * 1024 % 3 == 0)


def test_convolution_and_pooling_are_those_of_torch():
    """With a border of zeros, and maxima of 2 x 2."""
    rng = np.random.default_rng(0)
    x, weight = rng.random((3, 2, 4, 6, 8), np.float32), rng.random((5, 4, 3, 3), np.float32)
    expected = torch.nn.functional.conv2d(torch.from_numpy(x).flatten(0, 1), torch.from_numpy(weight), padding=1)
    torch.testing.assert_close(torch.from_numpy(train_cnn.convolved(x, weight)).flatten(0, 1), expected)
    expected = torch.nn.functional.max_pool2d(torch.from_numpy(x > 0.5).float().flatten(0, 1), 2)
    assert torch.equal(torch.from_numpy(train_cnn.pooled(x > 0.5)).flatten(0, 1), expected)


@pytest.mark.parametrize("bench", [scan, train_mlp, train_cnn, train_rec], ids=lambda bench: bench.NAME)
def test_ours_gives_the_spikes_of_the_reference(bench):
    """Before and, where nothing is learned, after a run."""
    case = next(iter(bench.cases()))
    parameters = {**case.parameters, **SMALL, **({"shape": (30, 2, 40)} if bench is scan else {})}
    inputs = bench.inputs(parameters)
    expected = bench.reference(parameters, inputs)
    job = getattr(spikewright, bench.WORK)(parameters, inputs)
    assert 0 < expected.mean() < 0.5
    np.testing.assert_array_equal(job.spikes(), expected)
    job.run()
    if bench is scan:
        np.testing.assert_array_equal(job.spikes(), expected)


def test_a_run_is_one_step_from_cleared_gradients():
    """The gradient left by the second run is that of cross-entropy at the weights before it."""
    rng = np.random.default_rng(0)
    inputs = {"raster": rng.random((3, 4, 5), np.float32), "labels": np.arange(4) % 2}
    layer = linear(rng.random((2, 5), np.float32))
    job = training_job(lambda x: [layer(x)], layer.parameters(), {}, inputs)
    job.run()
    before = layer.weight.detach().clone().requires_grad_()
    counts = (torch.from_numpy(inputs["raster"]) @ before.T).sum(0)
    torch.nn.functional.cross_entropy(counts, torch.from_numpy(inputs["labels"])).backward()
    job.run()
    torch.testing.assert_close(layer.weight.grad, before.grad)
    assert not torch.equal(layer.weight, before)


@pytest.mark.parametrize(
    "bench", [scan, train_mlp, train_cnn, train_rec, memory, scale, start], ids=lambda bench: bench.NAME
)
def test_cases_start_with_ours_and_differ_in_name(bench):
    """What is beside does not stand first, and a name is an identity."""
    cases = list(bench.cases())
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        assert case.entrants[0].peer == "spikewright"
        assert len(set(case.entrants)) == len(case.entrants)


def test_benches_are_found_by_name():
    """An unknown name is answered by the known ones."""
    assert [bench.NAME for bench in benches(["train-mlp", "scan"])] == ["train-mlp", "scan"]
    assert {bench.NAME for bench in benches(["all"])} >= {
        "scan",
        "train-mlp",
        "train-cnn",
        "train-rec",
        "memory",
        "start",
    }
    with pytest.raises(SystemExit, match="no bench 'scam'"):
        benches(["scam"])


def test_rows_are_the_same_whoever_asks():
    """One target in each range, all of them as likely, and weights that cancel."""
    parameters = {"neurons": 2000, "fan_out": 4}
    targets, weights = scale.rows(np.arange(2000), parameters)
    again = scale.rows(np.array([7, 1999, 7]), parameters)
    np.testing.assert_array_equal(again[0], targets[[7, 1999, 7]])
    np.testing.assert_array_equal(again[1], weights[[7, 1999, 7]])
    assert (targets // 500 == np.arange(4)).all()
    # Five deviations of a count of 8000 spread over 2000 targets.
    assert np.bincount(targets.ravel(), minlength=2000).max() <= 4 + 5 * 2
    assert set(weights.ravel()) == set(range(-5, 6))
    assert abs(weights.mean()) < 5 * weights.std() / 8000**0.5


@pytest.mark.parametrize("weight", [2.0**-8, 2.0**-4])
def test_a_stream_gives_the_reference(weight):
    """Spikes and potentials, also where neurons fire on their own; a run goes on, and draws other neurons."""
    parameters = {**scale.PARAMETERS, "neurons": 3000, "driven": 20, "steps": 40, "segments": 2, "scale": weight}
    inputs = scale.inputs(parameters)
    job = spikewright.scale(parameters, inputs)
    raster = scale.reference(parameters, inputs)
    found = job.spikes()
    assert raster.shape == (31, scale.FOLD)
    assert np.mean(found != raster) <= 1e-6
    assert raster[:-1].sum() > 30 * 18
    assert 200 < raster[-1].sum() < 2800
    job.run()
    np.testing.assert_array_equal(job.spikes(), found)
    assert spikewright.scale({**parameters, "checked": 0}, inputs).spikes is None
