"""Count what a run costs, from the spikes that occurred."""

from __future__ import annotations

from spikewright.checks import ModelError
from spikewright.cost._cost import Cost
from spikewright.cost._meter import Meter
from spikewright.engines import Activity
from spikewright.network import INPUT, Network


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
    shapes = {name: layer.shape for name, layer in activity.layers.items()}
    return Meter(net, shapes, steps=activity.steps).cost(
        {name: layer.per_neuron / activity.samples for name, layer in activity.layers.items()},
        {name: layer.per_neuron / activity.samples for name, layer in activity.sums.items()},
        latency_steps=float(activity.latencies.double().mean()),
    )
