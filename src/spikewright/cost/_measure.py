"""Count what a run costs, from the spikes that occurred."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import singledispatch
from itertools import chain

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.coding import LinearReadout, Readout
from spikewright.cost._cost import Cost, LayerCost
from spikewright.engines import Activity
from spikewright.network import INPUT, Layer, Network, Signal, fan_out, gather, gather_signals, signals
from spikewright.neurons import NeuronModel


def measure(net: Network, activity: Activity) -> Cost:
    """Count what an inference costs, spiking or not by the same rules.

    A layer that receives spikes does one synaptic operation for each spike and each synapse that it reaches: the true
    fan-out, at the borders too. A layer that receives analog values does one multiply-accumulate for each synapse, once
    if the values are constant over time, else in every step. Recurrent and lateral connections count in the same way.

    - A spike counts where it is sent. So spikes of the last step count through a recurrent connection, and those still
      under way in a :class:`~spikewright.network.DelayedLinear` when the run ends count too.
    - A pool that hands on what it pools is not counted, nor is a maximum pool, a normalisation or a reshaping, as in
      NeuroBench. An average or sum pool whose charges go to neurons of its own layer is counted: its windows are
      synapses of one fixed weight, and that is how a chip runs them.
    - A spike does nothing at a dense connection's weights of exactly 0; a product with analog values multiplies them.
    - Sums of spikes (a sum pool, a residual sum) count as so many spikes; the output of an average pool is analog.
    - Biases are not counted.

    Parameters
    ----------
    net : Network
        The network that was run.
    activity : Activity
        What happened.

    Returns
    -------
    Cost
        Means over the samples of the run.

    Raises
    ------
    ModelError
        If the activity is not that of this network, or a connection has no rule in ``fan_out``.

    References
    ----------
    Yik et al., NeuroBench: a framework for benchmarking neuromorphic computing algorithms and systems, Nature
    Communications 16, 2025.
    """
    if set(activity.layers) != {INPUT, *net.layers}:
        raise ModelError(
            f"measure: the activity must be of this network, with layers {', '.join(net.layers)}; "
            f"got {', '.join(activity.layers)}. Run the network again."
        )
    given = signals(net)
    layers = {}
    for name, layer, sources in net.sources():
        signal = gather_signals(given, sources)
        arriving = gather({source: _sent(activity, source) for source in sources}, sources)
        layers[name] = _feedforward(layer, arriving, signal, activity.steps) + _neurons(net, layer, name, activity)
    return Cost(
        layers=layers,
        readout=readout_cost(net.readout, _sent(activity, net.last), spiking=given[net.last].spiking),
        input_events=float(_sent(activity, INPUT).sum()) if net.encoder.spiking else 0.0,
        steps=activity.steps,
        latency_steps=float(activity.latencies.double().mean()),
    )


@singledispatch
def readout_cost(readout: Readout, sent: Tensor, *, spiking: bool) -> LayerCost:  # noqa: ARG001
    """Return what a readout adds, given what the last layer sent; readouts that count and compare are not counted."""
    return LayerCost()


@readout_cost.register
def _(readout: LinearReadout, sent: Tensor, *, spiking: bool) -> LayerCost:
    reached = torch.full(sent.shape, len(readout.weight))
    memory = _memory((readout.weight, readout.bias))
    return _deliveries(sent, reached, spiking=spiking, times=1) + memory


def _feedforward(layer: Layer, arriving: Tensor, signal: Signal, steps: int) -> LayerCost:
    if layer.neuron is None and not _has_weights(layer.connection):
        return LayerCost()
    connection = layer.connection if signal.spiking else _dense(layer.connection)
    reached = fan_out(connection, tuple(arriving.shape))
    return _deliveries(arriving, reached, spiking=signal.spiking, times=1 if signal.constant else steps)


def _neurons(net: Network, layer: Layer, name: str, activity: Activity) -> LayerCost:
    """Count what a layer's neurons do, what they send back to themselves, and what the layer keeps."""
    memory = _memory(layer.state_dict().values())
    neuron = layer.neuron
    if neuron is None:
        return memory
    sent = _sent(activity, name)
    state = _start(neuron, net.like.new_zeros(1, *sent.shape), recurrent=layer.recurrent is not None)
    counts = LayerCost(
        neuron_updates=float(sent.numel() * activity.steps) if state else 0.0,
        spikes=float(sent.sum()) if neuron.spiking else 0.0,
        state_bytes=sum(tensor.nbytes for tensor in state),
    )
    if layer.recurrent is None:
        return counts + memory
    reached = fan_out(layer.recurrent if neuron.spiking else _dense(layer.recurrent), tuple(sent.shape))
    return counts + memory + _deliveries(sent, reached, spiking=neuron.spiking, times=activity.steps)


def _deliveries(sent: Tensor, reached: Tensor, *, spiking: bool, times: int) -> LayerCost:
    if spiking:
        return LayerCost(synaptic_operations=float((sent * reached).sum()))
    return LayerCost(multiply_accumulates=float(reached.sum() * times))


def _dense(connection: nn.Module | None) -> nn.Module | None:
    """Return the connection as a product with analog values sees it, which multiplies by weights of 0 too."""
    full = deepcopy(connection)
    for weight in () if full is None else full.parameters():
        nn.init.ones_(weight)
    return full


def _start(neuron: NeuronModel, charges: Tensor, *, recurrent: bool) -> tuple[Tensor, ...]:
    """Return the tensors of the neurons' state, for charges of shape (1, neuron...)."""
    return tuple(neuron.start(neuron.receive(charges, charges if recurrent else None)))


def _has_weights(connection: nn.Module | None) -> bool:
    return connection is not None and any(True for _ in chain(connection.parameters(), connection.buffers()))


def _memory(tensors: Iterable[Tensor]) -> LayerCost:
    kept = list(tensors)
    return LayerCost(parameters=sum(t.numel() for t in kept), weight_bytes=sum(t.nbytes for t in kept))


def _sent(activity: Activity, name: str) -> Tensor:
    """Return what each neuron of a layer sent in an inference, the mean over samples, shape (neuron...)."""
    return activity.layers[name].per_neuron / activity.samples
