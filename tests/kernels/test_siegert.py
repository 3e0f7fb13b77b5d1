"""Siegert's rate: its limits, a simulated neuron, and the table against numerical integration."""

import math

import numpy as np
import pytest

from spikewright.kernels import siegert, siegert_reference

BOTH = pytest.mark.parametrize("rate", [siegert, siegert_reference])
TAU_MEM, TAU_REF, V_THRESHOLD, V_RESET = 0.03, 0.004, 1.2, -0.3
CONSTANTS = (TAU_MEM, TAU_REF, V_THRESHOLD, V_RESET)


@BOTH
@pytest.mark.parametrize("sigma", [0.0, 1e-5])
def test_without_noise_it_is_the_rate_of_the_deterministic_neuron(rate, sigma):
    """From reset, v takes tau ln((mu - v_reset) / (mu - v_threshold)) to the threshold, if mu is above it."""
    mu = np.array([[1.5, 4.0, 300.0, 1.1, 0.0, -7.0]])
    expected = [1 / (TAU_REF + TAU_MEM * math.log((m - V_RESET) / (m - V_THRESHOLD))) for m in mu[0, :3]]
    # The first correction is of the order of sigma^2 / (mu - v_threshold)^2 = 1e-9.
    np.testing.assert_allclose(rate(mu, np.full_like(mu, sigma), *CONSTANTS), [[*expected, 0, 0, 0]], rtol=1e-8)


@BOTH
def test_mean_at_the_threshold_by_hand(rate):
    """For s = 1 the limits are -1 and 0, and the integral is that of erfcx from 0 to 1.

    A table of erfcx at 0, .25, .5, .75, 1 has 1, .7703465, .6156903, .5069377, .4275836; Simpson's rule gives
    (1 + 4 * .7703465 + 2 * .6156903 + 4 * .5069377 + .4275836) / 12 = .6473418. Its error is at most 0.25^4 / 180 times
    the fourth derivative, which is 12 at 0: 2.6e-4.
    """
    mu, sigma = np.array([[1.0]]), np.array([[math.sqrt(0.5)]])
    expected = 1 / (0.002 + 0.05 * math.sqrt(math.pi) * 0.6473418)
    np.testing.assert_allclose(rate(mu, sigma, 0.05, 0.002, 1.0, 0.0), [[expected]], rtol=2.6e-4 / 0.647)


@BOTH
def test_strong_drive_approaches_one_spike_a_refractory_period(rate):
    """For a mean of 1e9 thresholds the way to the threshold takes 1.5e-9 tau."""
    assert rate(np.array([[1e9]]), np.array([[1.0]]), *CONSTANTS)[0, 0] == pytest.approx(1 / TAU_REF, rel=1e-7)


def test_rate_is_that_of_a_simulated_neuron():
    """400 Poisson inputs of +-0.02 and +-0.03 thresholds against exact integration on a fine grid.

    A membrane seen in steps of dt misses crossings, as if the threshold were higher by 0.5826 standard deviations of a
    step (Siegmund 1979), and charges of 2 % of the threshold overshoot it by about half a charge. Both together are 3 %
    of the threshold and slow the neuron by up to 7 %; 3000 spikes are known to about 2 %. So 10 %.
    """
    dt, steps, copies = 1e-4, 20_000, 100
    rates, charges = np.array([3000.0, 2000.0, 1000.0]), np.array([0.02, 0.03, -0.02])
    mu, sigma = TAU_MEM * rates @ charges, math.sqrt(TAU_MEM / 2 * rates @ charges**2)
    arrivals = np.random.default_rng(1).poisson(rates * dt, (steps, copies, 3)) @ charges
    v, wait, spikes = np.zeros(copies), np.zeros(copies, np.int64), 0
    for charge in arrivals:
        v = np.where(wait > 0, 0.0, v * math.exp(-dt / TAU_MEM) + charge)
        wait = np.maximum(wait - 1, 0)
        fired = v >= V_THRESHOLD
        spikes += int(fired.sum())
        v[fired], wait[fired] = 0.0, round(TAU_REF / dt)
    expected = siegert(np.array([[mu]]), np.array([[sigma]]), TAU_MEM, TAU_REF, V_THRESHOLD, 0.0)[0, 0]
    assert spikes > 3000
    assert spikes / (steps * copies * dt) == pytest.approx(expected, rel=0.1)


def test_noise_opens_the_threshold():
    """Below the threshold the rate rises with noise, from 0."""
    sigma = np.array([[0.05, 0.1, 0.3, 1.0, 3.0]])
    rates = siegert(np.full_like(sigma, 0.9), sigma, *CONSTANTS)[0]
    assert rates[0] < 1e-3
    assert (np.diff(rates) > 0).all()


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-6), (np.float32, 1e-6)])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (7, 13)])
@pytest.mark.parametrize("tau_mem", [0.01, 5.0])
def test_compiled_agrees_with_reference(dtype, tolerance, shape, tau_mem):
    """The asymptotic series has an error of 1e-7, and float32 rounds to 6e-8."""
    rng = np.random.default_rng(2)
    mu = rng.normal(0, 3, shape).astype(dtype)
    sigma = np.exp(rng.normal(0, 2, shape)).astype(dtype)
    ours = siegert(mu, sigma, tau_mem, TAU_REF, V_THRESHOLD, V_RESET)
    theirs = siegert_reference(mu, sigma, tau_mem, TAU_REF, V_THRESHOLD, V_RESET)
    assert ours.dtype == theirs.dtype == dtype
    np.testing.assert_allclose(ours, theirs, rtol=tolerance)
    if mu.size > 10:
        assert 0.5 < (theirs > 0).mean() < 1


def test_compiled_agrees_with_reference_on_extreme_values():
    """Hardly any noise, nothing but noise, far above and far below; limits inside and outside the table."""
    mu = np.array([-1e6, -50.0, 0.0, 1.2, 1.2000001, 1.5, 2500.0, 1e6])
    sigma = np.array([0.0, 1e-12, 1e-3, 0.1, 10.0, 1e3, 1e6])
    grid = np.meshgrid(mu, sigma)
    np.testing.assert_allclose(siegert(*grid, *CONSTANTS), siegert_reference(*grid, *CONSTANTS), rtol=1e-6)


def test_memory_need_not_be_contiguous():
    """A transposed, strided view gives the rates of its copy."""
    rng = np.random.default_rng(3)
    mu, sigma = rng.normal(0, 3, (9, 8)).T[::2], rng.uniform(0, 2, (9, 8)).T[::2]
    np.testing.assert_array_equal(siegert(mu, sigma, *CONSTANTS), siegert(mu.copy(), sigma.copy(), *CONSTANTS))
