"""The spike response neuron that fires at random, the more likely the higher its potential."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from spikewright.checks import Step, check_count, check_finite, check_in_range, check_positive, check_same_shape
from spikewright.neurons._counter_noise import uniform
from spikewright.neurons._cuba import current_gain
from spikewright.neurons._model import NeuronModel, decay
from spikewright.neurons._straight_through import StraightThrough
from spikewright.neurons._surrogate import Surrogate

# exp(50) Hz fires with certainty in any step that can be meant, and is still finite in float32.
_LARGEST_EXPONENT = 50.0


class EscapeSRMState(NamedTuple):
    """State of shape (batch, neuron...).

    Potential ``v`` without and refractory potential ``eta`` of the last spike, synaptic current ``i_syn``, all in
    threshold units, and ``steps``, how many steps have passed, an int64.
    """

    v: Step
    i_syn: Step
    eta: Step
    steps: Tensor


@dataclass(frozen=True)
class EscapeSRM(NeuronModel):
    r"""Stochastic spike response neurons: SRM0 with an exponential escape rate.

    .. math::
        u(t) = \sum_k x_k\,\epsilon(t - t_k) - \eta_0\,e^{-(t - \hat t)/\tau_\eta}, \qquad
        \rho = \rho_0\,e^{(u - v_{threshold}) / \Delta u}, \qquad
        P(\text{spike in a step}) = 1 - e^{-\rho\,dt}

    with :math:`\hat t` the time of the neuron's last spike; spikes before it are forgotten. The kernel :math:`\epsilon`
    is :math:`e^{-t/\tau_{mem}}` without ``tau_syn``, as in :class:`~spikewright.neurons.LIF`, and else that of
    :class:`~spikewright.neurons.CUBA`, the alpha kernel where both time constants are equal. A spike does not change
    the input's part of the potential.

    Each step: decay, add the charge ``x``, fire with the probability above at the new ``u``, start ``eta`` anew in
    neurons that fired. Kernels are exact at the grid times; the rate is held over the step.

    The random numbers are a hash of ``seed``, the number of the step and the index of the neuron, so a step is pure and
    the same in every engine, and runs in chunks or in another order of samples do not differ. All samples of a batch
    share them: the same sample always gives the same spikes. Layers with the same ``seed`` share them too; give each
    its own.

    Parameters
    ----------
    tau_mem : float or Tensor, shape (neuron,)
        Membrane time constant in seconds, > 0.
    tau_syn : float or Tensor, shape (neuron,), or None
        Time constant of the synaptic current in seconds, > 0; ``None`` for delta synapses.
    v_threshold : float or Tensor, shape (neuron,)
        Potential at which the rate is ``rate``, in units of ``v``.
    rate : float or Tensor, shape (neuron,)
        Firing rate at the threshold, rho0, in Hz, > 0.
    softness : float or Tensor, shape (neuron,)
        Rise of the potential that multiplies the rate by e, delta u, in units of ``v``, > 0.
    eta : float or Tensor, shape (neuron,)
        Depth of the refractory potential right after a spike, in units of ``v``, >= 0.
    tau_eta : float or Tensor, shape (neuron,)
        Time constant of the refractory potential in seconds, > 0.
    seed : int
        From 0 to 2**32 - 1.
    surrogate : Surrogate
        Derivative used in place of that of the draw, as a function of probability minus random number. The default
        makes the gradient of a spike that of its probability.

    References
    ----------
    Gerstner, Kistler, Naud, Paninski, Neuronal Dynamics, 2014, sections 6.4 and 9.1 to 9.4.
    """

    tau_mem: float | Tensor
    tau_syn: float | Tensor | None = None
    v_threshold: float | Tensor = 1.0
    rate: float | Tensor = 100.0
    softness: float | Tensor = 0.1
    eta: float | Tensor = 1.0
    tau_eta: float | Tensor = 0.01
    seed: int = 0
    surrogate: Surrogate = StraightThrough()

    def __post_init__(self) -> None:
        check_positive("EscapeSRM.tau_mem", self.tau_mem, "seconds")
        if self.tau_syn is not None:
            check_positive("EscapeSRM.tau_syn", self.tau_syn, "seconds", "For delta synapses use None.")
        check_finite("EscapeSRM.v_threshold", self.v_threshold)
        check_positive("EscapeSRM.rate", self.rate, "Hz")
        check_positive("EscapeSRM.softness", self.softness, hint="For a threshold without noise use LIF or CUBA.")
        check_in_range("EscapeSRM.eta", self.eta, 0, math.inf)
        check_positive("EscapeSRM.tau_eta", self.tau_eta, "seconds")
        check_count("EscapeSRM.seed", self.seed, minimum=0)
        check_in_range("EscapeSRM.seed", self.seed, 0, 2**32 - 1)

    def start(self, x: Step) -> EscapeSRMState:
        """Return the state of a neuron that never fired, for inputs like ``x``."""
        zero = torch.zeros_like(x)
        return EscapeSRMState(zero, zero, zero, torch.zeros_like(x, dtype=torch.int64))

    def step(self, x: Step, state: EscapeSRMState, *, dt: float) -> tuple[Step, EscapeSRMState]:
        """Advance by ``dt`` seconds; ``x`` and the entries of ``state`` have shape (batch, neuron...)."""
        check_same_shape("EscapeSRM.step", x=x, v=state.v)
        v, i_syn = self._integrate(x, state, dt)
        eta = state.eta * decay(self.tau_eta, dt)
        draws = uniform(self.seed, state.steps, x.dtype)
        spikes = self.surrogate(self.probability(v + eta, dt=dt) - draws)
        return spikes, EscapeSRMState(v, i_syn, eta + spikes * (-self.eta - eta), state.steps + 1)

    def probability(self, u: Step, *, dt: float) -> Step:
        """Return the probability of a spike in a step of ``dt`` seconds at the potential ``u``."""
        exponent = ((u - self.v_threshold) / self.softness).clamp(max=_LARGEST_EXPONENT)
        return -torch.expm1(-self.rate * dt * exponent.exp())

    def _integrate(self, x: Step, state: EscapeSRMState, dt: float) -> tuple[Step, Step]:
        if self.tau_syn is None:
            return state.v * decay(self.tau_mem, dt) + x, state.i_syn
        v = state.v * decay(self.tau_mem, dt) + current_gain(self.tau_mem, self.tau_syn, dt) * state.i_syn
        return v, state.i_syn * decay(self.tau_syn, dt) + x
