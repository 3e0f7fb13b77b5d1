"""The scan of leaky integrate-and-fire neurons, forward and backward, each beside its reference."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BLOCK = 1024
"""Neurons that are taken through all steps together, so that their potentials stay in the nearest cache."""


def lif_forward_reference(
    x: Floats,
    v: Floats,
    decay: Floats,
    v_leak: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    spikes: Floats,
    trace: Floats,
) -> None:
    """Run leaky integrate-and-fire neurons over a sequence; :class:`spikewright.neurons.LIF` has the equation.

    Parameters
    ----------
    x : array, shape (time, batch, neuron)
        Charges.
    v : array, shape (batch, neuron)
        Potentials before the first step; overwritten by those after the last.
    decay, v_leak, v_threshold, v_reset : array, shape (neuron,)
        Factor of a step, and potentials.
    subtract : bool
        Whether the reset subtracts the threshold; else it sets ``v_reset``.
    spikes, trace : array, shape (time, batch, neuron)
        Written: 0 or 1, and the potentials before the reset.
    """
    for t, charges in enumerate(x):
        u = v_leak + (v - v_leak) * decay + charges
        fired = u - v_threshold >= 0
        trace[t], spikes[t] = u, fired
        v[:] = np.where(fired, u - v_threshold if subtract else u + (v_reset - u), u)


@njit(cache=True, nogil=True)
def lif_forward(
    x: Floats,
    v: Floats,
    decay: Floats,
    v_leak: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    spikes: Floats,
    trace: Floats,
) -> None:
    """Do what :func:`lif_forward_reference` does, block by block."""
    for b in range(x.shape[1]):
        for start in range(0, x.shape[2], BLOCK):
            part = slice(start, start + BLOCK)
            _forward_block(
                x[:, b, part],
                v[b, part],
                decay[part],
                v_leak[part],
                v_threshold[part],
                v_reset[part],
                subtract,
                spikes[:, b, part],
                trace[:, b, part],
            )


@njit(cache=True, nogil=True)
def _forward_block(
    x: Floats,
    v: Floats,
    decay: Floats,
    v_leak: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    spikes: Floats,
    trace: Floats,
) -> None:
    """Run some neurons of one sample, arrays of shape (time, neuron), through all steps."""
    one, zero = x.dtype.type(1), x.dtype.type(0)
    for t in range(x.shape[0]):
        for n in range(x.shape[1]):
            u = v_leak[n] + (v[n] - v_leak[n]) * decay[n] + x[t, n]
            s = one if u - v_threshold[n] >= zero else zero
            trace[t, n] = u
            spikes[t, n] = s
            v[n] = u - s * v_threshold[n] if subtract else u + s * (v_reset[n] - u)


def lif_backward_reference(
    grad_spikes: Floats,
    grad_v: Floats,
    slope: Floats,
    trace: Floats,
    decay: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    grad_x: Floats,
) -> None:
    """Carry gradients back through :func:`lif_forward_reference`.

    Parameters
    ----------
    grad_spikes : array, shape (time, batch, neuron)
        Gradient with respect to the spikes.
    grad_v : array, shape (batch, neuron)
        Gradient with respect to the potentials after the last step; overwritten by that before the first.
    slope : array, shape (time, batch, neuron)
        Derivative used for the threshold, at each step.
    trace : array, shape (time, batch, neuron)
        Potentials before the reset.
    decay, v_threshold, v_reset, subtract
        As forward.
    grad_x : array, shape (time, batch, neuron)
        Written: gradient with respect to the charges.
    """
    for t in range(len(grad_spikes) - 1, -1, -1):
        u, kept = trace[t], grad_v
        grad_spike = grad_spikes[t] - grad_v * v_threshold
        if not subtract:
            kept = np.where(u - v_threshold >= 0, 0, grad_v)
            grad_spike = grad_spikes[t] + grad_v * (v_reset - u)
        grad_x[t] = kept + grad_spike * slope[t]
        grad_v[:] = grad_x[t] * decay


@njit(cache=True, nogil=True)
def lif_backward(
    grad_spikes: Floats,
    grad_v: Floats,
    slope: Floats,
    trace: Floats,
    decay: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    grad_x: Floats,
) -> None:
    """Do what :func:`lif_backward_reference` does, block by block."""
    for b in range(grad_spikes.shape[1]):
        for start in range(0, grad_spikes.shape[2], BLOCK):
            part = slice(start, start + BLOCK)
            _backward_block(
                grad_spikes[:, b, part],
                grad_v[b, part],
                slope[:, b, part],
                trace[:, b, part],
                decay[part],
                v_threshold[part],
                v_reset[part],
                subtract,
                grad_x[:, b, part],
            )


@njit(cache=True, nogil=True)
def _backward_block(
    grad_spikes: Floats,
    grad_v: Floats,
    slope: Floats,
    trace: Floats,
    decay: Floats,
    v_threshold: Floats,
    v_reset: Floats,
    subtract: bool,
    grad_x: Floats,
) -> None:
    """Carry the gradients of some neurons of one sample, arrays of shape (time, neuron), back through all steps."""
    one, zero = grad_x.dtype.type(1), grad_x.dtype.type(0)
    for t in range(grad_spikes.shape[0] - 1, -1, -1):
        for n in range(grad_spikes.shape[1]):
            u, g = trace[t, n], grad_v[n]
            s = one if u - v_threshold[n] >= zero else zero
            g_spike = grad_spikes[t, n] + (-g * v_threshold[n] if subtract else g * (v_reset[n] - u))
            grad = (g if subtract else g * (one - s)) + g_spike * slope[t, n]
            grad_x[t, n] = grad
            grad_v[n] = grad * decay[n]
