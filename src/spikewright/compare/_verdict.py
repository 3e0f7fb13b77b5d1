"""Which chips hold a network, as a record keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.chips import NAMES, load
from spikewright.cost import Cost
from spikewright.engines import Activity
from spikewright.network import Network
from spikewright.placing import Placement, place_on

MOST_SYNAPSES = 4_000_000
"""More are not counted one by one in every cell; that would take longer than seconds, and much memory."""


@dataclass(frozen=True)
class ChipVerdict:
    """How a network stands on a chip.

    Parameters
    ----------
    cores : int or None
        Cores that it takes; ``None`` if it does not fit.
    available : int
        Cores of the chip.
    reason : str
        The first thing that does not fit, with the nearest change; empty if all does.
    others : int
        Further things that do not fit.
    """

    cores: int | None
    available: int
    reason: str = ""
    others: int = 0


def verdicts(net: Network, activity: Activity, cost: Cost) -> dict[str, ChipVerdict] | None:
    """Return the verdict of every chip by its name; ``None`` for a network of very many synapses.

    Parameters
    ----------
    net : Network
        What was run.
    activity : Activity
        Of that run.
    cost : Cost
        What it costs.
    """
    synapses = sum(path.form.synapses for layer in cost.layers.values() for path in layer.pathways)
    if synapses > MOST_SYNAPSES:
        return None
    chips = [load(name) for name in NAMES]
    found = {}
    for chip, result in zip(chips, place_on(net, chips, activity), strict=True):
        if isinstance(result, Placement):
            found[chip.name] = ChipVerdict(result.used_cores, chip.cores)
        else:
            found[chip.name] = ChipVerdict(None, chip.cores, str(result.misfits[0]), len(result.misfits) - 1)
    return found
