"""A cell: one fit of one method on one data set, and the hash of all that determines it."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from spikewright.compare._method import Method, import_path
from spikewright.compare._plan import Plan
from spikewright.compare._record import Json
from spikewright.data import Dataset, DataShape, FetchProgress, load
from spikewright.exchange import encode
from spikewright.learners import Learner


@dataclass(frozen=True)
class DataFacts:
    """What a cell must know of its data before they are read again.

    Parameters
    ----------
    name : str
        As it was asked for.
    shape : DataShape
        By which methods choose their defaults.
    classes : tuple of str
        Names of the classes.
    digests : tuple of (str, str)
        Part and SHA-256: training and validation.
    """

    name: str
    shape: DataShape
    classes: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, name: str, data: Dataset) -> DataFacts:
        """Return the facts of a data set."""
        return cls(name, data.shape, data.classes, tuple(sorted(data.digests().items())))


@dataclass(frozen=True)
class Cell:
    """One fit: a method with all its parameters, data and a seed.

    Parameters
    ----------
    method : Method
        Import path of the class, and every parameter but the seed.
    data : DataFacts
        What it is fitted on.
    seed : int
        Of the fit.
    budget : float or None
        Seconds of training after which no further round starts.
    """

    method: Method
    data: DataFacts
    seed: int
    budget: float | None = None

    @classmethod
    def of(cls, learner: Learner, data: DataFacts, budget: float | None) -> Cell:
        """Return the cell of an estimator."""
        parameters = learner.get_params(deep=False)
        seed = parameters.pop("seed")
        return cls(Method(import_path(learner), parameters), data, seed, budget)

    def learner(self) -> Learner:
        """Return the estimator, not fitted."""
        return self.method.learner_class()(**self.method.parameters, seed=self.seed)

    @cached_property
    def settings(self) -> dict[str, Json]:
        """The parameters as values that JSON holds; of a tensor its hash."""
        tensors: dict[str, Tensor] = {}
        described = {
            name: encode(value, f"{self.method.name}.{name}", tensors)
            for name, value in sorted(self.method.parameters.items())
        }
        return described | {path: _digest(tensor) for path, tensor in tensors.items()}

    @cached_property
    def identity(self) -> str:
        """SHA-256 of all that determines the cell.

        That is the import path of the method, its parameters, the data's name and the hashes of the parts that training
        sees, the seed, the budget and the version of spikewright. Versions of other libraries are kept in the record
        but do not make another cell: a comparison that goes on after an update does not repeat what is finished.
        """
        whole = {
            "method": self.method.name,
            "parameters": self.settings,
            "data": self.data.name,
            "digests": dict(self.data.digests),
            "seed": self.seed,
            "budget": self.budget,
            "spikewright": version("spikewright"),
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Planned:
    """A cell in its place in a plan.

    Parameters
    ----------
    cell : Cell
        What is to be done.
    method : str
        The method as it was asked for.
    asked_for : bool
        Whether the plan names the method; if not, it is there as the twin of another.
    twin : str or None
        Identity of the cell of the artificial network of the same shape.
    """

    cell: Cell
    method: str
    asked_for: bool
    twin: str | None


def plan_cells(plan: Plan, fetching: FetchProgress | None = None) -> list[Planned]:
    """Return every cell of a plan once, twins included, all methods of a seed before the next seed.

    Every data set is read for this, one after another, and its test part is not.

    Raises
    ------
    SpikewrightError
        If a method, a parameter or a data set is unknown or damaged; nothing has been run then.
    """
    root = None if plan.root is None else Path(plan.root)
    for method in plan.methods:
        method.learner_class()
    facts = [DataFacts.of(name, load(name, root=root, progress=fetching)) for name in plan.data]
    cells: dict[str, Planned] = {}
    for seed in plan.seeds:
        for data in facts:
            for planned in _of_seed(plan, data, seed):
                _join(cells, planned)
    return list(cells.values())


def _of_seed(plan: Plan, data: DataFacts, seed: int) -> Iterator[Planned]:
    for method in plan.methods:
        learner = method.learner(data.shape, seed=seed)
        twin = _twin(learner, data.shape)
        cell = Cell.of(learner, data, plan.budget)
        if twin is None:
            yield Planned(cell, method.text, asked_for=True, twin=None)
            continue
        beside = Cell.of(twin, data, plan.budget)
        yield Planned(cell, method.text, asked_for=True, twin=beside.identity)
        yield Planned(beside, _text(twin), asked_for=False, twin=beside.identity)


def _twin(learner: Learner, shape: DataShape) -> Learner | None:
    try:
        return learner.twin(shape)
    except NotImplementedError:
        return None


def _join(cells: dict[str, Planned], planned: Planned) -> None:
    """Add a cell, unless it is there; one that the plan names stands before the same one as a twin."""
    known = cells.get(planned.cell.identity)
    if known is None or (planned.asked_for and not known.asked_for):
        cells[planned.cell.identity] = planned


def _text(learner: Learner) -> str:
    """Return an estimator in one word: its class and the parameters that are not its defaults."""
    defaults = inspect.signature(type(learner)).parameters
    given = {
        name: value
        for name, value in learner.get_params(deep=False).items()
        if name != "seed" and repr(value) != repr(defaults[name].default)
    }
    return Method(type(learner).__name__, given).text


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(f"{tensor.dtype}{tuple(tensor.shape)}{tensor.tolist()}".encode()).hexdigest()
