"""What a bench says of its work; needs nothing but Python, because it is read inside every peer's environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TIES = 1e-4
"""Largest fraction of spikes that may differ from the reference: float32 sums in another order change a few ties."""

ROUNDED = 0.05
"""The same where charges are rounded to bfloat16, which the reference does not do."""


class Job(NamedTuple):
    """A piece of work that a peer has made ready.

    Attributes
    ----------
    run : callable
        Do it once, from cleared gradients and states; what is timed.
    spikes : callable
        Do it once without training and return the raster, shaped as the reference of the bench; ``None`` for work
        without spikes.
    """

    run: Callable[[], object]
    spikes: Callable[[], NDArray[np.bool_]] | None


@dataclass(frozen=True)
class Entrant:
    """One peer in one variant.

    Parameters
    ----------
    peer : str
        A name in ``peers.toml``.
    variant : str
        Names of variants, separated by ``+``; see ``_protocol.VARIANTS``.
    counts : bool
        Whether it is among those that ours must leave behind; the others only stand beside it in the record.
    """

    peer: str
    variant: str = ""
    counts: bool = True

    @property
    def rounded(self) -> bool:
        """Whether it rounds to bfloat16."""
        return "bfloat16" in self.variant.split("+")


@dataclass(frozen=True)
class Goal:
    """A ratio that ours has to reach.

    Parameters
    ----------
    over : str
        A family in ``peers.toml``; ``"peers"`` for all; ``"bandwidth"`` for the share of the measured memory bandwidth;
        ``"limit"`` for the case's parameter ``limit`` (added to the fastest peer, if there is one) over ours.
    at_least : float
    """

    over: str
    at_least: float


@dataclass(frozen=True)
class Case:
    """One row of a bench.

    Parameters
    ----------
    name : str
        How the record calls it.
    parameters : dict
        What inputs, reference and peers are told; JSON values only.
    entrants : tuple of Entrant
        Ours first.
    goals : tuple of Goal
        The first is the record's ``at_least``.
    bytes_moved, operations : float
        Bytes that the work itself must move between processor and memory, and arithmetic operations that it takes, both
        counted on paper; 0 if that says nothing about it.
    per_unit : dict of float
        What else a unit does, by name; the record says how many a second.
    random_lines : float
        Cache lines that a unit must fetch from places in no order; 0 if that says nothing about it.
    units : int
        Pieces of work in one run, such as images; times in the record are for one.
    tolerance : float
        Largest fraction of spikes that may differ from the reference.
    measured : str
        How: a method of ``_protocol.Protocol``.
    between : tuple of int
        For ``"growths"``: the two numbers of steps.
    threads : tuple of int
        With how many it is measured.
    """

    name: str
    parameters: dict[str, Any]  # whatever JSON can say
    entrants: tuple[Entrant, ...]
    goals: tuple[Goal, ...] = ()
    bytes_moved: float = 0.0
    operations: float = 0.0
    per_unit: dict[str, float] = field(default_factory=dict)
    random_lines: float = 0.0
    units: int = 1
    tolerance: float = TIES
    measured: str = "timed"
    between: tuple[int, int] = (0, 0)
    threads: tuple[int, ...] = (1, 2)
