"""A layer: a connection, then neurons, with an optional recurrent connection."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, Sequence
from spikewright.network._connections import AllButSelf, Temporal, over_time
from spikewright.network._owned import Owned
from spikewright.neurons import NeuronModel, lateral_scan, plan_lateral_scan, plan_recurrent_scan, recurrent_scan


class Layer(nn.Module):
    """A connection followed by neurons, either of them optional.

    Parameters
    ----------
    connection : nn.Module, optional
        Any of torch's ``Linear``, ``Conv2d``, ``AvgPool2d``, ``MaxPool2d``, ``Flatten``, or one of
        :mod:`spikewright.network`. A bias is a charge that arrives in every step. ``None`` passes its input on.
    neuron : NeuronModel, optional
        ``None`` passes the charges on to the next layer.
    recurrent : nn.Module, optional
        From the layer's spikes back to itself, one step later; not :class:`Temporal`.
    name : str
        Name for :attr:`Network.layers` and in reports; numbered by the network if empty.
    inputs : tuple of str
        Names of the layers whose outputs are summed as this layer's input (``"input"`` is the encoder's raster); empty
        for the layer before.

    Raises
    ------
    ModelError
        If ``recurrent`` is given without neurons, or looks back in time.
    """

    def __init__(
        self,
        connection: nn.Module | None = None,
        neuron: NeuronModel | None = None,
        *,
        recurrent: nn.Module | None = None,
        name: str = "",
        inputs: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        if recurrent is not None and neuron is None:
            raise ModelError("Layer.recurrent: needs neurons whose spikes it feeds back; got neuron=None.")
        if isinstance(recurrent, Temporal):
            raise ModelError(
                f"Layer.recurrent: must act on one step at a time; got {type(recurrent).__name__}, "
                "which looks back further."
            )
        self.connection = connection
        self.recurrent = recurrent
        self.name = name
        self.inputs = inputs
        self._neuron = None if neuron is None else Owned(neuron)

    @property
    def neuron(self) -> NeuronModel | None:
        """The neuron model with its tensors as they are now."""
        return None if self._neuron is None else self._neuron.value

    def forward(self, x: Sequence, *, dt: float) -> Sequence:
        """Run a whole sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, neuron...)
            Output of the layers before.
        dt : float
            Length of a step in seconds.

        Returns
        -------
        Tensor, shape (time, batch, neuron...)
        """
        if self.recurrent is None:
            return self.respond(self.charge(x), dt=dt)[0]
        assert self.neuron is not None  # the constructor asks for it
        return _feed_back(self.recurrent, self.neuron, self.charge(x), dt=dt)

    def charge(self, x: Sequence) -> Sequence:
        """Return what the connection makes of ``x``, both of shape (time, batch, neuron...)."""
        return x if self.connection is None else over_time(self.connection, x)

    # The state is Any because each neuron model has a NamedTuple of its own.
    def respond(self, charges: Sequence, state: Any = None, *, dt: float) -> tuple[Sequence, Any]:
        """Run the neurons on what the connection gave; the recurrent connection has no part in it.

        Parameters
        ----------
        charges : Tensor, shape (time, batch, neuron...)
            From :meth:`charge`.
        state : optional
            State of the neurons to go on from; ``None`` is their start state.
        dt : float
            Length of a step in seconds.

        Returns
        -------
        output : Tensor, shape (time, batch, neuron...)
        state
            State after the last step; ``None`` without neurons.
        """
        neuron = self.neuron
        return (charges, None) if neuron is None else neuron.scan(neuron.receive(charges, None), state, dt=dt)


@singledispatch
def _feed_back(recurrent: nn.Module, neuron: NeuronModel, charges: Tensor, *, dt: float) -> Tensor:
    """Run step by step, because each step needs the spikes of the one before."""
    fired = torch.zeros_like(charges[0])
    state = None
    spikes = []
    for charge in charges:
        x = neuron.receive(charge, over_time(recurrent, fired.unsqueeze(0))[0])
        fired, state = neuron.step(x, neuron.start(x) if state is None else state, dt=dt)
        spikes.append(fired)
    return torch.stack(spikes)


_step_by_step = _feed_back.dispatch(nn.Module)


@_feed_back.register
def _(recurrent: AllButSelf, neuron: NeuronModel, charges: Tensor, *, dt: float) -> Tensor:
    traced = plan_lateral_scan(neuron, charges, recurrent.weight, dt=dt)
    if isinstance(traced, str):
        return _step_by_step(recurrent, neuron, charges, dt=dt)
    return lateral_scan(neuron, traced, charges, recurrent.weight)


@_feed_back.register
def _(recurrent: nn.Linear, neuron: NeuronModel, charges: Tensor, *, dt: float) -> Tensor:
    traced = plan_recurrent_scan(neuron, charges, recurrent, dt=dt)
    if isinstance(traced, str):
        return _step_by_step(recurrent, neuron, charges, dt=dt)
    return recurrent_scan(neuron, traced, charges, recurrent)
