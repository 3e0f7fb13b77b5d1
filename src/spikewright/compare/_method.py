"""A method of a plan: a learner by name, and what differs from its choice for the data."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from spikewright import learners
from spikewright.checks import SpikewrightError
from spikewright.compare._record import Json
from spikewright.data import DataShape
from spikewright.exchange import decode, encode
from spikewright.learners import Learner

_TEXT = re.compile(r"(?P<name>[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?)(:(?P<parameters>\w+=.*))?", re.DOTALL)
_WORDS = MappingProxyType({"true": True, "false": False, "none": None})


@dataclass(frozen=True)
class Method:
    """A learner class by name, with parameters that replace those it chooses for the data.

    Parameters
    ----------
    name : str
        A class of :mod:`spikewright.learners`, or the import path of any other: ``package.module:Class``.
    parameters : mapping
        Of its constructor, but for the seed. A text is read as the kind of value that the parameter has.

    Examples
    --------
    >>> Method.from_text("SurrogateGradient:architecture=32C5-P2-128,epochs=10").parameters["epochs"]
    '10'
    """

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "seed" in self.parameters:
            raise SpikewrightError(f"{self.name}: seeds belong to the plan; leave out seed={self.parameters['seed']}.")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the method of a text such as ``Twin`` or ``Twin:epochs=10,dropout=0.1``."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise SpikewrightError(f"{text!r}: is no method; write NAME, or NAME:parameter=value,parameter=value.")
        pairs = [pair.partition("=") for pair in (match["parameters"] or "").split(",") if pair]
        bad = [name for name, equals, _ in pairs if not equals]
        if bad:
            raise SpikewrightError(f"{text!r}: {bad[0]!r} has no value; write parameter=value.")
        return cls(match["name"], {name.strip(): value.strip() for name, _, value in pairs})

    @classmethod
    def from_dict(cls, values: Json) -> Self:
        """Return the method of a text, or of what :meth:`to_dict` gave."""
        if isinstance(values, str):
            return cls.from_text(values)
        if not isinstance(values, dict) or not set(values) <= {"name", "parameters"} or "name" not in values:
            raise SpikewrightError(f"methods: each must have a name, and may have parameters; got {values!r}.")
        name, given = values["name"], values.get("parameters", {})
        if not isinstance(given, dict):
            raise SpikewrightError(f"{name}: parameters must be a table; got {given!r}.")
        return cls(name, {key: decode(value, {}, f"{name}.{key}") for key, value in given.items()})

    def to_dict(self) -> Json:
        """Return name and parameters as values that JSON holds."""
        return {
            "name": self.name,
            "parameters": {key: encode(value, f"{self.name}.{key}", {}) for key, value in self.parameters.items()},
        }

    @property
    def text(self) -> str:
        """The method in one word, as :meth:`from_text` reads it."""
        given = ",".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.name}:{given}" if given else self.name

    def learner_class(self) -> type[Learner]:
        """Return the class of that name.

        Raises
        ------
        SpikewrightError
            If there is none, or it is no learner.
        """
        module, colon, name = self.name.rpartition(":")
        found = getattr(_module(module), name, None) if colon else getattr(learners, name, None)
        if not isinstance(found, type) or not issubclass(found, Learner) or inspect.isabstract(found):
            there = ", ".join(cls.__name__ for cls in methods())
            raise SpikewrightError(f"{self.name!r}: no such method. There are {there}; or name package.module:Class.")
        return found

    def learner(self, shape: DataShape, *, seed: int) -> Learner:
        """Return an estimator, not fitted, for data of a shape.

        Raises
        ------
        SpikewrightError
            If the class has no such parameter, or the value is of another kind.
        """
        learner = self.learner_class().for_data(shape, seed=seed)
        current = learner.get_params(deep=False)
        unknown = [name for name in self.parameters if name not in current]
        if unknown:
            there = ", ".join(sorted(set(current) - {"seed"}))
            raise SpikewrightError(f"{self.name}: has no parameter {unknown[0]!r}; there are {there}.")
        given = {name: _as(f"{self.name}.{name}", value, current[name]) for name, value in self.parameters.items()}
        return learner.set_params(**given)  # type: ignore[no-any-return] # scikit-learn ships no types


def methods() -> tuple[type[Learner], ...]:
    """Return every learner class of :mod:`spikewright.learners`, by name."""
    public = [getattr(learners, name) for name in sorted(learners.__all__)]
    return tuple(
        found
        for found in public
        if isinstance(found, type) and issubclass(found, Learner) and not inspect.isabstract(found)
    )


def import_path(learner: Learner) -> str:
    """Return where the class of a learner is found: the name that a plan gives it."""
    cls = type(learner)
    if getattr(learners, cls.__name__, None) is cls:
        return f"{learners.__name__}:{cls.__name__}"
    return f"{cls.__module__}:{cls.__qualname__}"


def split_methods(text: str) -> tuple[Method, ...]:
    """Return the methods of a text such as ``Twin,SurrogateGradient:epochs=10,steps=4,Tempotron``.

    A part that is nothing but ``parameter=value`` belongs to the method before it.
    """
    parts: list[str] = []
    for part in text.split(","):
        if parts and re.fullmatch(r"\s*\w+=.*", part, re.DOTALL):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return tuple(Method.from_text(part) for part in parts)


def _module(path: str) -> object:
    try:
        return importlib.import_module(path)
    except ImportError as error:
        raise SpikewrightError(f"{path}: cannot be imported ({error}). Check the path and PYTHONPATH.") from error


def _as(where: str, value: object, current: object) -> object:
    """Return a value as the kind that the current one is; a text is read, a whole number is a number."""
    if isinstance(value, str) and not isinstance(current, str):
        value = _read(value)
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    plain = isinstance(value, bool | int | float | str) and current is not None
    if plain and type(value) is not type(current):
        raise SpikewrightError(f"{where}: must be {_kind(current)}; got {value!r}.")
    return value


def _read(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    return kinds.get(type(value), f"a {type(value).__name__}, which only a plan file or Python can give")
