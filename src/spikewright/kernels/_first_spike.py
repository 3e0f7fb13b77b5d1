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
    for sample, times in enumerate(z):
        for neuron in range(weight.shape[1]):
            total = z.dtype.type(0)
            moment = z.dtype.type(0)
            for place, i in enumerate(order[sample]):
                if not times[i] < end:
                    break
                limit = min(times[order[sample, place + 1]], end) if place + 1 < len(times) else end
                total += weight[i, neuron]
                moment += weight[i, neuron] * times[i]
                if total > 1 and moment <= limit * (total - 1):
                    z_out[sample, neuron] = moment / (total - 1)
                    slope[sample, neuron] = 1 / (total - 1)
                    break
    return z_out, slope


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
            for neuron in range(weight.shape[1]):
                if pull[sample, neuron] != 0 and z[sample, i] < z_out[sample, neuron]:
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
            for neuron in range(neurons):
                excess = total[neuron] - 1
                if excess > 0 and moment[neuron] <= limit * excess and slope[sample, neuron] == 0:
                    z_out[sample, neuron] = moment[neuron] / excess
                    slope[sample, neuron] = 1 / excess
                    silent -= 1
    return z_out, slope


@njit(cache=True)
def first_spike_backward(
    z: FloatArray, weight: FloatArray, z_out: FloatArray, pull: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """See :func:`first_spike_backward_reference`."""
    inputs, neurons = weight.shape
    z_grad = np.zeros_like(z)
    weight_grad = np.zeros_like(weight)
    for sample in range(len(z)):
        for i in range(inputs):
            now = z[sample, i]
            if now == math.inf:
                continue
            total = z.dtype.type(0)
            for neuron in range(neurons):
                if now < z_out[sample, neuron] and pull[sample, neuron] != 0:
                    total += pull[sample, neuron] * weight[i, neuron]
                    weight_grad[i, neuron] += pull[sample, neuron] * (now - z_out[sample, neuron])
            z_grad[sample, i] = total
    return z_grad, weight_grad
