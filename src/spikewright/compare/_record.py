"""A record: all that is known of one finished cell, as plain values that JSON holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from spikewright.checks import DataError
from spikewright.compare._verdict import ChipVerdict

# What JSON holds is Any in Python.
Json = Any

LATER = frozenset(
    {
        "effective_multiply_accumulates",
        "artificial_energy_pj",
        "spikes_per_synapse",
        "break_even",
        "train_cost",
        "chips",
    }
)
"""Fields that records of earlier versions do not have; they are None there."""


@dataclass(frozen=True)
class SampleView:
    """What the network saw of one test sample, and how it fired.

    Parameters
    ----------
    label, decision : int
        Index of the true class and of the one decided for.
    image : list, shape (channel, row, column)
        Whole numbers from 0 to 255: the sample itself, or the events of a recording summed over time.
    events : dict of list
        By layer, ``"input"`` first: pairs of time step and neuron (the index into the flattened layer), in order of
        time. Layers that give analog values are left out, and a layer with very many events ends early.
    """

    label: int
    decision: int
    image: list[list[list[int]]]
    events: dict[str, list[list[int]]]


@dataclass(frozen=True)
class Record:
    """One finished cell. Counts are per inference, accuracies fractions of 1; of a cell that failed they are None.

    Parameters
    ----------
    cell : str
        Identity: SHA-256 of all that determines the cell.
    method : str
        The method as it was asked for, such as ``SurrogateGradient:epochs=10``.
    learner, settings, card : str, dict, dict
        Import path of its class, all parameters, and :class:`~spikewright.learners.Card`.
    family : str
        Of the method.
    data, classes, digests : str, list of str, dict
        Name of the data, names of the classes, and SHA-256 of the parts: ``train``, ``validation``, ``test``.
    seed, budget : int, float or None
        Seed of the fit, and seconds of training after which it started no further round.
    error, traceback : str or None
        Why the cell failed, in one line and in full.
    accuracy, validation_accuracy : float or None
        On the test part, read once after training, and on the validation part.
    accuracy_ci95 : float or None
        Half the width of the 95 % interval of the mean accuracy over the seeds of this method and data (Student's t);
        None with fewer than two seeds, and for a cell that failed. Joined when records are read.
    twin : str or None
        Cell of the artificial network of the same shape and seed.
    twin_accuracy, twin_multiply_accumulates, twin_energy_pj
        Of that cell. Joined when records are read; None while it is not there.
    steps, latency_steps : int, float or None
        Time steps of a run, and mean number of steps until the decision is the final one.
    spikes, input_events, synaptic_operations, multiply_accumulates, neuron_updates : float or None
        Mean counts of one inference, see :class:`~spikewright.cost.Cost`.
    parameters, weight_bytes, state_bytes : int or None
        Size of the network.
    energy_pj : dict of float or None
        Energy of one inference in picojoules, by the name of the model.
    effective_multiply_accumulates : float or None
        Those in which neither value nor weight is 0.
    artificial_energy_pj : dict of float or None
        Energy that an artificial network of the same shape needs beside this one, by the name of the model: on the
        machine that the model names as the opponent, with activations that match this network's time steps if it says
        so, and no zeros skipped.
    spikes_per_synapse : float or None
        Spikes through a synapse in an inference; None of an artificial network.
    break_even : dict of (float or None) or None
        Spikes a synapse at which both need the same energy, by the name of the model, see
        :class:`~spikewright.cost.Comparison`.
    chips : dict of ChipVerdict or None
        How the network stands on each chip, by its name; None of a network of very many synapses.
    train_seconds, train_samples, train_synaptic_operations : float, int, int or None
        Time in training rounds, presentations of a sample, and uses of a synapse. If the cell was stopped and went on,
        of all parts.
    train_cost : dict of int or None
        What these were, by the names of :class:`~spikewright.cost.TrainingCost`.
    seconds : float
        Wall-clock time of the process that ended the cell, with reading data and testing.
    peak_memory_bytes : int or None
        Largest memory so far of that process. It may have run other cells before.
    accuracy_over_time : list of float or None
        Test accuracy that a run of each length would have.
    spikes_per_layer, neurons_per_layer : dict of float, dict of int, or None
        Mean spikes of one inference, and size, of each layer that spikes; ``"input"`` first, if the code spikes.
    confusion : list, shape (class, class), or None
        Test samples by true class (row) and decision (column).
    samples : list of SampleView or None
        A few test samples.
    history : list of dict or None
        ``round``, ``rounds``, ``seconds`` and the method's own figures, for each round of the fit.
    model : str or None
        File of the network, relative to the folder of the comparison.
    versions, machine : dict of str, dict
        Of Python and libraries; processor, system, cores and threads used.
    date : str
        When the cell ended, ISO 8601 in UTC.
    """

    cell: str
    method: str
    learner: str
    settings: dict[str, Json]
    card: dict[str, Json]
    family: str
    data: str
    classes: list[str]
    digests: dict[str, str]
    seed: int
    budget: float | None
    seconds: float
    versions: dict[str, str]
    machine: dict[str, Json]
    date: str
    error: str | None = None
    traceback: str | None = None
    accuracy: float | None = None
    accuracy_ci95: float | None = None
    validation_accuracy: float | None = None
    twin: str | None = None
    twin_accuracy: float | None = None
    twin_multiply_accumulates: float | None = None
    twin_energy_pj: dict[str, float] | None = None
    steps: int | None = None
    latency_steps: float | None = None
    spikes: float | None = None
    input_events: float | None = None
    synaptic_operations: float | None = None
    multiply_accumulates: float | None = None
    neuron_updates: float | None = None
    parameters: int | None = None
    weight_bytes: int | None = None
    state_bytes: int | None = None
    energy_pj: dict[str, float] | None = None
    effective_multiply_accumulates: float | None = None
    artificial_energy_pj: dict[str, float] | None = None
    spikes_per_synapse: float | None = None
    break_even: dict[str, float | None] | None = None
    chips: dict[str, ChipVerdict] | None = None
    train_seconds: float | None = None
    train_samples: int | None = None
    train_synaptic_operations: int | None = None
    train_cost: dict[str, int] | None = None
    peak_memory_bytes: int | None = None
    accuracy_over_time: list[float] | None = None
    spikes_per_layer: dict[str, float] | None = None
    neurons_per_layer: dict[str, int] | None = None
    confusion: list[list[int]] | None = None
    samples: list[SampleView] | None = field(default=None, repr=False)
    history: list[dict[str, float]] | None = field(default=None, repr=False)
    model: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """Return the record as values that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Return the record of what :meth:`to_dict` gave, of this version or an earlier one.

        Raises
        ------
        DataError
            If values are missing or unknown.
        """
        names = {entry.name for entry in fields(cls)}
        odd = sorted((names ^ set(values)) - LATER) if isinstance(values, dict) else []
        if odd or not isinstance(values, dict):
            raise DataError(f"Record: must have the fields of a record; missing or unknown: {', '.join(odd) or 'all'}.")
        views, chips = values["samples"], values.get("chips")
        rebuilt: dict[str, Json] = {
            "samples": None if views is None else [SampleView(**view) for view in views],
            "chips": None if chips is None else {name: ChipVerdict(**verdict) for name, verdict in chips.items()},
        }
        return cls(**{**values, **rebuilt})
