r"""Siegert's rate of a leaky integrate-and-fire neuron under diffusive noise.

The membrane of a neuron whose input is many small independent charges is close to an Ornstein-Uhlenbeck process

.. math:: \tau\,\dot v = \mu - v + \sigma \sqrt{2 \tau}\,\xi(t),

where :math:`\xi` is white noise of unit intensity, and :math:`\mu`, :math:`\sigma` are the mean and the standard
deviation that :math:`v` would have without a threshold. Charges :math:`w_i` that arrive as Poisson processes of rate
:math:`r_i` give :math:`\mu = v_{leak} + \tau \sum w_i r_i` and :math:`\sigma^2 = \frac{\tau}{2} \sum w_i^2 r_i`. The
neuron's rate follows from the mean time from reset to threshold:

.. math::
    r = \Big[ \tau_{ref} + \tau \sqrt{\pi} \int_{(v_{reset} - \mu) / s}^{(v_{threshold} - \mu) / s}
    e^{x^2} (1 + \mathrm{erf}\,x)\,dx \Big]^{-1}, \qquad s = \sqrt{2}\,\sigma.

Siegert, On the first passage time probability problem, Physical Review 81, 1951.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import erfcx

FloatArray = NDArray[np.floating]


def siegert_reference(
    mu: FloatArray, sigma: FloatArray, tau_mem: float, tau_ref: float, v_threshold: float, v_reset: float
) -> FloatArray:
    """Return the rates of neurons, by numerical integration.

    Parameters
    ----------
    mu : array, shape (batch, neuron)
        Mean of the membrane potential without a threshold, in the unit of ``v_threshold``.
    sigma : array, shape (batch, neuron)
        Its standard deviation, >= 0, of the dtype of ``mu``; 0 is the neuron without noise.
    tau_mem, tau_ref : float
        Membrane time constant, > 0, and refractory period, >= 0, in seconds.
    v_threshold, v_reset : float
        Firing threshold, and the value after a spike, below it.

    Returns
    -------
    array, shape (batch, neuron)
        Rates in Hz, of the dtype of ``mu``.
    """
    rate = np.empty_like(mu)
    for place in np.ndindex(mu.shape):
        mean, s = float(mu[place]), math.sqrt(2) * float(sigma[place])
        if mean + HIGHEST * s < v_threshold or (s == 0 and mean <= v_threshold):
            rate[place] = 0
        elif s == 0:
            rate[place] = 1 / (tau_ref + tau_mem * math.log((mean - v_reset) / (mean - v_threshold)))
        else:
            low, high = (v_reset - mean) / s, (v_threshold - mean) / s
            # 1 + erf(x) vanishes for negative x where exp(x^2) overflows; their product erfcx(-x) is well behaved.
            # A lower limit far out is reached in equal steps of the logarithm, which is how the integrand decays there.
            edges = [low, *(-(10.0**k) for k in range(12, -1, -1) if low < -(10.0**k) < high), high]
            parts = [quad(lambda x: erfcx(-x), a, b, epsabs=0, epsrel=1e-12, limit=200)[0] for a, b in pairwise(edges)]
            rate[place] = 1 / (tau_ref + tau_mem * math.sqrt(math.pi) * math.fsum(parts))
    return rate


@njit(cache=True)
def siegert(
    mu: FloatArray, sigma: FloatArray, tau_mem: float, tau_ref: float, v_threshold: float, v_reset: float
) -> FloatArray:
    """Return the rates of neurons; see :func:`siegert_reference`. A table of the integral makes it fast."""
    rate = np.empty(mu.shape, mu.dtype)
    for sample in range(mu.shape[0]):
        for neuron in range(mu.shape[1]):
            mean = np.float64(mu[sample, neuron])
            s = math.sqrt(2.0) * np.float64(sigma[sample, neuron])
            passage = 0.0
            if mean + HIGHEST * s < v_threshold or (s == 0 and mean <= v_threshold):
                rate[sample, neuron] = 0
                continue
            low, high = v_reset - mean, v_threshold - mean
            if high < LOWEST * s:
                # Logarithms of the two limits would cancel if the threshold is near.
                passage = math.log(low / high) + _remainder(high, s) - _remainder(low, s)
            else:
                passage = math.sqrt(math.pi) * (_integral(high / s) - _integral(low / s))
            rate[sample, neuron] = 1 / (tau_ref + tau_mem * passage)
    return rate


HIGHEST = 6.0
"""Limit of the integral above which the mean time to a spike is over 1e15 membrane time constants: the rate is 0."""
LOWEST = -8.0
"""Limit below which four terms of the asymptotic series of the integrand are enough, to 1e-7 of the integral."""
PANELS = 512
"""Entries of the table for each unit of the limit."""


def _table() -> NDArray[np.float64]:
    """Return the integrand and its integral from 0, shape (2, entry), between LOWEST and HIGHEST."""
    edges = np.linspace(LOWEST, HIGHEST, round((HIGHEST - LOWEST) * PANELS) + 1)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 / PANELS
    panels = half * (erfcx(-(edges[:-1, None] + half * (1 + nodes))) @ weights)
    from_lowest = np.concatenate([[0.0], np.cumsum(panels)])
    return np.stack([erfcx(-edges), from_lowest - from_lowest[round(-LOWEST * PANELS)]])


INTEGRAND, INTEGRAL = _table()


@njit(cache=True)
def _remainder(distance: float, s: float) -> float:
    """Return what the asymptotic integral, times the root of pi, has beside a logarithm at ``distance / s``."""
    inverse = (s / distance) ** 2
    return -inverse * (0.25 - inverse * (0.1875 - inverse * 0.3125))


@njit(cache=True)
def _integral(limit: float) -> float:
    """Return the integral from 0 to a limit below HIGHEST: by cubic interpolation, or by the asymptotic series."""
    if limit < LOWEST:
        beyond = math.log(LOWEST / limit) + _remainder(limit, 1.0) - _remainder(LOWEST, 1.0)
        return float(INTEGRAL[0] + beyond / math.sqrt(math.pi))
    place = (limit - LOWEST) * PANELS
    entry = min(int(place), INTEGRAL.size - 2)
    x = place - entry
    start, step = INTEGRAL[entry], INTEGRAL[entry + 1] - INTEGRAL[entry]
    first, last = INTEGRAND[entry] / PANELS, INTEGRAND[entry + 1] / PANELS
    return float(start + x * (first + x * (3 * step - 2 * first - last + x * (first + last - 2 * step))))
