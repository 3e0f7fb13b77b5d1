"""How libraries step the equations of NIR: time step, decay, size of an input, reset, threshold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import ModelError, check_positive

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Convention(ABC):
    """What a NIR file leaves open, as one library has it. Gains are told from time constants in steps.

    Parameters
    ----------
    dt : float
        Length of a step of the network in seconds.
    subtracts : bool
        Whether a spike takes the threshold off the potential; if not, it sets ``v_reset`` of the file.
    late : bool
        Whether a reset comes in the step after the spike, behind the decay of that step.
    above : bool
        Whether a neuron fires where its potential is above the threshold; if not, where it reaches it.
    from_reset : bool
        Whether a neuron without leak starts at ``v_reset``; if not, at 0. Others start at rest.
    """

    dt: float
    subtracts: bool = False
    late: bool = False
    above: bool = True
    from_reset: bool = False

    def __post_init__(self) -> None:
        check_positive(f"{type(self).__name__}.dt", self.dt, "seconds")

    @property
    def step(self) -> float:
        """Length of a step in the file's unit of time."""
        return self.dt

    @abstractmethod
    def time_constant(self, tau: Values) -> Values:
        """Return, for time constants of the file, those in seconds of exponential decays as fast as the library's."""

    @abstractmethod
    def gain(self, steps: Values, r: Values) -> Values:
        """Return what an input of 1, held for a step, adds to the potential of a leaky neuron."""

    def trace_gain(self, steps: Values, r: Values) -> Values:
        """Return the same for a leaky integrator that does not fire."""
        return self.gain(steps, r)

    def leakless_gain(self, r: Values) -> Values:
        """Return the same for a neuron without leak."""
        # A quotient of two quotients is exactly 1 where the file says 1 / dt.
        return r / (1 / np.float64(self.step))

    def synaptic_gain(self, steps: Values, w_in: Values) -> Values:
        """Return what an input of 1 adds to a synaptic current."""
        return w_in / steps


@dataclass(frozen=True, kw_only=True)
class Exact(Convention):
    """Decays by ``exp(-dt / tau)``, inputs that are charges: how this package writes its own networks."""

    above: bool = False

    def time_constant(self, tau: Values) -> Values:
        """Return the time constants themselves."""
        return tau

    def gain(self, steps: Values, r: Values) -> Values:
        """Return ``r dt / tau``."""
        return r / steps


@dataclass(frozen=True, kw_only=True)
class Euler(Convention):
    """One step of the forward Euler method, ``v + dt / tau (v_leak - v + r x)``: NIR as it stands, and most libraries.

    Parameters
    ----------
    dt : float
        In seconds; the default is that of snnTorch and SpikingJelly.
    """

    dt: float = 1e-4

    def time_constant(self, tau: Values) -> Values:
        """Return ``-dt / log(1 - dt / tau)``; at a time constant of one step nothing is kept."""
        return _slower(tau, self)

    def gain(self, steps: Values, r: Values) -> Values:
        """Return ``r dt / tau``."""
        return r / steps


@dataclass(frozen=True, kw_only=True)
class Norse(Convention):
    """Norse 1.1: as Euler, with time constants written in units of ``dt`` seconds, and charges for IF and synapses."""

    dt: float = 1e-3

    @property
    def step(self) -> float:
        """Return ``dt ** 2``: the file says ``dt`` times the time constant."""
        return self.dt**2

    def time_constant(self, tau: Values) -> Values:
        """Return ``-dt / log(1 - dt / tau)``; at a time constant of one step nothing is kept."""
        return _slower(tau, self)

    def gain(self, steps: Values, r: Values) -> Values:
        """Return ``r dt / tau``."""
        return r / steps

    def leakless_gain(self, r: Values) -> Values:
        """Return ``r``."""
        return r

    def synaptic_gain(self, steps: Values, w_in: Values) -> Values:  # noqa: ARG002 - a charge is a charge
        """Return ``w_in``."""
        return w_in


@dataclass(frozen=True, kw_only=True)
class Sinabs(Convention):
    """Sinabs 3.1: exponential decay, time constants written in steps, inputs held over a step, reset by subtraction."""

    dt: float = 1e-3
    subtracts: bool = True
    above: bool = False

    @property
    def step(self) -> float:
        """Return 1."""
        return 1.0

    def time_constant(self, tau: Values) -> Values:
        """Return the time constants in seconds."""
        return tau * self.dt

    def gain(self, steps: Values, r: Values) -> Values:
        """Return ``r (1 - exp(-dt / tau))``."""
        return -r * np.expm1(-1 / steps)


@dataclass(frozen=True, kw_only=True)
class Rockpool(Convention):
    """Rockpool 3.1: exponential decay also of what just arrived at a synapse, reset by subtraction.

    The file does not name ``dt``, but ``r = tau / dt exp(-dt / tau)`` holds for no other.
    """

    dt: float = 1e-3
    subtracts: bool = True
    above: bool = False

    def time_constant(self, tau: Values) -> Values:
        """Return the time constants themselves."""
        return tau

    def gain(self, steps: Values, r: Values) -> Values:
        """Return 1, which ``r`` must say too."""
        gain = r / (steps * np.exp(-1 / steps))
        if not np.allclose(gain, 1, rtol=1e-3):
            raise ModelError(f"r is not tau / dt exp(-dt / tau) at dt = {self.dt:g}; give the dt it was written with")
        return np.ones_like(gain)

    def trace_gain(self, steps: Values, r: Values) -> Values:
        """Return ``exp(-dt / tau)``."""
        return self.gain(steps, r) * np.exp(-1 / steps)

    def synaptic_gain(self, steps: Values, w_in: Values) -> Values:
        """Return ``w_in exp(-dt / tau)``."""
        return w_in * np.exp(-1 / steps)


SNNTORCH = Euler(subtracts=True, late=True)
"""SnnTorch 1.0 with its default reset, which its files do not name; a network that resets to zero is plain Euler."""

SPIKINGJELLY = Euler(above=False, from_reset=True)
"""SpikingJelly 2.0; ``dt`` is that of its export."""

NORSE, SINABS, ROCKPOOL = Norse(), Sinabs(), Rockpool()


def _slower(tau: Values, convention: Convention) -> Values:
    """Return the time constants, in seconds, of exponential decays by ``1 - dt / tau`` a step."""
    steps = tau / convention.step
    if (steps < 1).any():
        shortest, step = float(tau.min()), convention.step
        raise ModelError(f"a time constant of {shortest:g} is shorter than a step of {step:g}; give a smaller dt")
    kept = 1 - 1 / steps
    # Of an exponential decay with a thousandth of a step as time constant nothing is left after a step.
    return np.where(kept > 0, -convention.dt / np.log(np.where(kept > 0, kept, 0.5)), convention.dt / 1000)
