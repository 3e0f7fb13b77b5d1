"""Count what a run costs, from the spikes that occurred."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from itertools import chain

from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.coding import LinearReadout, Readout
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._form import Form, form_of
from spikewright.cost._neuron_operations import NeuronOperations, operations_of
from spikewright.cost._pathway import Pathway
from spikewright.engines import Activity
from spikewright.network import INPUT, Layer, Network, Signal, fan_out, gather, gather_signals, signals
from spikewright.neurons import NeuronModel


def measure(net: Network, activity: Activity) -> Cost:
    """Count what an inference costs, spiking or not by the same rules.

    A layer that receives spikes does one synaptic operation for each spike and each synapse that it reaches: the true
    fan-out, at the borders too. A layer that receives analog values does one multiply-accumulate for each synapse, once
    if the values are constant over time, else in every step. Recurrent and lateral connections count in the same way.

    - Effective operations are those in which neither what arrives nor the weight is 0; dense ones are all, as a machine
      does them that does not look. For both kinds of layer both are counted, see :class:`LayerCost`.
    - A spike counts where it is sent. So spikes of the last step count through a recurrent connection, and those still
      under way in a :class:`~spikewright.network.DelayedLinear` when the run ends count too.
    - A pool that hands on what it pools is not counted, nor is a maximum pool, a normalisation or a reshaping, as in
      NeuroBench. An average or sum pool whose charges go to neurons of its own layer is counted: its windows are
      synapses of one fixed weight, and that is how a chip runs them.
    - Sums of spikes (a sum pool, a residual sum) count as so many spikes; the output of an average pool is analog.
    - Biases are no synaptic operations; their additions, and those of a constant charge, are counted apart.
    - The inside of a neuron is counted from its equation, see :func:`operations_of`; a step that cannot be traced
      counts one multiplication and two additions for each number of its state.

    Means over samples do not depend on how these were cut into batches.

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
        If the activity is not that of this network, or a connection has no rule in ``fan_out`` and ``form_of``.

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
        received = gather_signals(given, sources)
        arriving = _arriving(activity, name, sources)
        layers[name] = _layer(net, layer, arriving, _sent(activity, name), received, steps=activity.steps)
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
    classes, sources = readout.weight.shape
    weights = readout.weight.numel()
    form = Form("dense", sources, classes, weights, weights, classes, fan_in=sources, channels=classes)
    # Values are summed over time before they are multiplied, so at most one a neuron is not 0.
    arriving = sent if spiking else sent.clamp(max=1)
    path = Pathway(
        form, spiking, recurrent=False, times=1, events=float(arriving.sum()), effective=float(arriving.sum()) * classes
    )
    return _operations(path) + _memory((readout.weight, readout.bias))


def _layer(net: Network, layer: Layer, arriving: Tensor, sent: Tensor, received: Signal, *, steps: int) -> LayerCost:
    """Return the counts of a layer, given how many events each source and each of its own neurons sent."""
    neuron = layer.neuron
    total = _memory(layer.state_dict().values())
    form = form_of(layer.connection, tuple(arriving.shape))
    if form is not None and (neuron is not None or _has_weights(layer.connection)):
        times = 1 if received.constant and not received.spiking else steps
        total += _through(layer.connection, form, arriving, received, times=times, steps=steps)
        total += _constants(layer, form, received, times, steps)
    if neuron is None:
        return total
    total += _neurons(net, neuron, sent, steps, recurrent=layer.recurrent is not None)
    back = form_of(layer.recurrent, tuple(sent.shape))
    if layer.recurrent is None or back is None:
        return total
    own = Signal(neuron.spiking, constant=False)
    return total + _through(layer.recurrent, back, sent, own, times=steps, steps=steps, recurrent=True)


def _through(
    connection: nn.Module | None,
    form: Form,
    arriving: Tensor,
    received: Signal,
    *,
    times: int,
    steps: int,
    recurrent: bool = False,
) -> LayerCost:
    """Count what goes through a connection; analog values that are constant were seen in every step of the run."""
    events = arriving if received.spiking else arriving * (times / steps)
    reached = fan_out(connection, tuple(arriving.shape))
    return _operations(
        Pathway(form, received.spiking, recurrent, times, float(events.sum()), float((events * reached).sum()))
    )


def _operations(path: Pathway) -> LayerCost:
    if path.spiking:
        return LayerCost(synaptic_operations=path.effective, dense_synaptic_operations=path.dense, pathways=(path,))
    return LayerCost(multiply_accumulates=path.dense, effective_multiply_accumulates=path.effective, pathways=(path,))


def _constants(layer: Layer, form: Form, received: Signal, times: int, steps: int) -> LayerCost:
    """Count what is added in every step whatever comes, and the analog values that are written."""
    neuron = layer.neuron
    kept = neuron is not None and times < steps
    added = form.targets * (times if neuron is None else steps) if form.biases or kept else 0
    written = 0 if received.spiking or (neuron is not None and neuron.spiking and not kept) else form.targets * times
    return LayerCost(bias_additions=float(added), values=float(written))


def _neurons(net: Network, neuron: NeuronModel, sent: Tensor, steps: int, *, recurrent: bool) -> LayerCost:
    charges = net.like.new_zeros(1, *sent.shape)
    x = neuron.receive(charges, charges if recurrent else None)
    state: tuple[Tensor, ...] = tuple(neuron.start(x))
    spikes = float(sent.sum()) if neuron.spiking else 0.0
    if not state:
        return LayerCost(spikes=spikes)
    updates = float(sent.numel() * steps)
    each = operations_of(neuron, x, dt=net.dt) or NeuronOperations(2 * len(state), len(state))
    return LayerCost(
        neuron_updates=updates,
        spikes=spikes,
        state_bytes=sum(tensor.nbytes for tensor in state),
        update_additions=updates * each.additions,
        update_multiplications=updates * each.multiplications,
        state_updates=updates * len(state),
        states=sum(tensor.numel() for tensor in state),
    )


def _has_weights(connection: nn.Module | None) -> bool:
    return connection is not None and any(True for _ in chain(connection.parameters(), connection.buffers()))


def _memory(tensors: Iterable[Tensor]) -> LayerCost:
    kept = list(tensors)
    return LayerCost(parameters=sum(t.numel() for t in kept), weight_bytes=sum(t.nbytes for t in kept))


def _arriving(activity: Activity, name: str, sources: tuple[str, ...]) -> Tensor:
    """Return what arrived at a layer in an inference from each source, the mean over samples, shape (neuron...)."""
    if name in activity.sums:
        return activity.sums[name].per_neuron / activity.samples
    return gather({source: _sent(activity, source) for source in sources}, sources)


def _sent(activity: Activity, name: str) -> Tensor:
    """Return how many events each neuron of a layer sent in an inference, the mean over samples, shape (neuron...)."""
    return activity.layers[name].per_neuron / activity.samples
