"""The tempotron rule: by hand, and compiled against the reference."""

import numpy as np
import pytest

from spikewright.kernels import Tempo, tempotron_pass, tempotron_pass_reference

BOTH = pytest.mark.parametrize("learn", [tempotron_pass, tempotron_pass_reference])
TEMPO = Tempo(decay_mem=0.5, decay_syn=0.25, gain=1.0, threshold=1.0, rate=0.1, momentum=0.0)
RESPONSE = np.array([0.0, 0.8, 1.0, 0.6])
FIRST_THEN_SECOND = [[0, 1, 2, 2, 2]]
"""Input 0 fires in step 0, input 1 in step 1."""


def show(learn, weight, wanted, *, offsets=FIRST_THEN_SECOND, before=(0.0, 0.0), tempo=TEMPO):
    """Show one sample of two spikes to one neuron; return its weights, its last change and the counts."""
    weight, change = np.array([weight]), np.array([before])
    addresses, order = np.array([0, 1], np.int32), np.array([[0]], np.int32)
    counts = learn(weight, change, np.array(offsets), addresses, np.array([[wanted]]), order, RESPONSE, tempo)
    return weight[0], change[0], counts


@BOTH
def test_false_alarm_by_hand(learn):
    """Weights 1 and 2: i = 1, 2.25, 0.5625 and v = 0, 1, 2.75, 1.9375: highest two steps after the first spike."""
    weight, _, (errors, responses) = show(learn, [1.0, 2.0], wanted=False)
    np.testing.assert_allclose(weight, [1 - 0.1 * 1.0, 2 - 0.1 * 0.8], rtol=1e-15)
    assert errors.tolist() == [1]
    assert responses == 2


@BOTH
def test_missed_target_with_momentum_by_hand(learn):
    """A tenth of the potentials, with the maximum 0.275 in step 2; half of the last change is made again."""
    tempo = TEMPO._replace(momentum=0.5)
    weight, change, (_, responses) = show(learn, [0.1, 0.2], wanted=True, before=(0.5, -0.5), tempo=tempo)
    np.testing.assert_allclose(change, [0.25 + 0.1, -0.25 + 0.08], rtol=1e-14)
    np.testing.assert_allclose(weight, [0.1 + 0.35, 0.2 - 0.17], rtol=1e-14)
    assert responses == 2


@BOTH
def test_spikes_from_the_maximum_on_do_not_learn(learn):
    """Input 1 fires in step 2: v = 0, 1, 0.75, below 0. The maximum, 1 in step 1, is the threshold, so it fires."""
    weight, _, (errors, responses) = show(learn, [1.0, -2.0], wanted=False, offsets=[[0, 1, 1, 2, 2]])
    np.testing.assert_allclose(weight, [1 - 0.1 * 0.8, -2], rtol=1e-15)
    assert errors.tolist() == [1]
    assert responses == 1


@BOTH
def test_a_neuron_below_rest_learns(learn):
    """v = -1 in step 1, -2.75 and -1.9375: the maximum is in step 1, not at rest before the spike."""
    weight, _, (_, responses) = show(learn, [-1.0, -2.0], wanted=True)
    np.testing.assert_allclose(weight, [-1 + 0.1 * 0.8, -2], rtol=1e-15)
    assert responses == 1


@BOTH
@pytest.mark.parametrize(("weight", "wanted"), [([1.0, 2.0], True), ([0.1, 0.2], False)])
def test_right_decisions_change_nothing(learn, weight, wanted):
    """Not even the last change is made again."""
    after, change, (errors, responses) = show(learn, weight, wanted=wanted, before=(0.5, -0.5))
    assert after.tolist() == weight
    assert change.tolist() == [0.5, -0.5]
    assert (errors.tolist(), responses) == ([0], 0)


@BOTH
def test_spikes_that_move_nothing_are_left_alone(learn):
    """Spikes in the last step move no potential: a missed target cannot be learned, and stays as it is."""
    weight, _, (errors, responses) = show(learn, [0.5, 0.5], wanted=True, offsets=[[0, 0, 0, 0, 2]])
    assert weight.tolist() == [0.5, 0.5]
    assert (errors.tolist(), responses) == ([1], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("neurons", "inputs", "samples", "shown"),
    [(1, 1, 1, 1), (3, 5, 4, 0), (0, 5, 4, 2), (3, 7, 9, 25), (7, 33, 21, 40)],
)
@pytest.mark.parametrize("scale", [1.0, 1e12])
def test_agreement(dtype, neurons, inputs, samples, shown, scale):
    """Compiled and reference take the same decisions and end with the same weights, up to the rounding of ``dtype``."""
    draws = np.random.default_rng((neurons, inputs))
    steps = 6
    counts = draws.integers(0, 4, (samples, steps))
    ends = counts.cumsum().reshape(samples, steps)
    offsets = np.column_stack([np.concatenate([[0], ends[:-1, -1]]), ends])
    addresses = draws.integers(0, inputs, ends[-1, -1]).astype(np.int32)
    wanted = draws.random((neurons, samples)) < 0.3
    order = draws.integers(0, samples, (neurons, shown)).astype(np.int32)
    response = draws.random(steps).astype(dtype)
    start = (scale * draws.standard_normal((neurons, inputs))).astype(dtype)
    tempo = Tempo(0.9, 0.7, 0.3, threshold=0.5 * scale, rate=0.1 * scale, momentum=0.3)
    results = []
    for learn in (tempotron_pass, tempotron_pass_reference):
        weight, change = start.copy(), np.zeros_like(start)
        results.append((weight, change, *learn(weight, change, offsets, addresses, wanted, order, response, tempo)))
    ours, theirs = results
    # Single precision rounds each of the at most 40 * 18 updates of a weight in another order.
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    for mine, its in zip(ours[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(mine, its, rtol=tolerance, atol=tolerance * scale)
    assert ours[2].tolist() == theirs[2].tolist()
    assert ours[3] == theirs[3]
