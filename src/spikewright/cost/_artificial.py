"""The artificial network of the same shape, in counts."""

from __future__ import annotations

from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._pathway import Pathway


def artificial(cost: Cost) -> Cost:
    """Return what an artificial network of the same connections costs, from the counts of a spiking one.

    It computes every connection once, with all its synapses: whether its activations are zero is not known before it is
    trained, so effective counts equal dense ones; measure a trained one where there is one. Where a layer feeds its own
    output back through a matrix it is a recurrent network, and computes both connections in every step. Its pools and
    lateral inhibition are not counted, as pools and a maximum are not; its units keep no state.

    Parameters
    ----------
    cost : Cost
        Of a network, spiking or not.
    """
    layers = {name: _layer(layer, cost.steps) for name, layer in cost.layers.items()}
    return Cost(layers, _layer(cost.readout, cost.steps), input_events=0.0, steps=1, latency_steps=1.0)


def _layer(layer: LayerCost, steps: int) -> LayerCost:
    kept = [path for path in layer.pathways if path.form.kind not in ("pool", "lateral")]
    times = steps if any(path.recurrent for path in kept) else 1
    paths = tuple(_analog(path, times) for path in kept)
    products = sum(path.dense for path in paths)
    parameters = sum(path.form.weights + path.form.biases for path in paths)
    width = layer.weight_bytes / layer.parameters if layer.parameters else 0.0
    return LayerCost(
        parameters=parameters,
        weight_bytes=round(parameters * width),
        multiply_accumulates=products,
        effective_multiply_accumulates=products,
        bias_additions=float(sum(path.form.targets * times for path in paths if path.form.biases)),
        values=float(max((path.form.targets * times for path in paths), default=0)),
        pathways=paths,
    )


def _analog(path: Pathway, times: int) -> Pathway:
    form = path.form
    events, products = float(form.sources * times), float(form.synapses * times)
    return Pathway(form, spiking=False, recurrent=path.recurrent, times=times, events=events, effective=products)
