r"""Times of first spikes, and their gradient, of non-leaky neurons with exponential synaptic currents.

All times are given as :math:`z = e^{t / \tau}` and ``inf`` is no spike. A neuron whose inputs have weights :math:`w_i`
and times :math:`z_i` has the potential :math:`v(z) = \sum_{z_i < z} w_i (1 - z_i / z)` and reaches the threshold 1 at

.. math:: z_{out} = \frac{\sum_{i \in C} w_i z_i}{\sum_{i \in C} w_i - 1},

where the causal set :math:`C` is the shortest run of earliest inputs with :math:`\sum_C w_i > 1` for which
:math:`z_{out}` comes before the next input. Between two inputs :math:`v` is monotonic, so none is missed.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]


def first_spike_forward_reference(
    z: FloatArray, order: IntArray, weight: FloatArray, z_end: float
) -> tuple[FloatArray, FloatArray]:
    """Return when neurons fire first.

    Parameters
    ----------
    z : array, shape (batch, in)
        Times of the inputs' spikes, > 0; ``inf`` for none.
    order : array of int64, shape (batch, in)
        What sorts each row of ``z``. It is an argument because NumPy sorts several times faster than a compiled loop.
    weight : array, shape (in, out)
        Weights, of the dtype of ``z``.
    z_end : float
        Spikes after this time do not count.

    Returns
    -------
    z_out : array, shape (batch, out)
        Times of the first spikes; ``inf`` for none.
    slope : array, shape (batch, out)
        ``1 / (sum of the causal weights - 1)``; 0 for no spike.
    """
    z_out = np.full((len(z), weight.shape[1]), np.inf, z.dtype)
    slope = np.zeros_like(z_out)
    end = z.dtype.type(z_end)
    for sample in range(len(z)):
        for neuron in range(weight.shape[1]):
            found = _first_spike_of_one(z[sample, order[sample]], weight[order[sample], neuron], end)
            z_out[sample, neuron], slope[sample, neuron] = found
    return z_out, slope


def _first_spike_of_one(times: FloatArray, weights: FloatArray, end: np.floating) -> tuple[np.floating, np.floating]:
    """Return the time of a neuron's first spike, and its slope, for inputs in the order of their times."""
    total = moment = times.dtype.type(0)
    for place, (now, weight) in enumerate(zip(times, weights, strict=True)):
        if not now < end:
            break
        limit = min(times[place + 1], end) if place + 1 < len(times) else end
        total += weight
        moment += weight * now
        if total > 1 and moment <= limit * (total - 1):
            return moment / (total - 1), 1 / (total - 1)
    return times.dtype.type(np.inf), times.dtype.type(0)


def first_spike_backward_reference(
    z: FloatArray, weight: FloatArray, z_out: FloatArray, pull: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Return the gradients of a loss with respect to the inputs' times and to the weights.

    .. math:: \frac{\partial z_{out}}{\partial z_i} = \frac{w_i}{\sum_C w - 1}, \qquad
        \frac{\partial z_{out}}{\partial w_i} = \frac{z_i - z_{out}}{\sum_C w - 1}, \qquad i \in C

    Parameters
    ----------
    z, weight, z_out : array
        As in :func:`first_spike_forward_reference`; the causal set is ``z < z_out``.
    pull : array, shape (batch, out)
        Gradient with respect to ``z_out``, times ``slope``; 0 for no spike.

    Returns
    -------
    z_grad : array, shape (batch, in)
    weight_grad : array, shape (in, out)
    """
    z_grad = np.zeros_like(z)
    weight_grad = np.zeros_like(weight)
    for sample in range(len(z)):
        for i in range(len(weight)):
            causal = np.flatnonzero((pull[sample] != 0) & (z[sample, i] < z_out[sample]))
            for neuron in causal:
                z_grad[sample, i] += pull[sample, neuron] * weight[i, neuron]
                weight_grad[i, neuron] += pull[sample, neuron] * (z[sample, i] - z_out[sample, neuron])
    return z_grad, weight_grad


@njit(cache=True)
def first_spike_forward(
    z: FloatArray, order: IntArray, weight: FloatArray, z_end: float
) -> tuple[FloatArray, FloatArray]:
    """See :func:`first_spike_forward_reference`; the loop over neurons is inside, so that rows of weights are read."""
    inputs, neurons = weight.shape
    end = z.dtype.type(z_end)
    z_out = np.full((len(z), neurons), np.inf, z.dtype)
    slope = np.zeros_like(z_out)
    total = np.empty(neurons, z.dtype)
    moment = np.empty(neurons, z.dtype)
    for sample in range(len(z)):
        total[:] = 0
        moment[:] = 0
        silent = neurons
        for place in range(inputs):
            i = order[sample, place]
            now = z[sample, i]
            if not now < end or silent == 0:
                break
            limit = min(z[sample, order[sample, place + 1]], end) if place + 1 < inputs else end
            for neuron in range(neurons):
                total[neuron] += weight[i, neuron]
                moment[neuron] += weight[i, neuron] * now
            if limit == now:
                continue
            silent -= _fire(total, moment, limit, z_out[sample], slope[sample])
    return z_out, slope


@njit(cache=True)
def _fire(total: FloatArray, moment: FloatArray, limit: np.floating, z_out: FloatArray, slope: FloatArray) -> int:
    """Let the neurons fire that reach the threshold up to ``limit`` and have not fired; return their number."""
    count = 0
    for neuron in range(len(total)):
        excess = total[neuron] - 1
        if excess > 0 and moment[neuron] <= limit * excess and slope[neuron] == 0:
            z_out[neuron] = moment[neuron] / excess
            slope[neuron] = 1 / excess
            count += 1
    return count


@njit(cache=True)
def first_spike_backward(
    z: FloatArray, weight: FloatArray, z_out: FloatArray, pull: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """See :func:`first_spike_backward_reference`."""
    z_grad = np.zeros_like(z)
    weight_grad = np.zeros_like(weight)
    for sample in range(len(z)):
        for i in range(len(weight)):
            if z[sample, i] < math.inf:
                z_grad[sample, i] = _pull_back(z[sample, i], weight[i], z_out[sample], pull[sample], weight_grad[i])
    return z_grad, weight_grad


@njit(cache=True)
def _pull_back(
    now: np.floating, weight: FloatArray, z_out: FloatArray, pull: FloatArray, weight_grad: FloatArray
) -> np.floating:
    """Add to the gradients of an input's weights what one sample gives; return that of the input's time ``now``."""
    total = weight.dtype.type(0)
    for neuron in range(len(weight)):
        if now < z_out[neuron] and pull[neuron] != 0:
            total += pull[neuron] * weight[neuron]
            weight_grad[neuron] += pull[neuron] * (now - z_out[neuron])
    return total
