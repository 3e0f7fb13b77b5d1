"""The columns of the main table: one line each, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spikewright.compare import Mean, Summary
from spikewright.report._format import count, energy, percent, ratio, seconds


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    title, meaning : str
        Heading, and what it means in a sentence.
    text : callable
        Summary to what is shown.
    value : callable
        Summary to what is sorted by; None sorts last.
    brief : bool
        Whether it is shown in the terminal too.
    """

    title: str
    meaning: str
    text: Callable[[Summary], str]
    value: Callable[[Summary], float | str | None]
    brief: bool = True


def columns(energy_model: str) -> tuple[Column, ...]:
    """Return the columns, with energies under one model."""
    return (
        Column("method", "How the network was trained.", lambda s: s.method, lambda s: s.method),
        Column("data", "The data set.", lambda s: s.data, lambda s: s.data),
        _mean("accuracy %", "On the test part: mean over seeds, ± 95 % interval.", lambda s: s.accuracy, percent),
        _mean("ANN %", "Accuracy of the artificial network of the same shape.", lambda s: s.twin_accuracy, briefly),
        _mean(
            "steps", "Time steps until the decision stays the final one.", lambda s: s.latency_steps, plain, brief=False
        ),
        _mean("spikes", "Spikes of all neurons in one inference.", lambda s: s.spikes, plain, brief=False),
        _mean("syn. ops", "Additions of a weight because a spike came.", lambda s: s.synaptic_operations, plain),
        _mean("MACs", "Multiplications of a weight with an analog value.", lambda s: s.multiply_accumulates, plain),
        _mean(
            "ANN MACs",
            "The same, of the artificial network.",
            lambda s: s.twin_multiply_accumulates,
            plain,
            brief=False,
        ),
        _mean("energy", f"Of one inference under {energy_model}.", lambda s: s.energy_pj.get(energy_model), joules),
        Column(
            "against ANN",
            f"Energy beside that of the artificial network, under {energy_model}.",
            lambda s: ratio(_value(s.energy_pj.get(energy_model)), _value(s.twin_energy_pj.get(energy_model))),
            lambda s: _quotient(s.energy_pj.get(energy_model), s.twin_energy_pj.get(energy_model)),
        ),
        _mean("parameters", "Numbers that the network keeps.", lambda s: s.parameters, plain, brief=False),
        _mean("training", "Time in training rounds, one core.", lambda s: s.train_seconds, duration, brief=False),
        Column(
            "failed", "Seeds whose cell failed.", lambda s: str(s.failed or ""), lambda s: float(s.failed), brief=False
        ),
    )


def briefly(mean: Mean | None) -> str:
    """Write the mean of a fraction as a percentage, without its interval."""
    return percent(None if mean is None else Mean(mean.value, None))


def plain(mean: Mean | None) -> str:
    """Write the mean of a count."""
    return count(_value(mean))


def joules(mean: Mean | None) -> str:
    """Write the mean of an energy."""
    return energy(_value(mean))


def duration(mean: Mean | None) -> str:
    """Write the mean of a time."""
    return seconds(_value(mean))


def _mean(
    title: str,
    meaning: str,
    pick: Callable[[Summary], Mean | None],
    write: Callable[[Mean | None], str],
    *,
    brief: bool = True,
) -> Column:
    return Column(title, meaning, lambda s: write(pick(s)), lambda s: _value(pick(s)), brief=brief)


def _value(mean: Mean | None) -> float | None:
    return None if mean is None else mean.value


def _quotient(ours: Mean | None, twins: Mean | None) -> float | None:
    return None if ours is None or twins is None or not twins.value else ours.value / twins.value
