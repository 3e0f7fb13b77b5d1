"""Means and intervals over the seeds of one method on one data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from scipy import stats

from spikewright.compare._record import Record
from spikewright.cost import TrainingCost


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its 95 % interval.

    Parameters
    ----------
    value : float
        The mean.
    ci95 : float or None
        Half the width of the interval, by Student's t; None with fewer than two seeds.
    """

    value: float
    ci95: float | None


@dataclass(frozen=True)
class Summary:
    """One row of the table: a method on a data set over all its seeds.

    Parameters
    ----------
    data, method, family : str
        Of every record of the row.
    records : tuple of Record
        All of them, those that failed included.
    accuracy, validation_accuracy, twin_accuracy, latency_steps, spikes, synaptic_operations, multiply_accumulates,
    twin_multiply_accumulates, spikes_per_synapse, parameters, train_seconds : Mean or None
        Over the seeds that did not fail; None if none has a value.
    energy_pj, twin_energy_pj, artificial_energy_pj, break_even : dict of Mean
        By the name of the model; one that is None for every seed is left out.
    train_cost : dict of Mean
        Of one presentation of a training sample, by the names of :class:`~spikewright.cost.TrainingCost`; empty of old
        records.
    """

    data: str
    method: str
    family: str
    records: tuple[Record, ...]
    accuracy: Mean | None
    validation_accuracy: Mean | None
    twin_accuracy: Mean | None
    latency_steps: Mean | None
    spikes: Mean | None
    synaptic_operations: Mean | None
    multiply_accumulates: Mean | None
    twin_multiply_accumulates: Mean | None
    spikes_per_synapse: Mean | None
    parameters: Mean | None
    train_seconds: Mean | None
    energy_pj: dict[str, Mean]
    twin_energy_pj: dict[str, Mean]
    artificial_energy_pj: dict[str, Mean]
    break_even: dict[str, Mean]
    train_cost: dict[str, Mean]

    @property
    def failed(self) -> int:
        """Number of seeds that failed."""
        return sum(record.error is not None for record in self.records)


def mean_of(values: Iterable[float | None]) -> Mean | None:
    """Return the mean of the values that are not None with its 95 % interval, or None if there is no value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    if len(known) < 2:
        return Mean(known[0], None)
    quantile = float(stats.t.ppf(0.975, len(known) - 1))
    return Mean(fmean(known), quantile * stdev(known) / sqrt(len(known)))


def summarise(records: Iterable[Record]) -> list[Summary]:
    """Return one row for each method on each data set, in the order in which they first occur."""
    return [_row(group) for group in grouped(records)]


def grouped(records: Iterable[Record]) -> list[tuple[Record, ...]]:
    """Return the records of each method on each data set, in the order in which they first occur."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.data, record.method), []).append(record)
    return [tuple(group) for group in groups.values()]


def _row(group: tuple[Record, ...]) -> Summary:
    first = group[0]
    return Summary(
        data=first.data,
        method=first.method,
        family=first.family,
        records=group,
        accuracy=mean_of(record.accuracy for record in group),
        validation_accuracy=mean_of(record.validation_accuracy for record in group),
        twin_accuracy=mean_of(record.twin_accuracy for record in group),
        latency_steps=mean_of(record.latency_steps for record in group),
        spikes=mean_of(record.spikes for record in group),
        synaptic_operations=mean_of(record.synaptic_operations for record in group),
        multiply_accumulates=mean_of(record.multiply_accumulates for record in group),
        twin_multiply_accumulates=mean_of(record.twin_multiply_accumulates for record in group),
        spikes_per_synapse=mean_of(record.spikes_per_synapse for record in group),
        parameters=mean_of(record.parameters for record in group),
        train_seconds=mean_of(record.train_seconds for record in group),
        energy_pj=_by_name([record.energy_pj or {} for record in group]),
        twin_energy_pj=_by_name([record.twin_energy_pj or {} for record in group]),
        artificial_energy_pj=_by_name([record.artificial_energy_pj or {} for record in group]),
        break_even=_by_name([record.break_even or {} for record in group]),
        train_cost=_by_name([_of_a_sample(record) for record in group]),
    )


def _of_a_sample(record: Record) -> Mapping[str, float]:
    if record.train_cost is None or not record.train_samples:
        return {}
    return TrainingCost(**record.train_cost).per_sample(record.train_samples)


def _by_name(energies: Sequence[Mapping[str, float | None]]) -> dict[str, Mean]:
    names = dict.fromkeys(name for energy in energies for name in energy)
    means = {name: mean_of(energy.get(name) for energy in energies) for name in names}
    return {name: mean for name, mean in means.items() if mean is not None}
