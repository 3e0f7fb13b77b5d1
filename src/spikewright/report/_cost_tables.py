"""What one network costs, as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from spikewright.compare import Costing
from spikewright.cost import ENERGY_MODELS, Cost
from spikewright.report._format import count, energy


def cost_tables(costing: Costing) -> tuple[Table, ...]:
    """Return the counts of each layer, those of the artificial network, the energies, verdicts, and constants."""
    beside = "trained" if costing.trained_twin else "of the same shape, its zeros unknown"
    return (
        _counts(f"The network, means over {costing.samples} test samples", costing.cost),
        _counts(f"The artificial network ({beside})", costing.artificial),
        _energies(costing),
        _verdicts(costing),
        _constants(),
    )


def _counts(title: str, cost: Cost) -> Table:
    head = ("layer", "syn. ops", "of all", "MACs", "without 0", "updates", "spikes", "weights", "state", "memory")
    table = _table(title, head)
    layers = {**cost.layers, "readout": cost.readout, "total": cost.total}
    for name, layer in layers.items():
        # What only hands on what it receives has nothing to show.
        if layer.pathways or layer.neuron_updates or name == "total":
            numbers = (
                layer.synaptic_operations,
                layer.dense_synaptic_operations,
                layer.multiply_accumulates,
                layer.effective_multiply_accumulates,
                layer.neuron_updates,
                layer.spikes,
                layer.weight_reads,
                layer.potential_reads + layer.potential_writes,
                layer.weight_bytes + layer.state_bytes,
            )
            table.add_row(name, *(count(number) for number in numbers))
    table.caption = "weights: reads; state: reads and writes of potentials; memory: bytes of parameters and state"
    return table


def _energies(costing: Costing) -> Table:
    skipping = ("no 0", "ANN no 0") if costing.trained_twin else ()
    table = _table("Energy of one inference", ("model", "network", "ANN", *skipping, "break-even"))
    for entry in costing.comparisons:
        energies = (entry.energy_pj, entry.artificial_pj, entry.skipping_zeros_pj, entry.artificial_skipping_zeros_pj)
        shown = energies if costing.trained_twin else energies[:2]
        table.add_row(entry.model, *(energy(value) for value in shown), count(entry.break_even))
    stands = count(costing.cost.spikes_per_synapse)
    table.caption = (
        f"this network: {stands} spikes a synapse, the unit of break-even; no 0: products with 0 are skipped"
    )
    return table


def _verdicts(costing: Costing) -> Table:
    table = _table("Who needs less energy", ("model", "verdict"), sentences=True)
    for entry in costing.comparisons:
        table.add_row(entry.model, entry.verdict)
    return table


def _constants() -> Table:
    table = _table(
        "What the energies rest on, in pJ and bits", ("model", "constants, opponent, source"), sentences=True
    )
    for model in ENERGY_MODELS:
        table.add_row(
            model.name, f"{', '.join(_written(model.constants))}. Opponent: {model.opponent}. Source: {model.source}."
        )
    return table


def _written(constants: dict[str, float]) -> Iterator[str]:
    return (f"{name} {value:.3g}" for name, value in constants.items())


def _table(title: str, head: tuple[str, ...], *, sentences: bool = False) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, title_justify="left", caption_justify="left", padding=0)
    for number, name in enumerate(head):
        left = sentences or not number
        table.add_column(name, justify="left" if left else "right", no_wrap=not (sentences and number))
    return table
