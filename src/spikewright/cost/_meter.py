"""A network ready to be counted: what its shape says is worked out once, what came through it is told afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import TypeAlias

from torch import Tensor, nn

from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._form import Form, form_of
from spikewright.cost._neuron_operations import NeuronOperations, operations_of
from spikewright.cost._pathway import Pathway
from spikewright.cost._readout_cost import readout_cost
from spikewright.network import INPUT, Layer, Network, Signal, fan_out, gather, gather_signals, signals
from spikewright.neurons import NeuronModel

Shape: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = Mapping[str, Shape]


@dataclass(frozen=True, eq=False)
class _Wire:
    """A connection with the synapses that each source reaches.

    ``times`` is as in :class:`Pathway`; ``share`` is the part of what arrives in a run that it is computed for.
    """

    form: Form
    reached: Tensor
    spiking: bool
    recurrent: bool
    times: int
    share: float

    def cost(self, arriving: Tensor) -> LayerCost:
        """Count what comes through, given what arrived."""
        events = arriving if self.spiking else arriving * self.share
        effective = float((events * self.reached).sum())
        return LayerCost.of(
            Pathway(self.form, self.spiking, self.recurrent, self.times, float(events.sum()), effective)
        )


@dataclass(frozen=True, eq=False)
class LayerMeter:
    """What a layer costs whatever comes, and its connections.

    Parameters
    ----------
    still : LayerCost
        Of an inference without an event.
    sources : tuple of str
        Names of the layers before it.
    forward, back : _Wire or None
        Its connection and its recurrent one, if they have synapses that count.
    spiking : bool
        Whether what it sends is spikes of its own neurons.
    """

    still: LayerCost
    sources: tuple[str, ...]
    forward: _Wire | None
    back: _Wire | None
    spiking: bool

    def cost(self, arriving: Tensor, sent: Tensor) -> LayerCost:
        """Return the counts, given how many events each source and each of its own neurons sent, shape (neuron...)."""
        total = self.still
        if self.forward is not None:
            total += self.forward.cost(arriving)
        if self.back is not None:
            total += self.back.cost(sent)
        return total + LayerCost(spikes=float(sent.sum()) if self.spiking else 0.0)


class Meter:
    """Counts inferences of one network.

    Parameters
    ----------
    net : Network
        With its weights as they are.
    shapes : dict of tuple of int
        Shape of one sample of every layer's output, and of the raster as ``"input"``.
    steps : int
        Time steps of a run.
    """

    def __init__(self, net: Network, shapes: Shapes, *, steps: int) -> None:
        self._net, self._steps = net, steps
        given = signals(net)
        self._spiking = given[net.last].spiking
        self._layers = {
            name: self._meter(layer, sources, (shapes[sources[0]], shapes[name]), gather_signals(given, sources))
            for name, layer, sources in net.sources()
        }

    def cost(self, sent: Mapping[str, Tensor], sums: Mapping[str, Tensor], *, latency_steps: float) -> Cost:
        """Return what an inference cost.

        Parameters
        ----------
        sent : dict of Tensor, shape (neuron...)
            By layer, ``"input"`` included: how many events each neuron sent.
        sums : dict of Tensor, shape (neuron...)
            By the name of a layer that adds outputs, not all of them spikes: how many values were not 0.
        latency_steps : float
            As in :class:`Cost`.
        """
        layers = {
            name: meter.cost(sums[name] if name in sums else gather(dict(sent), meter.sources), sent[name])
            for name, meter in self._layers.items()
        }
        return Cost(
            layers=layers,
            readout=readout_cost(self._net.readout, sent[self._net.last], spiking=self._spiking),
            input_events=float(sent[INPUT].sum()) if self._net.encoder.spiking else 0.0,
            steps=self._steps,
            latency_steps=latency_steps,
        )

    def _meter(
        self, layer: Layer, sources: tuple[str, ...], shapes: tuple[Shape, Shape], received: Signal
    ) -> LayerMeter:
        """Return the meter of a layer, given the shapes of one sample before and after it."""
        neuron, (before, after) = layer.neuron, shapes
        still = LayerCost.kept(layer.state_dict().values())
        forward = back = None
        form = form_of(layer.connection, before)
        if form is not None and (neuron is not None or _has_weights(layer.connection)):
            times = 1 if received.constant and not received.spiking else self._steps
            forward = self._wire(layer.connection, form, before, received, times)
            still += self._constants(layer, forward)
        if neuron is not None:
            still += self._neurons(neuron, after, recurrent=layer.recurrent is not None)
            form = form_of(layer.recurrent, after)
            if layer.recurrent is not None and form is not None:
                own = Signal(neuron.spiking, constant=False)
                back = self._wire(layer.recurrent, form, after, own, self._steps, recurrent=True)
        return LayerMeter(still, sources, forward, back, spiking=neuron is not None and neuron.spiking)

    def _wire(
        self,
        connection: nn.Module | None,
        form: Form,
        shape: Shape,
        received: Signal,
        times: int,
        *,
        recurrent: bool = False,
    ) -> _Wire:
        # Analog values that are constant arrive in every step, and are multiplied once.
        return _Wire(form, fan_out(connection, shape), received.spiking, recurrent, times, times / self._steps)

    def _constants(self, layer: Layer, wire: _Wire) -> LayerCost:
        """Count what is added in every step whatever comes, and the analog values that are written."""
        neuron, targets = layer.neuron, wire.form.targets
        kept = neuron is not None and wire.times < self._steps
        added = targets * (wire.times if neuron is None else self._steps) if wire.form.biases or kept else 0
        hidden = wire.spiking or (neuron is not None and neuron.spiking and not kept)
        return LayerCost(bias_additions=float(added), values=float(0 if hidden else targets * wire.times))

    def _neurons(self, neuron: NeuronModel, shape: Shape, *, recurrent: bool) -> LayerCost:
        charges = self._net.like.new_zeros(1, *shape)
        x = neuron.receive(charges, charges if recurrent else None)
        state: tuple[Tensor, ...] = tuple(neuron.start(x))
        if not state:
            return LayerCost()
        updates = float(prod(shape) * self._steps)
        each = operations_of(neuron, x, dt=self._net.dt) or NeuronOperations(2 * len(state), len(state))
        return LayerCost(
            neuron_updates=updates,
            state_bytes=sum(tensor.nbytes for tensor in state),
            update_additions=updates * each.additions,
            update_multiplications=updates * each.multiplications,
            state_updates=updates * len(state),
            states=sum(tensor.numel() for tensor in state),
        )


def _has_weights(connection: nn.Module | None) -> bool:
    return connection is not None and any(True for _ in chain(connection.parameters(), connection.buffers()))
