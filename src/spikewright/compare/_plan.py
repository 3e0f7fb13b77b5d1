"""A plan: which methods are compared on which data, over which seeds."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spikewright.checks import SpikewrightError, check_count, check_positive
from spikewright.compare._method import Method
from spikewright.compare._record import Json

_KEYS = ("data", "methods", "seeds", "budget", "root")
_MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Plan:
    """What to compare.

    Parameters
    ----------
    data : tuple of str
        Names or paths, see :func:`spikewright.data.load`.
    methods : tuple of Method
        What trains.
    seeds : tuple of int
        Each method is fitted once with each.
    budget : float, optional
        Seconds of training of a cell after which no further round starts.
    root : str, optional
        Folder of the data files.

    Raises
    ------
    SpikewrightError
        If data, methods or seeds are empty or repeat.

    Examples
    --------
    >>> plan = Plan(data=("digits",), methods=(Method("Twin"), Method("SurrogateGradient", {"epochs": 10})))
    >>> Plan.from_dict(plan.to_dict()) == plan
    True
    """

    data: tuple[str, ...]
    methods: tuple[Method, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    budget: float | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        _check_distinct("data", self.data)
        _check_distinct("methods", [method.text for method in self.methods])
        _check_distinct("seeds", self.seeds)
        try:
            for seed in self.seeds:
                check_count("Plan.seeds", seed, minimum=0)
            if self.budget is not None:
                check_positive("Plan.budget", self.budget, "seconds", "For no limit leave it out.")
        except (TypeError, ValueError) as error:
            raise SpikewrightError(str(error)) from error

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Return the plan of what :meth:`to_dict` gave. ``seeds`` may be a number: so many, from 0."""
        unknown = sorted(set(values) - set(_KEYS))
        if unknown:
            raise SpikewrightError(f"Plan: has no {unknown[0]!r}; it may have {', '.join(_KEYS)}.")
        missing = [key for key in _KEYS[:2] if not isinstance(values.get(key), list)]
        if missing:
            raise SpikewrightError(f"Plan.{missing[0]}: must be a list; got {values.get(missing[0])!r}.")
        return cls(
            data=tuple(values["data"]),
            methods=tuple(Method.from_dict(method) for method in values["methods"]),
            seeds=_seeds(values.get("seeds", 3)),
            budget=values.get("budget"),
            root=values.get("root"),
        )

    def to_dict(self) -> dict[str, Json]:
        """Return the plan as values that JSON and TOML hold; what is not set is left out."""
        values = {
            "data": list(self.data),
            "methods": [method.to_dict() for method in self.methods],
            "seeds": list(self.seeds),
            "budget": self.budget,
            "root": self.root,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Return the plan of a TOML file.

        Raises
        ------
        SpikewrightError
            If the file is missing, no TOML, or no plan; the message is one line that names it.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SpikewrightError(f"{path}: not a readable plan ({error}). Name a TOML file.") from error
        try:
            return cls.from_dict(values)
        except (ValueError, TypeError) as error:
            raise SpikewrightError(f"{path}: {error}") from error


def _seeds(values: Json) -> tuple[int, ...]:
    """Return a list of seeds as it is, and for a number so many, from 0."""
    if isinstance(values, list):
        return tuple(values)
    if not isinstance(values, int) or not 1 <= values <= _MOST_SEEDS:
        raise SpikewrightError(
            f"Plan.seeds: must be a list, or a whole number from 1 to {_MOST_SEEDS}; got {values!r}."
        )
    return tuple(range(values))


def _check_distinct(name: str, values: object) -> None:
    listed = list(values)  # type: ignore[call-overload] # a tuple or list of texts or numbers
    if not listed:
        raise SpikewrightError(f"Plan.{name}: must name at least one; got none.")
    twice = [value for value in listed if listed.count(value) > 1]
    if twice:
        raise SpikewrightError(f"Plan.{name}: must differ; got {twice[0]!r} twice.")
