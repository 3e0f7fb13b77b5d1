"""Neuron nodes of NIR as the neurons of this package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TypeAlias

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import ModelError
from spikewright.exchange._convention import Convention, Values
from spikewright.network import Scale
from spikewright.neurons import CUBA, IF, LIF, Integrator, NeuronModel, PromptCUBA

Stages: TypeAlias = tuple[NeuronModel | Scale, ...]
"""What a node becomes: neurons, and what multiplies between them."""

ROUNDING = 1e-6
"""By how much a gain may differ from 1 because the file holds numbers in float32."""


@dataclass(frozen=True)
class Place:
    """Where a node stands.

    Parameters
    ----------
    shape : tuple of int
        Of one sample of what arrives there.
    convention : Convention
        How the library that wrote the file steps the node.
    dtype : torch.dtype
        Of the network.
    """

    shape: tuple[int, ...]
    convention: Convention
    dtype: torch.dtype


@singledispatch
def neurons_of(node: nir.NIRNode, place: Place) -> Stages:  # noqa: ARG001 - the rule for any other node
    """Return the neurons that step as a node does.

    Raises
    ------
    ModelError
        If the node has values for which there are none.
    """
    raise ModelError(f"{type(node).__name__} is no neuron")


@neurons_of.register
def _(node: nir.IF, place: Place) -> Stages:
    reader = _Reader(node, place)
    gain = reader.gain(place.convention.leakless_gain(reader("r")))
    threshold = reader("v_threshold") / gain
    v_threshold, _, v_reset = reader.firing(threshold, np.zeros(()), np.ones(()), gain)
    at_start = v_reset if place.convention.from_reset and v_reset is not None else 0.0
    return (IF(v_threshold, v_reset, reader.noted("v_start", at_start)),)


@neurons_of.register
def _(node: nir.LIF, place: Place) -> Stages:
    reader = _Reader(node, place)
    tau, steps = reader.time_constant("tau")
    gain = reader.gain(place.convention.gain(steps, reader("r")))
    kept = np.exp(-place.convention.dt / tau)
    threshold, rest = reader("v_threshold") / gain, reader("v_leak") / gain
    v_threshold, v_leak, v_reset = reader.firing(threshold, rest, kept, gain)
    return (LIF(reader.value("tau", tau), v_threshold, v_leak, v_reset),)


@neurons_of.register
def _(node: nir.CubaLIF, place: Place) -> Stages:
    reader = _Reader(node, place)
    tau_mem, steps_mem = reader.time_constant("tau_mem")
    tau_syn, steps_syn = reader.time_constant("tau_syn")
    charge = place.convention.synaptic_gain(steps_syn, reader("w_in"))
    taus = reader.value("tau_mem", tau_mem), reader.value("tau_syn", tau_syn)
    if node.metadata.get("current") == NEXT_STEP:
        gain = reader.gain(charge * reader("r"))
        v_threshold, v_leak, v_reset = reader.firing(
            reader("v_threshold") / gain, reader("v_leak") / gain, np.ones(()), gain
        )
        return (CUBA(*taus, v_threshold, v_leak, v_reset),)
    factor = charge * place.convention.gain(steps_mem, reader("r"))
    kept = np.exp(-place.convention.dt / tau_mem)
    v_threshold, v_leak, v_reset = reader.firing(reader("v_threshold"), reader("v_leak"), kept, np.ones(()))
    effect = reader.noted("gain", reader.value("gain", factor))
    return (PromptCUBA(*taus, effect, v_threshold, v_leak, v_reset),)


@neurons_of.register
def _(node: nir.LI, place: Place) -> Stages:
    reader = _Reader(node, place)
    reader.at_rest()
    tau, steps = reader.time_constant("tau")
    return Integrator(reader.value("tau", tau)), *reader.scale(place.convention.trace_gain(steps, reader("r")))


@neurons_of.register
def _(node: nir.CubaLI, place: Place) -> Stages:
    reader = _Reader(node, place)
    reader.at_rest()
    tau_syn, steps_syn = reader.time_constant("tau_syn")
    tau_mem, steps_mem = reader.time_constant("tau_mem")
    charge = place.convention.synaptic_gain(steps_syn, reader("w_in"))
    gain = charge * place.convention.gain(steps_mem, reader("r"))
    current, membrane = Integrator(reader.value("tau_syn", tau_syn)), Integrator(reader.value("tau_mem", tau_mem))
    return current, *reader.scale(gain), membrane


@neurons_of.register
def _(node: nir.I, place: Place) -> Stages:
    reader = _Reader(node, place)
    return Integrator(), *reader.scale(place.convention.leakless_gain(reader("r")))


@neurons_of.register
def _(node: nir.Threshold, place: Place) -> Stages:
    reader = _Reader(node, place)
    v_threshold = reader.value("threshold", reader.reached(reader("threshold")))
    # A membrane of which nothing is kept: exp(-1000) is 0.
    return (LIF(place.convention.dt / 1000, v_threshold, v_reset=0.0),)


NEXT_STEP = "acts in the next step"


class _Reader:
    """Reads the parameters of one node."""

    def __init__(self, node: nir.NIRNode, place: Place) -> None:
        self.node = node
        self.place = place
        # Which parameters were tensors of the network that this package wrote.
        self.tensors = str(node.metadata.get("tensors", "")).split()

    def __call__(self, name: str) -> Values:
        """Return a parameter in float64, without axes or of the shape of a sample."""
        given: NDArray[np.generic] = np.asarray(getattr(self.node, name))
        if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
            raise ModelError(f"{name} must be finite numbers")
        values = given.astype(np.float64)
        if values.size == 1:
            return values.reshape(())
        if values.shape != self.place.shape:
            raise ModelError(f"{name} has shape {values.shape}, its input {self.place.shape}")
        return values

    def time_constant(self, name: str) -> tuple[Values, Values]:
        """Return a time constant in seconds, and as written in steps."""
        tau = self(name)
        if not (tau > 0).all():
            raise ModelError(f"{name} must be > 0; got {float(tau.min()):g}")
        return self.place.convention.time_constant(tau), tau / self.place.convention.step

    def gain(self, gain: Values) -> Values:
        """Return what an input of 1 does to the potential, which then is counted in units of it."""
        if not (gain > 0).all():
            raise ModelError(f"r must be > 0; it makes an input of 1 add {float(gain.min()):g} to the potential")
        return np.where(np.abs(gain - 1) < ROUNDING, 1.0, gain)

    def scale(self, gain: Values) -> tuple[Scale, ...]:
        """Return what multiplies by a gain, nothing where that is 1."""
        if (np.abs(gain - 1) < ROUNDING).all():
            return ()
        factor = torch.as_tensor(np.broadcast_to(gain, self.place.shape).copy(), dtype=self.place.dtype)
        return (Scale(factor),)

    def at_rest(self) -> None:
        """Refuse an integrator that does not rest at 0."""
        if self("v_leak").any():
            raise ModelError("v_leak must be 0 where nothing fires; add the value to what reads the output")

    def firing(
        self, threshold: Values, rest: Values, kept: Values, gain: Values
    ) -> tuple[float | Tensor, float | Tensor, float | Tensor | None]:
        """Return threshold, resting value and reset, the potential being in units of ``gain``."""
        reset = self.node.metadata.get("reset")
        subtracts = reset == "subtract" if reset in ("subtract", "value") else self.place.convention.subtracts
        if subtracts and self.place.convention.late:
            # What is taken off after the decay of the next step is more by 1 / kept before it. A potential counted from
            # another zero has that as its threshold.
            if not (kept > 0).all():
                raise ModelError("a late reset needs a time constant longer than a step")
            rest, threshold = rest + threshold / kept - threshold, threshold / kept
        reached = self.reached(threshold)
        v_reset = None if subtracts else self.value("v_reset", self("v_reset") / gain)
        return self.value("v_threshold", reached), self.value("v_leak", rest), v_reset

    def reached(self, threshold: Values) -> Values:
        """Return the threshold that is reached where the one of the file is exceeded."""
        if not self.place.convention.above:
            return threshold
        real = np.float64 if self.place.dtype == torch.float64 else np.float32
        exceeded: Values = np.nextafter(threshold.astype(real), real(np.inf)).astype(np.float64)
        return exceeded

    def noted(self, name: str, default: float | Tensor) -> float | Tensor:
        """Return a parameter that NIR does not have, from the metadata."""
        if name not in self.node.metadata:
            return default
        value: NDArray[np.generic] = np.asarray(self.node.metadata[name])
        if value.dtype.kind not in "biuf" or value.shape not in ((), self.place.shape):
            raise ModelError(f"{name} must be numbers of shape {self.place.shape}; got {value.dtype} of {value.shape}")
        return torch.from_numpy(value.copy()) if value.ndim else float(value)

    def value(self, name: str, values: Values) -> float | Tensor:
        """Return a number where all neurons have the same, else a tensor."""
        if name in self.tensors:
            return torch.as_tensor(np.broadcast_to(values, self.place.shape).astype(getattr(self.node, name).dtype))
        if values.size and (values == values.flat[0]).all():
            return float(values.flat[0])
        return torch.as_tensor(values.copy(), dtype=self.place.dtype)
