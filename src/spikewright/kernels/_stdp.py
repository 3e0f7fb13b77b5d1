r"""One presentation of a sample to neurons whose input synapses learn by a triplet rule of spike times.

The neurons are those of :class:`~spikewright.neurons.ConductanceLIF`, in the same order of operations; each inhibits
all others one step later. An input holds a trace of its last spike, a neuron two traces of its own, each set to 1 by
the spike and decaying exponentially:

.. math::
    \text{input fires:} \quad w &\leftarrow \max(0,\; w - \eta_{pre}\, y_1) \\
    \text{neuron fires:} \quad w &\leftarrow \min(w_{max},\; w + \eta_{post}\, x\, y_2)

with :math:`x` the trace of the input, :math:`y_1` and :math:`y_2` the fast and the slow trace of the neuron before this
spike. In a step neurons fire first and then inputs arrive, as an input moves the potential from the next step on. At
the end the weights of each neuron that has fired are scaled to one sum.

Spikes are lists: those of step ``t`` are ``addresses[offsets[t]:offsets[t + 1]]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]

NEAR = -0.5
"""From here to 0 the exponential is taken from a series, which leaves out less than 1e-15."""

TINY = 1e-30
"""Conductances below are set to 0: beside the leak's 1 they change no bit, and denormal numbers are slow."""


class Membrane(NamedTuple):
    """Constants of the neurons, all scalars; see :class:`~spikewright.neurons.ConductanceLIF`.

    ``leak`` is ``-dt / tau_mem``; ``mean_exc`` and ``mean_inh`` are the mean of a decaying conductance over a step,
    relative to its value at the start; ``wait`` is the refractory period in steps; ``gain`` is the conductance that a
    weight of 1 opens, ``inhibition`` the one that a spike opens on every other neuron.
    """

    leak: float
    v_leak: float
    v_reset: float
    v_threshold: float
    offset: float
    e_exc: float
    e_inh: float
    mean_exc: float
    mean_inh: float
    decay_exc: float
    decay_inh: float
    wait: int
    gain: float
    inhibition: float


class Plasticity(NamedTuple):
    """Constants of learning, all scalars.

    ``eta_pre`` and ``eta_post`` are rates, ``decay_pre``, ``decay_fast`` and ``decay_slow`` what is left of the traces
    after a step, ``theta_plus`` the growth of ``theta`` at a spike, ``w_max`` the largest weight before scaling, and
    ``w_sum`` the sum to which the weights of a neuron are scaled.
    """

    eta_pre: float
    eta_post: float
    decay_pre: float
    decay_fast: float
    decay_slow: float
    theta_plus: float
    w_max: float
    w_sum: float


def present_reference(
    weight: FloatArray,
    theta: FloatArray,
    offsets: IntArray,
    addresses: IntArray,
    membrane: Membrane,
    plasticity: Plasticity,
    learn: bool,
) -> tuple[IntArray, IntArray, int]:
    """Run one presentation from rest, and learn.

    Parameters
    ----------
    weight : array, shape (in, neuron)
        Changed in place if ``learn``; C-contiguous.
    theta : array, shape (neuron,)
        Shift of the threshold in mV, of the dtype of ``weight``; changed in place if ``learn``.
    offsets, addresses : array of int64, shape (time + 1,) and (spike,)
        Spikes of the inputs.
    membrane, plasticity : tuple of scalars
        Constants.
    learn : bool
        Whether weights and ``theta`` change.

    Returns
    -------
    offsets, addresses : array of int64, shape (time + 1,) and (spike,)
        Spikes of the neurons.
    updates : int
        Synapses changed, counted at each change.
    """
    inputs, neurons = weight.shape
    v = np.full(neurons, membrane.v_leak, weight.dtype)
    g_exc, g_inh = np.zeros_like(v), np.zeros_like(v)
    wait = np.zeros(neurons, np.int64)
    trace, fast, slow = np.zeros(inputs), np.zeros(neurons), np.zeros(neurons)
    fired = np.zeros(neurons, bool)
    spikes = []
    updates = 0
    for t in range(len(offsets) - 1):
        before = fired
        exc, inh = g_exc * membrane.mean_exc, g_inh * membrane.mean_inh
        total = 1 + exc + inh
        limit = (membrane.v_leak + exc * membrane.e_exc + inh * membrane.e_inh) / total
        v = np.where(wait == 0, limit + (v - limit) * np.exp(membrane.leak * total), v)
        fired = (v >= membrane.v_threshold + theta - membrane.offset) & (wait == 0)
        v = np.where(fired, membrane.v_reset, v)
        wait = np.maximum(wait - 1, 0) + fired * membrane.wait
        trace, fast, slow = trace * plasticity.decay_pre, fast * plasticity.decay_fast, slow * plasticity.decay_slow
        spikes.append(np.flatnonzero(fired))
        for j in spikes[-1] if learn else ():
            raised = (trace > 0) & (slow[j] > 0)
            change = plasticity.eta_post * trace * slow[j]
            weight[:, j] = np.where(raised, np.minimum(weight[:, j] + change, plasticity.w_max), weight[:, j])
            theta[j] += plasticity.theta_plus
            fast[j] = slow[j] = 1
            updates += int(raised.sum())
        arrived = np.zeros_like(v)
        for i in addresses[offsets[t] : offsets[t + 1]]:
            arrived += weight[i]
            trace[i] = 1
            lowered = (fast > 0) & learn
            weight[i] = np.where(lowered, np.maximum(weight[i] - plasticity.eta_pre * fast, 0), weight[i])
            updates += int(lowered.sum())
        g_exc = g_exc * membrane.decay_exc + membrane.gain * arrived
        g_inh = g_inh * membrane.decay_inh + membrane.inhibition * (before.sum() - before)
    for j in np.unique(np.concatenate([np.zeros(0, np.int64), *spikes])) if learn else ():
        total = weight[:, j].sum(dtype=np.float64)
        weight[:, j] *= plasticity.w_sum / total if total > 0 else 1
        updates += inputs
    ends = np.cumsum([0] + [len(step) for step in spikes])
    return ends, np.concatenate([np.zeros(0, np.int64), *spikes]), updates


@njit(cache=True, nogil=True)
def present(
    weight: FloatArray,
    theta: FloatArray,
    offsets: IntArray,
    addresses: IntArray,
    membrane: Membrane,
    plasticity: Plasticity,
    learn: bool,
) -> tuple[IntArray, IntArray, int]:
    """See :func:`present_reference`.

    A trace is worked out where a spike needs it, from the step of the last one. The weights of a neuron that has fired
    are taken out of the matrix into a row of their own until the end, because only they change. A neuron waits by a
    threshold out of reach.
    """
    inputs, neurons = weight.shape
    steps = len(offsets) - 1
    real = weight.dtype.type
    v = np.full(neurons, real(membrane.v_leak))
    g_exc, g_inh, arrived = np.zeros_like(v), np.zeros_like(v), np.empty_like(v)
    v_threshold = real(membrane.v_threshold) + theta - real(membrane.offset)
    last_in, last_out = np.full(inputs, -1), np.full(neurons, -1)
    rows, active = np.full(neurons, -1), np.empty(neurons, np.int64)
    columns = np.empty((neurons if learn else 0, inputs), weight.dtype)
    decay_pre = _powers(plasticity.decay_pre, steps)
    decay_fast = _powers(plasticity.decay_fast, steps)
    decay_slow = _powers(plasticity.decay_slow, steps)
    ends, spikes = np.zeros(steps + 1, np.int64), np.empty(steps * neurons, np.int64)
    updates, count, far = 0, 0, 0
    for t in range(steps):
        waiting = ends[max(t - membrane.wait, 0)]
        for j in spikes[ends[max(t - membrane.wait - 1, 0)] : waiting]:
            v_threshold[j] = real(membrane.v_threshold) + theta[j] - real(membrane.offset)
        over = (
            _relax_far(v, g_exc, g_inh, v_threshold, membrane)
            if far
            else _relax(v, g_exc, g_inh, v_threshold, membrane)
        )
        for j in spikes[waiting : ends[t]]:
            v[j] = real(membrane.v_reset)
        ends[t + 1] = _fire(v, v_threshold, membrane, over, spikes, ends[t])
        for j in spikes[ends[t] : ends[t + 1]] if learn else spikes[:0]:
            if rows[j] < 0:
                rows[j], active[count] = count, j
                columns[count] = weight[:, j]
                count += 1
            else:
                size = plasticity.eta_post * decay_slow[t - last_out[j]]
                updates += _potentiate(columns[rows[j]], size, plasticity.w_max, decay_pre, last_in, t)
            theta[j] += real(plasticity.theta_plus)
            last_out[j] = t
        now = addresses[offsets[t] : offsets[t + 1]]
        arrived[:] = 0
        for i in now:
            last_in[i] = t
            _add(weight[i], arrived)
        # No neuron is ever active with learning off.
        for j in active[:count]:
            size = plasticity.eta_pre * decay_fast[t - last_out[j]]
            arrived[j] = _depress(columns[rows[j]], now, size)
        updates += count * len(now)
        far = _receive(g_exc, g_inh, arrived, membrane, spikes[ends[max(t - 1, 0)] : ends[t]])
    for j in active[:count]:
        weight[:, j] = columns[rows[j]] * _scale(columns[rows[j]], plasticity.w_sum)
    return ends, spikes[: ends[steps]].copy(), updates + count * inputs


# The other error model checks every division for zero, which keeps the loop from running on vectors. Counts are
# narrowed at each addition, because one of 64 bits would halve the vectors.
@njit(cache=True, nogil=True, error_model="numpy")
def _relax(
    v: FloatArray, g_exc: FloatArray, g_inh: FloatArray, v_threshold: FloatArray, membrane: Membrane
) -> np.int32:
    """Move the potentials by one step and return how many are over the threshold.

    With ``z = leak * total`` the way is ``(v - limit) * expm1(z)``, where ``limit`` is a fraction of ``total`` and
    ``z / expm1(z)`` is the series of the Bernoulli numbers; so one division serves both.
    """
    real = v.dtype.type
    v_leak, e_exc, e_inh, leak = real(membrane.v_leak), real(membrane.e_exc), real(membrane.e_inh), real(membrane.leak)
    mean_exc, mean_inh = real(membrane.mean_exc), real(membrane.mean_inh)
    one, half, b2, b4, b6 = real(1), real(1 / 2), real(1 / 12), real(-1 / 720), real(1 / 30240)
    b8, b10, b12 = real(-1 / 1209600), real(1 / 47900160), real(-691 / 1307674368000)
    over = np.int32(0)
    for j in range(len(v)):
        exc, inh = g_exc[j] * mean_exc, g_inh[j] * mean_inh
        total = one + exc + inh
        z = leak * total
        u = z * z
        series = one - half * z + u * (b2 + u * (b4 + u * (b6 + u * (b8 + u * (b10 + u * b12)))))
        v[j] += (v[j] * total - (v_leak + exc * e_exc + inh * e_inh)) * leak / series
        over = np.int32(over + np.int32(v[j] >= v_threshold[j]))
    return over


@njit(cache=True, nogil=True, error_model="numpy")
def _relax_far(
    v: FloatArray, g_exc: FloatArray, g_inh: FloatArray, v_threshold: FloatArray, membrane: Membrane
) -> np.int32:
    """Do as :func:`_relax` under conductances of any strength, neuron by neuron with the library's exponential."""
    real = v.dtype.type
    v_leak, e_exc, e_inh, leak = real(membrane.v_leak), real(membrane.e_exc), real(membrane.e_inh), real(membrane.leak)
    over = np.int32(0)
    for j in range(len(v)):
        exc, inh = g_exc[j] * real(membrane.mean_exc), g_inh[j] * real(membrane.mean_inh)
        total = real(1) + exc + inh
        limit = (v_leak + exc * e_exc + inh * e_inh) / total
        v[j] = limit + (v[j] - limit) * np.exp(leak * total)
        over += np.int32(v[j] >= v_threshold[j])
    return np.int32(over)


@njit(cache=True, nogil=True)
def _fire(
    v: FloatArray, v_threshold: FloatArray, membrane: Membrane, over: np.int32, spikes: IntArray, end: int
) -> int:
    """Reset the neurons over their threshold, let them wait, append them to ``spikes`` and return its new end."""
    if over:
        for j in range(len(v)):
            if v[j] >= v_threshold[j]:
                v[j], v_threshold[j] = membrane.v_reset, np.inf
                spikes[end] = j
                end += 1
    return end


@njit(cache=True, nogil=True)
def _add(row: FloatArray, arrived: FloatArray) -> None:
    for j in range(len(arrived)):
        arrived[j] += row[j]


@njit(cache=True, nogil=True)
def _potentiate(column: FloatArray, size: float, w_max: float, decay: FloatArray, last_in: IntArray, t: int) -> int:
    """Raise the weights of one neuron from the inputs that have fired; return their number."""
    real = column.dtype.type
    changed = 0
    for i in range(len(last_in)):
        if last_in[i] >= 0:
            column[i] = min(column[i] + real(size * decay[t - last_in[i]]), real(w_max))
            changed += 1
    return changed


@njit(cache=True, nogil=True)
def _depress(column: FloatArray, inputs: IntArray, size: float) -> np.floating:
    """Lower the weights of one neuron from the inputs that fire; return the sum of what they were."""
    real = column.dtype.type
    arrived = real(0)
    for i in inputs:
        arrived += column[i]
        column[i] = max(column[i] - real(size), real(0))
    return arrived


@njit(cache=True, nogil=True)
def _scale(column: FloatArray, w_sum: float) -> np.floating:
    """Return the factor that brings the weights of one neuron to their sum; 1 where they are all 0."""
    total = 0.0
    for w in column:
        total += w
    return column.dtype.type(w_sum / total if total > 0 else 1)


@njit(cache=True, nogil=True)
def _receive(g_exc: FloatArray, g_inh: FloatArray, arrived: FloatArray, membrane: Membrane, before: IntArray) -> int:
    """Let conductances decay, add what arrived and what the neurons that fired one step before inhibit.

    Return how many neurons are driven too strongly for the series of the next step.
    """
    real = g_exc.dtype.type
    decay_exc, decay_inh, gain = real(membrane.decay_exc), real(membrane.decay_inh), real(membrane.gain)
    mean_exc, mean_inh, leak = real(membrane.mean_exc), real(membrane.mean_inh), real(membrane.leak)
    nothing, tiny, one, near = real(0), real(TINY), real(1), real(NEAR)
    share = real(membrane.inhibition * len(before))
    far = np.int32(0)
    for j in range(len(g_exc)):
        exc, inh = g_exc[j] * decay_exc + gain * arrived[j], g_inh[j] * decay_inh
        g_exc[j] = exc if exc > tiny else nothing
        g_inh[j] = inh if inh > tiny else nothing
        far = np.int32(far + np.int32(leak * (one + g_exc[j] * mean_exc + (g_inh[j] + share) * mean_inh) < near))
    if len(before):
        _inhibit(g_inh, membrane, before)
    return int(far)


@njit(cache=True, nogil=True)
def _inhibit(g_inh: FloatArray, membrane: Membrane, before: IntArray) -> None:
    """Let each neuron that fired open a conductance on all others."""
    real = g_inh.dtype.type
    own = g_inh[before]
    g_inh += real(membrane.inhibition * len(before))
    g_inh[before] = own + real(membrane.inhibition * (len(before) - 1))


@njit(cache=True, nogil=True)
def _powers(base: float, highest: int) -> FloatArray:
    """Return ``base`` to the powers from 0 to ``highest``."""
    powers = np.ones(highest + 1)
    for exponent in range(1, highest + 1):
        powers[exponent] = powers[exponent - 1] * base
    return powers
