"""Neurons that a chip has."""

from __future__ import annotations

from math import exp, log

from spikewright.chips import Chip
from spikewright.neurons import CUBA, IF, LIF, NeuronModel, PromptCUBA
from spikewright.quantised._arithmetic import Arithmetic
from spikewright.quantised._arithmetic_of import arithmetic_to_train_for

KINDS = ("LIF", "PromptCUBA", "CUBA", "IF")
"""Of those that a chip has, the first is taken."""


def neuron_for(chip: Chip, like: LIF, dt: float) -> NeuronModel:
    """Return neurons of a kind that a chip has, with time constants that its arithmetic has exactly.

    Parameters
    ----------
    chip : Chip
        It says which kinds and resets there are; subtraction is preferred, because it keeps what is above threshold.
    like : LIF
        Its time constant and surrogate are kept as far as may be. A synaptic current lasts half as long as the
        potential; an IF neuron has no time constant.
    dt : float
        Length of a step in seconds.

    Returns
    -------
    NeuronModel
        ``like`` itself where the chip has none of our spiking neurons.
    """
    v_reset = None if "subtract" in chip.resets else 0.0
    arithmetic = arithmetic_to_train_for(chip)
    tau_mem = float(like.tau_mem)
    match next((kind for kind in KINDS if kind in chip.neurons), None):
        case "LIF":
            return LIF(_had(arithmetic, tau_mem, dt), v_reset=v_reset, surrogate=like.surrogate)
        case "PromptCUBA":
            tau_syn = _had(arithmetic, tau_mem / 2, dt)
            # With this gain all that a charge adds over time is what it adds to a LIF neuron.
            gain = 1 - exp(-dt / tau_syn)
            return PromptCUBA(_had(arithmetic, tau_mem, dt), tau_syn, gain, v_reset=v_reset, surrogate=like.surrogate)
        case "CUBA":
            taus = _had(arithmetic, tau_mem, dt), _had(arithmetic, tau_mem / 2, dt)
            return CUBA(*taus, v_reset=v_reset, surrogate=like.surrogate)
        case "IF":
            return IF(v_reset=v_reset, surrogate=like.surrogate)
    return like


def _had(arithmetic: Arithmetic | None, tau: float, dt: float) -> float:
    """Return the time constant whose decay is the nearest that an arithmetic has."""
    return tau if arithmetic is None else -dt / log(arithmetic.kept(exp(-dt / tau)))
