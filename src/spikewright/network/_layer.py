"""A layer: a connection, then neurons, with an optional recurrent connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, singledispatch
from typing import Any, NamedTuple

import torch
from torch import nn

from spikewright.checks import ModelError, Sequence
from spikewright.network._connections import AllButSelf, Temporal, over_time
from spikewright.network._owned import Owned
from spikewright.neurons import (
    NeuronModel,
    Traced,
    lateral_scan,
    plan_lateral_scan,
    plan_recurrent_scan,
    plan_scan,
    recurrent_scan,
)


class Way(NamedTuple):
    """How a layer's neurons run through a sequence.

    Parameters
    ----------
    plan : Traced or str
        The program that they run through, or why they run step by step.
    run : callable
        Runs them from their start state and returns their output, shape (time, batch, neuron...).
    """

    plan: Traced | str
    run: Callable[[], Sequence]


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
        return self.fire(self.charge(x), dt=dt)

    def way(self, charges: Sequence, *, dt: float) -> Way:
        """Return how the neurons, their recurrent connection included, run through what :meth:`charge` gave."""
        neuron = self.neuron
        assert neuron is not None  # without neurons nothing runs; with feedback the constructor asks for them
        if self.recurrent is not None:
            return _way(self.recurrent, neuron, charges, dt=dt)
        x = neuron.receive(charges, None)
        return Way(plan_scan(neuron, x, neuron.start(x[0]), dt=dt), lambda: neuron.scan(x, dt=dt)[0])

    def charge(self, x: Sequence) -> Sequence:
        """Return what the connection makes of ``x``, both of shape (time, batch, neuron...)."""
        return x if self.connection is None else over_time(self.connection, x)

    def fire(self, charges: Sequence, *, dt: float) -> Sequence:
        """Return what the neurons, their recurrent connection included, make of what :meth:`charge` gave."""
        return self.respond(charges, dt=dt)[0] if self.recurrent is None else self.way(charges, dt=dt).run()

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
def _way(recurrent: nn.Module, neuron: NeuronModel, charges: Sequence, *, dt: float) -> Way:
    """Return the way for a kind of feedback; by default each step waits for the spikes of the one before."""
    plan = f"{type(recurrent).__name__} has no kernel as feedback"
    return Way(plan, partial(_step_by_step, recurrent, neuron, charges, dt=dt))


@_way.register
def _(recurrent: AllButSelf, neuron: NeuronModel, charges: Sequence, *, dt: float) -> Way:
    plan = plan_lateral_scan(neuron, charges, recurrent.weight, dt=dt)
    if isinstance(plan, str):
        return Way(plan, partial(_step_by_step, recurrent, neuron, charges, dt=dt))
    return Way(plan, partial(lateral_scan, neuron, plan, charges, recurrent.weight))


@_way.register
def _(recurrent: nn.Linear, neuron: NeuronModel, charges: Sequence, *, dt: float) -> Way:
    plan = plan_recurrent_scan(neuron, charges, recurrent, dt=dt)
    if isinstance(plan, str):
        return Way(plan, partial(_step_by_step, recurrent, neuron, charges, dt=dt))
    return Way(plan, partial(recurrent_scan, neuron, plan, charges, recurrent))


def _step_by_step(recurrent: nn.Module, neuron: NeuronModel, charges: Sequence, *, dt: float) -> Sequence:
    fired = torch.zeros_like(charges[0])
    state = None
    spikes = []
    for charge in charges:
        x = neuron.receive(charge, over_time(recurrent, fired.unsqueeze(0))[0])
        fired, state = neuron.step(x, neuron.start(x) if state is None else state, dt=dt)
        spikes.append(fired)
    return torch.stack(spikes)
