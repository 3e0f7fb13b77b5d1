"""What training costs, method by method: a table of the page, and of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from spikewright.compare import Record, Summary, summarise
from spikewright.cost import TrainingCost
from spikewright.report._format import count
from spikewright.report._ranking import ranked


@dataclass(frozen=True)
class Quantity:
    """One column: the sum of counts of :class:`~spikewright.cost.TrainingCost` for one training sample.

    Parameters
    ----------
    title, meaning : str
        Heading, and what it means in a sentence.
    names : tuple of str
        Fields that are added.
    brief : bool
        Whether it stands in the narrow table of several methods too.
    """

    title: str
    meaning: str
    names: tuple[str, ...]
    brief: bool = True

    def text(self, costs: Mapping[str, float]) -> str:
        """Write the count of one method."""
        return count(sum(costs[name] for name in self.names))


QUANTITIES = (
    Quantity("adds", "Forward: additions of a weight because a spike came.", ("forward_accumulates",)),
    Quantity("MACs", "Forward: products of a weight with an analog value.", ("forward_multiply_accumulates",)),
    Quantity("errors", "Products of a weight with an error that goes back.", ("backward_multiply_accumulates",)),
    Quantity(
        "gradients",
        "Additions and products that changes of weights are made of.",
        ("gradient_accumulates", "gradient_multiply_accumulates"),
    ),
    Quantity("weights", "Weights and biases written: the larger a batch, the fewer.", ("weight_updates",)),
    Quantity("moments", "Numbers of the optimiser written, once a batch.", ("optimizer_updates",), brief=False),
    Quantity("traces", "Traces of spikes and adaptive thresholds written.", ("trace_updates",)),
    Quantity("neurons", "Steps of neurons, forward and back.", ("neuron_updates",)),
    Quantity("history", "Numbers of one sample kept at once to learn from it.", ("history_values",)),
    Quantity("bytes", "Bytes of the history.", ("history_bytes",), brief=False),
)


def training_lines(rows: Sequence[Summary], quantities: Iterable[Quantity] = QUANTITIES) -> list[tuple[str, ...]]:
    """Return a row of the table for each method; old records have none."""
    costs = [(row.method, {name: mean.value for name, mean in row.train_cost.items()}) for row in rows]
    return [(method, *(entry.text(counts) for entry in quantities)) for method, counts in costs if counts]


def training_table(records: Sequence[Record]) -> Table:
    """Return what training costs by the records of a comparison, means over seeds, best accuracy first."""
    shown = [entry for entry in QUANTITIES if entry.brief]
    drawn = _table("means over seeds; adds, MACs: forward; weights, traces: written; history: numbers kept at once")
    drawn.add_column("method", no_wrap=True, max_width=16)
    for entry in shown:
        drawn.add_column(entry.title, justify="right", no_wrap=True)
    for line in training_lines(ranked(summarise(records)), shown):
        drawn.add_row(*line)
    return drawn


def fit_table(cost: TrainingCost, samples: int) -> Table:
    """Return what one fit cost, a line a count.

    Parameters
    ----------
    cost : TrainingCost
        Of the whole fit.
    samples : int
        Presentations of a sample in it.
    """
    drawn = _table(f"means over {samples:,} presentations of a sample")
    drawn.add_column("count", no_wrap=True)
    drawn.add_column("a sample", justify="right", no_wrap=True)
    drawn.add_column("what it is")
    for entry in QUANTITIES:
        drawn.add_row(entry.title, entry.text(cost.per_sample(samples)), entry.meaning)
    return drawn


def _table(caption: str) -> Table:
    return Table(
        title="What one training sample costs",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
        title_justify="left",
        caption=caption,
        caption_justify="left",
    )
