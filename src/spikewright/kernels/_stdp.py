r"""One presentation of a sample to neurons whose input synapses learn by a triplet rule of spike times.

The neurons are those of :class:`~spikewright.neurons.ConductanceLIF`, in the same order of operations; each inhibits
all others one step later. An input holds a trace of its last spike, a neuron two traces of its own, each set to 1 by
the spike and decaying exponentially:

.. math::
    \text{input fires:} \quad w &\leftarrow \max(0,\; w - \eta_{pre}\, y_1) \\
    \text{neuron fires:} \quad w &\leftarrow \min(w_{max},\; w + \eta_{post}\, x\, y_2)

with :math:`x` the trace of the input, :math:`y_1` and :math:`y_2` the fast and the slow trace of the neuron before this
spike. In a step neurons fire first and then inputs arrive, as an input moves the potential from the next step on.

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
"""From here to 0 the exponential is taken from its series, which leaves out less than 3e-16."""

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
    """Constants of learning, all scalars: rates, decays of the traces a step, growth of ``theta``, largest weight."""

    eta_pre: float
    eta_post: float
    decay_pre: float
    decay_fast: float
    decay_slow: float
    theta_plus: float
    w_max: float


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
    """See :func:`present_reference`; a trace is worked out where a spike needs it, from the step of the last one."""
    inputs, neurons = weight.shape
    steps = len(offsets) - 1
    real = weight.dtype.type
    v = np.full(neurons, real(membrane.v_leak))
    g_exc, g_inh = np.zeros_like(v), np.zeros_like(v)
    limit, arrived, factor = np.empty_like(v), np.empty_like(v), np.empty_like(v)
    v_threshold = real(membrane.v_threshold) + theta - real(membrane.offset)
    wait, fired = np.zeros(neurons, np.int32), np.zeros(neurons, np.int32)
    last_in, last_out = np.full(inputs, -1), np.full(neurons, -1)
    active, active_count = np.empty(neurons, np.int64), 0
    decay_pre = _powers(plasticity.decay_pre, steps)
    decay_fast = _powers(plasticity.decay_fast, steps)
    decay_slow = _powers(plasticity.decay_slow, steps)
    ends, spikes = np.zeros(steps + 1, np.int64), np.empty(steps * neurons, np.int64)
    updates = 0
    for t in range(steps):
        _relax(g_exc, g_inh, membrane, limit, factor)
        count = _fire(v, v_threshold, wait, limit, factor, membrane, fired)
        ends[t + 1] = _listed(fired, count, spikes, ends[t])
        for j in spikes[ends[t] : ends[t + 1]] if learn else spikes[:0]:
            if last_out[j] < 0:
                active[active_count] = j
                active_count += 1
            else:
                size = plasticity.eta_post * decay_slow[t - last_out[j]]
                updates += _potentiate(weight, j, size, plasticity.w_max, decay_pre, last_in, t)
            theta[j] += real(plasticity.theta_plus)
            v_threshold[j] = real(membrane.v_threshold) + theta[j] - real(membrane.offset)
            last_out[j] = t
        arrived[:] = 0
        for i in addresses[offsets[t] : offsets[t + 1]]:
            for j in range(neurons):
                arrived[j] += weight[i, j]
            # No neuron is ever active with learning off.
            for j in active[:active_count]:
                changed = weight[i, j] - real(plasticity.eta_pre * decay_fast[t - last_out[j]])
                weight[i, j] = max(changed, real(0))
            updates += active_count
            last_in[i] = t
        _receive(g_exc, g_inh, arrived, membrane, spikes[ends[max(t - 1, 0)] : ends[t]])
    return ends, spikes[: ends[steps]].copy(), updates


# The other error model checks every division for zero, which keeps the loop from running on vectors.
@njit(cache=True, nogil=True, error_model="numpy")
def _relax(g_exc: FloatArray, g_inh: FloatArray, membrane: Membrane, limit: FloatArray, factor: FloatArray) -> None:
    """Write where each potential tends to in this step, and which part of its distance is left at the end."""
    real = g_exc.dtype.type
    v_leak, e_exc, e_inh, leak = real(membrane.v_leak), real(membrane.e_exc), real(membrane.e_inh), real(membrane.leak)
    mean_exc, mean_inh = real(membrane.mean_exc), real(membrane.mean_inh)
    one, near = real(1), real(NEAR)
    far = np.int32(0)
    for j in range(len(limit)):
        exc, inh = g_exc[j] * mean_exc, g_inh[j] * mean_inh
        total = one + exc + inh
        limit[j] = (v_leak + exc * e_exc + inh * e_inh) / total
        factor[j] = leak * total
        far += np.int32(factor[j] < near)
    if far:
        # Strong inhibition is rare: the library's exponential is called neuron by neuron, the series runs on vectors.
        for j in range(len(limit)):
            factor[j] = np.exp(factor[j])
    else:
        _exp_of_small(factor)


@njit(cache=True, nogil=True)
def _exp_of_small(z: FloatArray) -> None:
    """Replace ``z`` by its exponential where all lie in [-0.5, 0]: Taylor's series of a quarter, squared twice."""
    real = z.dtype.type
    one, quarter = real(1), real(0.25)
    c2, c3, c4, c5 = real(1 / 2), real(1 / 3), real(1 / 4), real(1 / 5)
    c6, c7, c8, c9 = real(1 / 6), real(1 / 7), real(1 / 8), real(1 / 9)
    for j in range(len(z)):
        q = z[j] * quarter
        high = one + q * c6 * (one + q * c7 * (one + q * c8 * (one + q * c9)))
        series = one + q * (one + q * c2 * (one + q * c3 * (one + q * c4 * (one + q * c5 * high))))
        squared = series * series
        z[j] = squared * squared


@njit(cache=True, nogil=True)
def _fire(
    v: FloatArray,
    v_threshold: FloatArray,
    wait: NDArray[np.int32],
    limit: FloatArray,
    factor: FloatArray,
    membrane: Membrane,
    fired: NDArray[np.int32],
) -> int:
    """Move the potentials, mark and reset the neurons that fire, and return their number."""
    v_reset, pause = v.dtype.type(membrane.v_reset), np.int32(membrane.wait)
    count = np.int32(0)
    for j in range(len(v)):
        ready = wait[j] == 0
        moved = limit[j] + (v[j] - limit[j]) * factor[j] if ready else v[j]
        over = np.int32(ready & (moved >= v_threshold[j]))
        v[j] = v_reset if over else moved
        wait[j] = max(wait[j] - np.int32(1), np.int32(0)) + over * pause
        fired[j] = over
        count += over
    return int(count)


@njit(cache=True, nogil=True)
def _listed(fired: NDArray[np.int32], count: int, spikes: IntArray, end: int) -> int:
    """Append the neurons that fired to the list that ends at ``end``; return its new end."""
    if count:
        for j in range(len(fired)):
            if fired[j]:
                spikes[end] = j
                end += 1
    return end


@njit(cache=True, nogil=True)
def _potentiate(
    weight: FloatArray, j: int, size: float, w_max: float, decay: FloatArray, last_in: IntArray, t: int
) -> int:
    """Raise the weights to neuron ``j`` from the inputs that have fired; return their number."""
    real = weight.dtype.type
    changed = 0
    for i in range(len(last_in)):
        if last_in[i] >= 0:
            weight[i, j] = min(weight[i, j] + real(size * decay[t - last_in[i]]), real(w_max))
            changed += 1
    return changed


@njit(cache=True, nogil=True)
def _receive(g_exc: FloatArray, g_inh: FloatArray, arrived: FloatArray, membrane: Membrane, before: IntArray) -> None:
    """Let conductances decay, then add what arrived and what the neurons that fired one step before inhibit."""
    real = g_exc.dtype.type
    decay_exc, decay_inh, gain = real(membrane.decay_exc), real(membrane.decay_inh), real(membrane.gain)
    nothing, tiny = real(0), real(TINY)
    for j in range(len(g_exc)):
        exc, inh = g_exc[j] * decay_exc + gain * arrived[j], g_inh[j] * decay_inh
        g_exc[j] = exc if exc > tiny else nothing
        g_inh[j] = inh if inh > tiny else nothing
    if len(before):
        inhibition = real(membrane.inhibition)
        own = g_inh[before]
        g_inh += inhibition * real(len(before))
        g_inh[before] = own + inhibition * real(len(before) - 1)


@njit(cache=True, nogil=True)
def _powers(base: float, highest: int) -> FloatArray:
    """Return ``base`` to the powers from 0 to ``highest``."""
    powers = np.ones(highest + 1)
    for exponent in range(1, highest + 1):
        powers[exponent] = powers[exponent - 1] * base
    return powers
