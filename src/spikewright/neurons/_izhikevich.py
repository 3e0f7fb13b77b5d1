"""The Izhikevich neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel
from spikewright.neurons._surrogate import Surrogate

_HALF_STEP = 0.5  # ms
_LONGEST = 1e-3  # seconds


class IzhikevichState(NamedTuple):
    """Membrane potential ``v`` in mV and recovery variable ``u`` in mV / ms, shape (batch, neuron...)."""

    v: Step
    u: Step


@dataclass(frozen=True)
class Izhikevich(NeuronModel):
    r"""Izhikevich's two-variable neurons, which fire in the patterns of many cortical cells.

    .. math::
        \dot v = 0.04\,v^2 + 5\,v + 140 - u + x, \qquad \dot u = a\,(b\,v - u), \qquad
        v \ge v_{threshold}:\; v \leftarrow c,\; u \leftarrow u + d

    Time is in ms and potentials are in mV inside, as in the paper; ``dt`` is in seconds as everywhere. The input ``x``
    is a current held over the step, in mV / ms: it is multiplied by time where it enters, so it is not a charge.

    Each step, as in the paper's program: ``v`` in Euler steps of at most 0.5 ms with ``u`` held (two of them at ``dt``
    = 1 ms), then ``u`` in one Euler step with the new ``v``; fire where ``v >= v_threshold``; reset. First order in
    ``dt``.

    Parameters
    ----------
    a : float or Tensor, shape (neuron,)
        Rate of recovery in 1 / ms, > 0.
    b : float or Tensor, shape (neuron,)
        How strongly ``u`` follows ``v``, in 1 / ms.
    c : float or Tensor, shape (neuron,)
        Value of ``v`` after a spike, in mV.
    d : float or Tensor, shape (neuron,)
        What a spike adds to ``u``, in mV / ms.
    v_threshold : float or Tensor, shape (neuron,)
        Peak of a spike in mV, where it is cut off.
    v_start : float or Tensor, shape (neuron,)
        Value of ``v`` before the first step in mV; ``u`` starts at ``b * v``.
    surrogate : Surrogate
        Derivative used in place of that of the threshold; its argument is in mV.

    Raises
    ------
    ValueError
        In ``step``, if ``dt`` is longer than the 1 ms of the paper: the scheme is not stable there.

    Notes
    -----
    At 1 ms the potential overshoots its peak by a different amount in each spike, and the intervals jitter by some
    20 %; the patterns below are clean from 0.25 ms down, the step of the paper's figures.

    The defaults are a regular-spiking cell. Others of the paper (a, b, c, d): intrinsically bursting 0.02, 0.2, -55, 4;
    chattering 0.02, 0.2, -50, 2; fast-spiking 0.1, 0.2, -65, 2; low-threshold spiking 0.02, 0.25, -65, 2.

    References
    ----------
    Izhikevich, Simple model of spiking neurons, IEEE Transactions on Neural Networks 14, 2003.
    """

    a: float | Tensor = 0.02
    b: float | Tensor = 0.2
    c: float | Tensor = -65.0
    d: float | Tensor = 8.0
    v_threshold: float | Tensor = 30.0
    v_start: float | Tensor = -65.0
    surrogate: Surrogate = FastSigmoid(slope=0.1)

    def __post_init__(self) -> None:
        check_positive("Izhikevich.a", self.a)
        for name in ("b", "c", "d", "v_threshold", "v_start"):
            check_finite(f"Izhikevich.{name}", getattr(self, name))

    def start(self, x: Step) -> IzhikevichState:
        """Return ``v_start`` and ``b * v_start`` for inputs like ``x``."""
        v = torch.zeros_like(x) + self.v_start
        return IzhikevichState(v, self.b * v)

    def step(self, x: Step, state: IzhikevichState, *, dt: float) -> tuple[Step, IzhikevichState]:
        """Advance by ``dt`` seconds, at most 1 ms; ``x`` and the entries of ``state`` have shape (batch, neuron...)."""
        check_same_shape("Izhikevich.step", x=x, v=state.v)
        if dt > _LONGEST:
            raise ValueError(
                f"Izhikevich.step: dt must be <= {_LONGEST:g} seconds; got {dt:g}. Use a shorter dt for the network."
            )
        v, u, whole = state.v, state.u, dt * 1e3
        parts = math.ceil(whole / _HALF_STEP - 1e-9)
        for _ in range(parts):
            v = v + whole / parts * (0.04 * v.square() + 5 * v + 140 - u + x)
        u = u + whole * self.a * (self.b * v - u)
        spikes = self.surrogate(v - self.v_threshold)
        return spikes, IzhikevichState(v + spikes * (self.c - v), u + spikes * self.d)
