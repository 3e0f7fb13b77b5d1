"""Connections and neurons of this package as nodes of NIR."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import nir
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.exchange._nir_neurons import NEXT_STEP
from spikewright.network import Delay, Scale, SumPool2d
from spikewright.neurons import CUBA, IF, LIF, Integrator, NeuronModel, PromptCUBA


@dataclass(frozen=True)
class Spot:
    """Where something stands that becomes a node.

    Parameters
    ----------
    layer : str
        Name of the layer, for messages.
    shape : tuple of int
        Of one sample of what arrives there.
    dt : float
        Length of a step in seconds.
    """

    layer: str
    shape: tuple[int, ...]
    dt: float

    def refusal(self, reason: str) -> ModelError:
        """Return the error that says why NIR cannot have it."""
        return ModelError(f"export_nir: layer {self.layer!r}: {reason}.")


@singledispatch
def node_of_neuron(neuron: NeuronModel, spot: Spot) -> nir.NIRNode:
    """Return the node of a population.

    Raises
    ------
    ModelError
        If NIR has none for this model.
    """
    raise spot.refusal(
        f"NIR has no node for {type(neuron).__name__}; it has LIF, IF, CUBA, PromptCUBA and Integrator neurons"
    )


@node_of_neuron.register
def _(neuron: LIF, spot: Spot) -> nir.NIRNode:
    values = _Values(spot, tau=neuron.tau_mem, v_leak=neuron.v_leak, v_threshold=neuron.v_threshold)
    return nir.LIF(
        r=values.over_dt("tau"), **values.arrays(), v_reset=values.reset(neuron.v_reset), metadata=values.metadata
    )


@node_of_neuron.register
def _(neuron: IF, spot: Spot) -> nir.NIRNode:
    values = _Values(spot, v_threshold=neuron.v_threshold)
    values.metadata["v_start"] = _plain(neuron.v_start)
    return nir.IF(
        r=np.full(spot.shape, 1 / np.float64(spot.dt)),
        **values.arrays(),
        v_reset=values.reset(neuron.v_reset),
        metadata=values.metadata,
    )


@node_of_neuron.register
def _(neuron: CUBA, spot: Spot) -> nir.NIRNode:
    values = _cuba(neuron, spot)
    values.metadata["current"] = NEXT_STEP
    return nir.CubaLIF(
        r=np.ones(spot.shape),
        w_in=values.over_dt("tau_syn"),
        **values.arrays(),
        v_reset=values.reset(neuron.v_reset),
        metadata=values.metadata,
    )


@node_of_neuron.register
def _(neuron: PromptCUBA, spot: Spot) -> nir.NIRNode:
    values = _cuba(neuron, spot)
    values.metadata["current"] = "acts in the same step"
    values.metadata["gain"] = _plain(neuron.gain)
    return nir.CubaLIF(
        r=values.over_dt("tau_mem") * np.broadcast_to(_array(neuron.gain), spot.shape),
        w_in=values.over_dt("tau_syn"),
        **values.arrays(),
        v_reset=values.reset(neuron.v_reset),
        metadata=values.metadata,
    )


@node_of_neuron.register
def _(neuron: Integrator, spot: Spot) -> nir.NIRNode:
    if neuron.tau_mem is None:
        return nir.I(r=np.full(spot.shape, 1 / np.float64(spot.dt)))
    values = _Values(spot, tau=neuron.tau_mem)
    return nir.LI(r=values.over_dt("tau"), v_leak=np.zeros(spot.shape), **values.arrays(), metadata=values.metadata)


@singledispatch
def node_of_connection(connection: nn.Module, spot: Spot) -> nir.NIRNode:
    """Return the node of a connection.

    Raises
    ------
    ModelError
        If NIR has none for this type or these arguments of it.
    """
    raise spot.refusal(f"NIR has no node for {type(connection).__name__}")


@node_of_connection.register
def _(connection: nn.Linear, spot: Spot) -> nir.NIRNode:
    if len(spot.shape) != 1:
        raise spot.refusal(f"a Linear node of NIR takes values in a row; this one receives samples of {spot.shape}")
    weight = _array(connection.weight)
    return nir.Linear(weight) if connection.bias is None else nir.Affine(weight, _array(connection.bias))


@node_of_connection.register
def _(connection: nn.Conv1d, spot: Spot) -> nir.NIRNode:
    _check_padding_mode(connection, spot)
    padding = connection.padding if isinstance(connection.padding, str) else int(connection.padding[0])
    return nir.Conv1d(
        input_shape=spot.shape[1],
        weight=_array(connection.weight),
        stride=int(connection.stride[0]),
        padding=padding,
        dilation=int(connection.dilation[0]),
        groups=connection.groups,
        bias=_bias(connection),
    )


@node_of_connection.register
def _(connection: nn.Conv2d, spot: Spot) -> nir.NIRNode:
    _check_padding_mode(connection, spot)
    return nir.Conv2d(
        input_shape=spot.shape[1:],
        weight=_array(connection.weight),
        stride=connection.stride,
        padding=connection.padding,
        dilation=connection.dilation,
        groups=connection.groups,
        bias=_bias(connection),
    )


@node_of_connection.register
def _(connection: nn.AvgPool2d, spot: Spot) -> nir.NIRNode:
    if connection.ceil_mode:
        raise spot.refusal("NIR has no pool with ceil_mode")
    padding = _pair(connection.padding)
    window = _pair(connection.kernel_size), _pair(connection.stride), padding
    if connection.divisor_override == 1:
        return nir.SumPool2d(*window)
    if connection.divisor_override is not None or (padding.any() and not connection.count_include_pad):
        raise spot.refusal("NIR averages over the whole window; this AvgPool2d divides by something else")
    return nir.AvgPool2d(*window)


@node_of_connection.register
def _(connection: SumPool2d, spot: Spot) -> nir.NIRNode:  # noqa: ARG001
    size = _pair(connection.kernel_size)
    return nir.SumPool2d(size, size, np.zeros(2, dtype=np.int64))


@node_of_connection.register
def _(connection: nn.Flatten, spot: Spot) -> nir.NIRNode:
    # NIR does not count the axis of the samples.
    axes = len(spot.shape) + 1
    first, last = (axis % axes - 1 for axis in (connection.start_dim, connection.end_dim))
    return nir.Flatten(np.array(spot.shape), start_dim=first, end_dim=last)


@node_of_connection.register
def _(connection: Delay, spot: Spot) -> nir.NIRNode:
    return nir.Delay(np.broadcast_to(connection.steps.cpu().numpy(), spot.shape) * np.float64(spot.dt))


@node_of_connection.register
def _(connection: Scale, spot: Spot) -> nir.NIRNode:  # noqa: ARG001
    return nir.Scale(_array(connection.factor))


class _Values:
    """Parameters of a population as arrays with a value a neuron, and which of them were tensors."""

    def __init__(self, spot: Spot, **parameters: float | Tensor) -> None:
        self._spot = spot
        self._parameters = parameters
        kept = [name for name, value in parameters.items() if isinstance(value, Tensor)]
        self.metadata: dict[str, object] = {"tensors": " ".join(kept)} if kept else {}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all parameters by name."""
        return {name: self._full(value) for name, value in self._parameters.items()}

    def over_dt(self, name: str) -> NDArray[np.float64]:
        """Return a time constant in steps."""
        return self._full(self._parameters[name]).astype(np.float64) / self._spot.dt

    def reset(self, v_reset: float | Tensor | None) -> NDArray[np.generic]:
        """Return the value after a spike, 0 where the threshold is subtracted, which the metadata say."""
        self.metadata["reset"] = "subtract" if v_reset is None else "value"
        if isinstance(v_reset, Tensor):
            self.metadata["tensors"] = f"{self.metadata.get('tensors', '')} v_reset".strip()
        return self._full(0.0 if v_reset is None else v_reset)

    def _full(self, value: float | Tensor) -> NDArray[np.generic]:
        return np.broadcast_to(_array(value), self._spot.shape).copy()


def _cuba(neuron: CUBA | PromptCUBA, spot: Spot) -> _Values:
    return _Values(
        spot,
        tau_mem=neuron.tau_mem,
        tau_syn=neuron.tau_syn,
        v_leak=neuron.v_leak,
        v_threshold=neuron.v_threshold,
    )


def _check_padding_mode(connection: nn.Conv1d | nn.Conv2d, spot: Spot) -> None:
    if connection.padding_mode != "zeros":
        raise spot.refusal(f"NIR pads with zeros; got padding_mode={connection.padding_mode!r}")


def _bias(connection: nn.Conv1d | nn.Conv2d) -> NDArray[np.generic]:
    weight = _array(connection.weight)
    return np.zeros(len(weight), dtype=weight.dtype) if connection.bias is None else _array(connection.bias)


def _pair(size: int | tuple[int, ...]) -> NDArray[np.int64]:
    return np.broadcast_to(np.asarray(size, dtype=np.int64), 2).copy()


def _plain(value: float | Tensor) -> float | NDArray[np.generic]:
    return _array(value) if isinstance(value, Tensor) else float(value)


def _array(value: float | Tensor) -> NDArray[np.generic]:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value, dtype=np.float64)
