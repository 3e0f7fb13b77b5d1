r"""One pass of the tempotron rule: neurons that learn, each for itself, for which samples to fire.

A neuron's potential is that of :class:`~spikewright.neurons.CUBA` at rest 0, without a spike of its own:

.. math:: V(t) = \sum_i w_i \sum_f K(t - t_i^f)

It decides to fire if its maximum reaches the threshold. If that is wrong, the weights move by

.. math:: \Delta w_i = \pm\lambda \sum_{t_i^f < t_{max}} K(t_{max} - t_i^f), \qquad
    w_i \leftarrow w_i + \Delta w_i + \mu\,\Delta w_i^{previous}

with + for a spike that is missing and - for one too many; :math:`t_{max}` is the time of the maximum. It is sought
after the first spike of an input: a potential that stays below rest would have it before, where nothing can change.

Spikes are lists: those of sample ``s`` in step ``t`` are ``addresses[offsets[s, t]:offsets[s, t + 1]]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]


class Tempo(NamedTuple):
    """Constants of the neurons and of learning, all scalars.

    ``decay_mem`` and ``decay_syn`` are the factors of a step, ``gain`` is what a current of 1 adds to the potential in
    a step; ``rate`` is the change of a weight where the response is 1, ``momentum`` the part of a change that is made
    again with the next one.
    """

    decay_mem: float
    decay_syn: float
    gain: float
    threshold: float
    rate: float
    momentum: float


def tempotron_pass_reference(
    weight: FloatArray,
    change: FloatArray,
    offsets: IntArray,
    addresses: IntArray,
    wanted: NDArray[np.bool_],
    order: IntArray,
    response: FloatArray,
    tempo: Tempo,
) -> tuple[IntArray, int]:
    """Show each neuron its samples, one after another, and correct it where it is wrong.

    Parameters
    ----------
    weight, change : array, shape (neuron, in)
        Weights and their last change, both changed in place; C-contiguous, as are all arrays.
    offsets, addresses : array of integers, shape (sample, time + 1) and (spike,)
        Spikes of the inputs.
    wanted : array of bool, shape (neuron, sample)
        Whether the neuron should fire.
    order : array of integers, shape (neuron, shown)
        The samples that a neuron sees, in this order.
    response : array, shape (time,)
        What an update takes for the potential's response so many steps after a spike.
    tempo : Tempo
        Constants.

    Returns
    -------
    errors : array of int64, shape (neuron,)
        Wrong decisions of each neuron.
    responses : int
        Spikes before the maximum, over all wrong decisions: additions to the change of a weight.
    """
    errors = np.zeros(len(weight), np.int64)
    responses = 0
    for neuron in range(len(weight)):
        for sample in order[neuron]:
            highest, latest = maximum_reference(weight[neuron], offsets[sample], addresses, tempo)
            fires = highest >= tempo.threshold
            if fires == wanted[neuron, sample]:
                continue
            errors[neuron] += 1
            responses += offsets[sample, latest] - offsets[sample, 0]
            rate = -tempo.rate if fires else tempo.rate
            change[neuron] *= tempo.momentum
            respond_reference(change[neuron], offsets[sample], addresses, response, rate, latest)
            weight[neuron] += change[neuron]
    return errors, int(responses)


def maximum_reference(weight: FloatArray, offsets: IntArray, addresses: IntArray, tempo: Tempo) -> tuple[float, int]:
    """Return the highest potential of one neuron after the first spike, and the first step in which it has it.

    Without such a step, they are minus infinity and 0.

    Parameters
    ----------
    weight : array, shape (in,)
    offsets, addresses : array of integers, shape (time + 1,) and (spike,)
        Spikes of one sample.
    tempo : Tempo
        Constants.
    """
    v = current = 0.0
    highest, latest = -np.inf, 0
    for t in range(len(offsets) - 1):
        v = v * tempo.decay_mem + tempo.gain * current
        arrived = 0.0
        for i in addresses[offsets[t] : offsets[t + 1]]:
            arrived += float(weight[i])
        current = current * tempo.decay_syn + arrived
        if v > highest and offsets[t] > offsets[0]:
            highest, latest = v, t
    return highest, latest


def respond_reference(
    change: FloatArray, offsets: IntArray, addresses: IntArray, response: FloatArray, rate: float, latest: int
) -> None:
    """Add to the change of each weight what its input's spikes before the step ``latest`` contributed, times a rate.

    Parameters
    ----------
    change : array, shape (in,)
        Changed in place.
    offsets, addresses : array of integers, shape (time + 1,) and (spike,)
        Spikes of one sample.
    response : array, shape (time,)
        Contribution of a spike so many steps ago.
    rate : float
        Of learning, with its sign.
    latest : int
        Step of the maximum.
    """
    for t in range(latest):
        for i in addresses[offsets[t] : offsets[t + 1]]:
            change[i] += rate * response[latest - t]


@njit(cache=True, nogil=True)
def _respond(
    change: FloatArray, offsets: IntArray, addresses: IntArray, response: FloatArray, rate: float, latest: int
) -> None:
    for t in range(latest):
        step = rate * response[latest - t]
        for k in range(offsets[t], offsets[t + 1]):
            change[addresses[k]] += step


@njit(cache=True, nogil=True)
def _maximum(weight: FloatArray, offsets: IntArray, addresses: IntArray, tempo: Tempo) -> tuple[float, int]:
    v = current = 0.0
    highest, latest = -np.inf, 0
    for t in range(len(offsets) - 1):
        v = v * tempo.decay_mem + tempo.gain * current
        arrived = 0.0
        for k in range(offsets[t], offsets[t + 1]):
            arrived += weight[addresses[k]]
        current = current * tempo.decay_syn + arrived
        if v > highest and offsets[t] > offsets[0]:
            highest, latest = v, t
    return highest, latest


@njit(cache=True, nogil=True)
def tempotron_pass(
    weight: FloatArray,
    change: FloatArray,
    offsets: IntArray,
    addresses: IntArray,
    wanted: NDArray[np.bool_],
    order: IntArray,
    response: FloatArray,
    tempo: Tempo,
) -> tuple[IntArray, int]:
    """Compiled twin of :func:`tempotron_pass_reference`."""
    errors = np.zeros(len(weight), np.int64)
    responses = 0
    for neuron in range(len(weight)):
        for sample in order[neuron]:
            highest, latest = _maximum(weight[neuron], offsets[sample], addresses, tempo)
            fires = highest >= tempo.threshold
            if fires == wanted[neuron, sample]:
                continue
            errors[neuron] += 1
            responses += offsets[sample, latest] - offsets[sample, 0]
            rate = -tempo.rate if fires else tempo.rate
            change[neuron] *= tempo.momentum
            _respond(change[neuron], offsets[sample], addresses, response, rate, latest)
            weight[neuron] += change[neuron]
    return errors, responses
