"""What an inference of the network in a model file costs, beside an artificial network of its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from spikewright.checks import ModelError
from spikewright.coding import Samples
from spikewright.compare._model_file import open_for
from spikewright.compare._record import Json
from spikewright.cost import ENERGY_MODELS, Comparison, Cost, LayerCost, artificial, compare_energies, measure
from spikewright.data import FetchProgress
from spikewright.engines import run
from spikewright.exchange import Unsaid
from spikewright.network import Network

ACCESSES = (
    "weight_reads",
    "potential_reads",
    "potential_writes",
    "event_reads",
    "event_writes",
    "value_reads",
    "value_writes",
)
"""Memory accesses that follow from a layer's counts."""


@dataclass(frozen=True)
class Costing:
    """Counts and energies of one network.

    Parameters
    ----------
    samples : int
        Test samples that were run.
    cost : Cost
        Of the network.
    artificial : Cost
        Of the artificial network beside it.
    trained_twin : bool
        Whether that one was run too, so that its zeros are its own; if not, it is known by its shape alone.
    comparisons : tuple of Comparison
        Under each energy model.
    """

    samples: int
    cost: Cost
    artificial: Cost
    trained_twin: bool
    comparisons: tuple[Comparison, ...]

    def to_dict(self) -> dict[str, Json]:
        """Return everything as values that JSON holds, the constants of the energy models included."""
        models = {model.name: model for model in ENERGY_MODELS}
        return {
            "samples": self.samples,
            "network": _counts(self.cost),
            "artificial": {**_counts(self.artificial), "trained": self.trained_twin},
            "energy": {
                entry.model: {
                    **{name: value for name, value in asdict(entry).items() if name != "model"},
                    "verdict": entry.verdict,
                    "opponent": models[entry.model].opponent,
                    "constants": models[entry.model].constants,
                    "source": models[entry.model].source,
                }
                for entry in self.comparisons
            },
        }


def cost_file(
    path: str | Path,
    data: str,
    root: str | Path | None = None,
    *,
    samples: int | None = None,
    twin: str | Path | None = None,
    unsaid: Unsaid | None = None,
    callback: Callable[[int, int], None] | None = None,
    fetching: FetchProgress | None = None,
) -> Costing:
    """Run the network of a model file on test samples, count, and compare.

    Parameters
    ----------
    path : path
        The model file.
    data : str
        Name or path of a data set.
    root : path, optional
        Folder of the data files.
    samples : int, optional
        How many test samples to run, from the first; all of them by default.
    twin : path, optional
        Model file of a trained artificial network to compare with; without it, one of the same shape is counted.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.
    callback : callable, optional
        Called while the network runs, see :func:`spikewright.engines.run`.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Returns
    -------
    Costing

    Raises
    ------
    ModelError
        If a file holds no network, or one that does not take these samples.
    DataError
        If the data set is unknown or damaged.
    """
    opened = open_for(path, data, root, unsaid, fetching)
    net, test = opened.network, opened.dataset.read_test()
    other = None if twin is None else open_for(twin, data, root).network
    count = len(test) if samples is None else min(samples, len(test))
    cost = _measured(path, net, test.x[:count], callback)
    beside = artificial(cost) if twin is None or other is None else _measured(twin, other, test.x[:count])
    return Costing(count, cost, beside, other is not None, compare_energies(cost, beside))


def _measured(
    path: str | Path, net: Network, samples: Samples, callback: Callable[[int, int], None] | None = None
) -> Cost:
    try:
        activity = run(net, samples, callback=callback)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{path}: does not take samples of shape {tuple(samples[0].shape)} ({' '.join(str(error).split())[:160]}). "
            "Name the data it was trained on."
        ) from error
    return measure(net, activity)


def _counts(cost: Cost) -> dict[str, Json]:
    layers = {**cost.layers, "readout": cost.readout}
    return {
        "steps": cost.steps,
        "latency_steps": cost.latency_steps,
        "input_events": cost.input_events,
        "spikes_per_synapse": cost.spikes_per_synapse,
        "layers": {name: _of_layer(layer) for name, layer in layers.items()},
        "total": _of_layer(cost.total),
    }


def _of_layer(layer: LayerCost) -> dict[str, Json]:
    counts = {entry.name: getattr(layer, entry.name) for entry in fields(layer) if entry.name != "pathways"}
    return {**counts, **{name: getattr(layer, name) for name in ACCESSES}}
