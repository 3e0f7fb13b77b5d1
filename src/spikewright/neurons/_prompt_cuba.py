"""The current-based neuron as chips and most libraries step it: a charge acts in the step in which it arrives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Step, check_finite, check_positive, check_same_shape
from spikewright.neurons._cuba import CUBAState
from spikewright.neurons._fast_sigmoid import FastSigmoid
from spikewright.neurons._model import NeuronModel, decay, reset
from spikewright.neurons._surrogate import Surrogate


@dataclass(frozen=True)
class PromptCUBA(NeuronModel):
    r"""Current-based leaky integrate-and-fire neurons whose current acts in the step in which its charge arrives.

    .. math::
        \tau_{mem}\,\dot v = v_{leak} - v + R\,i, \qquad
        \tau_{syn}\,\dot i = -i + \tau_{syn} \sum_k x_k\,\delta(t - t_k)

    Each step: decay the current and add the charge ``x``, decay the membrane and add the current, fire where
    ``v >= v_threshold``, reset:

    .. math::
        i_t = i_{t-1}\,e^{-dt/\tau_{syn}} + x_t, \qquad
        v_t = v_{leak} + (v_{t-1} - v_{leak})\,e^{-dt/\tau_{mem}} + g\,i_t

    This splits the two equations instead of solving them together as :class:`CUBA` does, so it depends on ``dt``; a
    charge moves ``v`` one step earlier. Chips step their neurons so, and the libraries that exchange networks as NIR.

    Parameters
    ----------
    tau_mem, tau_syn : float or Tensor, shape (neuron,)
        Time constants of membrane and synaptic current in seconds, > 0; they may be equal.
    gain : float or Tensor, shape (neuron,)
        What a current of 1 adds to ``v`` in a step, :math:`g`.
    v_threshold, v_leak : float or Tensor, shape (neuron,)
        Firing threshold and resting value, in units of ``v``. A run starts at rest, without current.
    v_reset : float or Tensor, shape (neuron,), or None
        Value after a spike; ``None`` subtracts the threshold.
    surrogate : Surrogate
        Derivative used in place of that of the threshold.

    References
    ----------
    Davies et al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE Micro 38, 2018.
    Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15, 2024.
    """

    tau_mem: float | Tensor
    tau_syn: float | Tensor
    gain: float | Tensor = 1.0
    v_threshold: float | Tensor = 1.0
    v_leak: float | Tensor = 0.0
    v_reset: float | Tensor | None = None
    surrogate: Surrogate = FastSigmoid(slope=10.0)

    def __post_init__(self) -> None:
        check_positive("PromptCUBA.tau_mem", self.tau_mem, "seconds")
        check_positive("PromptCUBA.tau_syn", self.tau_syn, "seconds", "For delta synapses use LIF.")
        check_finite("PromptCUBA.gain", self.gain)
        check_finite("PromptCUBA.v_threshold", self.v_threshold)
        check_finite("PromptCUBA.v_leak", self.v_leak)
        if self.v_reset is not None:
            check_finite("PromptCUBA.v_reset", self.v_reset, "To subtract the threshold use None.")

    def start(self, x: Step) -> CUBAState:
        """Return the resting state for inputs like ``x``."""
        rest = torch.zeros_like(x)
        return CUBAState(rest + self.v_leak, rest)

    def step(self, x: Step, state: CUBAState, *, dt: float) -> tuple[Step, CUBAState]:
        """Advance by ``dt`` seconds; ``x``, ``state.v`` and ``state.i_syn`` have shape (batch, neuron...)."""
        check_same_shape("PromptCUBA.step", x=x, v=state.v)
        i_syn = state.i_syn * decay(self.tau_syn, dt) + x
        v = self.v_leak + (state.v - self.v_leak) * decay(self.tau_mem, dt) + self.gain * i_syn
        spikes = self.surrogate(v - self.v_threshold)
        return spikes, CUBAState(reset(v, spikes, self.v_threshold, self.v_reset), i_syn)
