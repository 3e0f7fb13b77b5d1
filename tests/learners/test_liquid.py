"""The random connections of a liquid, and the measures of its quality."""

import numpy as np
import pytest
import torch

from spikewright import coding
from spikewright.learners import kernel_rank, liquid_states, separation
from spikewright.learners._liquid import draw_inputs, draw_liquid
from spikewright.network import Layer, Network
from spikewright.neurons import IF

GRID = (4, 5, 10)


def drawn(seed: int = 0, **changes: float) -> np.ndarray:
    return draw_liquid(GRID, **{"reach": 2.0, "strength": 0.5} | changes, rng=np.random.default_rng(seed))


def test_a_neuron_excites_or_inhibits_but_not_both():
    """Dale's law, one in five inhibits, and no neuron acts on itself."""
    weights = drawn()
    assert weights.shape == (200, 200)
    excites, inhibits = (weights > 0).any(0), (weights < 0).any(0)
    assert not (excites & inhibits).any()
    assert inhibits.sum() == 40
    assert not weights.diagonal().any()


def test_synapses_are_as_likely_and_as_strong_as_stated():
    """Ten liquids give, for excitatory pairs at distance 1, about 9,000 pairs: three standard errors are 0.013."""
    x, y, z = np.unravel_index(np.arange(200), GRID)
    squared = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2 + (z[:, None] - z) ** 2
    near, far, joined_far, charges, inhibition = [], [], 0, [], []
    for seed in range(10):
        weights = drawn(seed)
        inhibits = (weights < 0).any(0)
        excitatory = ~inhibits[:, None] & ~inhibits
        near.append((weights != 0)[excitatory & (squared == 1)])
        far.append((weights != 0)[excitatory & (squared == 9)])
        joined_far += (weights != 0)[squared > 36].sum()
        charges.append(weights[weights > 0])
        inhibition.append(weights[weights < 0])
    assert np.concatenate(near).mean() == pytest.approx(0.3 * np.exp(-1 / 4), abs=0.015)
    assert np.concatenate(far).mean() == pytest.approx(0.3 * np.exp(-9 / 4), abs=0.01)
    assert joined_far <= 40  # at most 0.4 exp(-9) for each of 150,000 pairs: 7 are expected
    # About 15,000 and 5,000 charges: three standard errors of the mean are 2.5 and 4.5 percent of it.
    assert np.concatenate(charges).mean() == pytest.approx(0.5, rel=0.03)
    assert np.concatenate(charges).std() == pytest.approx(0.5, rel=0.06)
    assert np.concatenate(inhibition).mean() == pytest.approx(-1.0, rel=0.05)


def test_reach_joins_more_and_strength_scales():
    assert (drawn(reach=3.0) != 0).sum() > 1.5 * (drawn() != 0).sum()
    np.testing.assert_allclose(drawn(strength=1.0), 2 * drawn(), rtol=1e-6)
    assert not drawn(strength=0.0).any()


def test_each_neuron_has_its_inputs():
    weights = draw_inputs(500, 12, fan_in=4, rng=np.random.default_rng(0))
    assert weights.shape == (500, 12)
    assert ((weights != 0).sum(1) == 4).all()
    # Of 2,000 synapses half inhibit, up to three standard errors, 0.034; each input has 167, up to 35.
    assert (weights < 0).sum() / 2000 == pytest.approx(0.5, abs=0.04)
    assert np.abs((weights != 0).sum(0) - 500 / 3).max() < 40
    assert ((draw_inputs(5, 3, fan_in=4, rng=np.random.default_rng(0)) != 0).sum(1) == 3).all()


def test_arguments_of_the_liquid_are_checked():
    with pytest.raises(ValueError, match=r"LiquidState\.reach: must be > 0; got 0\.0"):
        drawn(reach=0.0)
    with pytest.raises(ValueError, match=r"LiquidState\.strength: must be >= 0 and finite; got -1\.0"):
        drawn(strength=-1.0)
    with pytest.raises(ValueError, match=r"LiquidState\.grid: must be >= 1; got 0"):
        draw_liquid((5, 0, 5), reach=1.0, strength=1.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"LiquidState\.grid: must be the neurons along three axes; got \(5, 5\)"):
        draw_liquid((5, 5), reach=1.0, strength=1.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"LiquidState\.fan_in: must be >= 1; got 0"):
        draw_inputs(5, 5, fan_in=0, rng=np.random.default_rng(0))


@pytest.fixture
def net():
    """Two neurons that fire where the sum of their inputs passes 1."""
    return Network(coding.Direct(steps=3), Layer(None, IF()), coding.SpikeCount(), dt=1e-3)


@pytest.mark.parametrize(("step", "states"), [(0, [1, 0]), (1, [1.5, 1]), (2, [1.75, 0.5]), (None, [1.5, 1])])
def test_states_by_hand(net, step, states):
    """A charge of 1 fires in every step, 0.5 in step 1 only; what is left halves each step. The sum peaks in step 1."""
    got = liquid_states(net, np.array([[1.0, 0.5]]), tau=1e-3 / np.log(2), step=step)
    torch.testing.assert_close(got, torch.tensor([states], dtype=torch.float64))


def test_states_do_not_depend_on_the_other_samples(net):
    """More samples than are run at once, and in another order."""
    x = np.random.default_rng(0).random((230, 2))
    states = liquid_states(net, x, step=2)
    assert torch.equal(liquid_states(net, x[::-1].copy(), step=2), states.flip(0))


def test_states_are_checked(net):
    with pytest.raises(ValueError, match=r"liquid_states\.tau: must be > 0 seconds; got 0"):
        liquid_states(net, np.ones((1, 2)), tau=0.0)
    with pytest.raises(ValueError, match=r"liquid_states\.step: must lie in \[0, 2\]; got 3"):
        liquid_states(net, np.ones((1, 2)), step=3)


def test_separation_by_hand():
    """Distances 5, 0 and 5."""
    states = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]], dtype=torch.float64)
    assert separation(states) == pytest.approx(10 / 3)
    assert separation(states[[0, 2]]) == 0
    with pytest.raises(ValueError, match=r"separation\.states: must be those of at least two samples; got 1"):
        separation(states[:1])


def test_kernel_rank_by_hand():
    """The third state is the sum of the first two, so three inputs give rank 2."""
    states = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [1.0, 1.0, 3.0]], dtype=torch.float64)
    assert kernel_rank(states) == 2
    assert kernel_rank(states[:1]) == 1
    assert kernel_rank(torch.zeros(3, 3)) == 0
