"""A layer: a connection, then neurons, with an optional recurrent connection."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, Sequence
from spikewright.network._connections import Temporal, over_time
from spikewright.network._owned import Owned
from spikewright.neurons import NeuronModel


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
        charges = x if self.connection is None else over_time(self.connection, x)
        neuron = self.neuron
        if neuron is None:
            return charges
        if self.recurrent is None:
            return neuron.scan(neuron.receive(charges, None), dt=dt)[0]
        return _feed_back(neuron, self.recurrent, charges, dt=dt)


def _feed_back(neuron: NeuronModel, recurrent: nn.Module, charges: Tensor, *, dt: float) -> Tensor:
    """Run step by step, because each step needs the spikes of the one before."""
    fired = torch.zeros_like(charges[0])
    state = None
    spikes = []
    for charge in charges:
        x = neuron.receive(charge, over_time(recurrent, fired.unsqueeze(0))[0])
        fired, state = neuron.step(x, neuron.start(x) if state is None else state, dt=dt)
        spikes.append(fired)
    return torch.stack(spikes)
