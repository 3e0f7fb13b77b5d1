"""Values as JSON: numbers, texts, tuples, tensors by name, and the frozen dataclasses of this package by class name.

No class is imported, evaluated or guessed: a name is looked up in the public names of three rooms, and must be a neuron
model, a surrogate, an encoder, a transform or a readout there.
"""

from __future__ import annotations

import dataclasses
import math
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from torch import Tensor, nn

from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.coding import Encoder, Readout, Transform
from spikewright.neurons import NeuronModel, Surrogate

# What JSON holds is Any in Python.
Json = Any

_ROOMS = (neurons, coding)
_KINDS = (NeuronModel, Surrogate, Encoder, Transform, Readout)
ROLES = ("buffer", "parameter", "frozen")
"""What a tensor can be to its module."""


def encode(value: object, path: str, tensors: dict[str, Tensor]) -> Json:
    """Return a value as JSON.

    Parameters
    ----------
    value : object
        None, a truth value, a number, a text, a tensor, a dataclass of this package, or a tuple of such.
    path : str
        Where the value stands; its tensors are named after it.
    tensors : dict
        Receives the tensors.

    Raises
    ------
    ModelError
        If the value is none of these.
    """
    if isinstance(value, bool | NoneType | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, tuple):
        return [encode(item, f"{path}.{number}", tensors) for number, item in enumerate(value)]
    if isinstance(value, Tensor):
        tensors[path] = value.detach()
        return {"tensor": path, "role": role(value)}
    if isinstance(value, _KINDS) and _class(_name(value)) is type(value):
        given = [field.name for field in dataclasses.fields(value) if field.init]  # type: ignore[arg-type] # see _class
        return {
            "class": _name(value),
            "fields": {name: encode(getattr(value, name), f"{path}.{name}", tensors) for name in given},
        }
    raise ModelError(
        f"{path}: a {type(value).__name__} cannot be written to a file. "
        "Use numbers, texts, tuples, tensors and the public classes of spikewright."
    )


def decode(described: Json, tensors: dict[str, Tensor], where: str) -> object:
    """Return the value that :func:`encode` described; its tensors are taken out of ``tensors``.

    Raises
    ------
    ModelError
        If the description names an unknown class, lacks a field or a tensor, or gives a value of the wrong type.
    """
    if isinstance(described, list):
        return tuple(decode(item, tensors, f"{where}.{number}") for number, item in enumerate(described))
    if not isinstance(described, dict):
        return described
    match sorted(described):
        case ["float"] if described["float"] in ("inf", "-inf", "nan"):
            return float(described["float"])
        case ["role", "tensor"] if described["role"] in ROLES:
            return _as_role(take(described["tensor"], tensors, where), described["role"])
        case ["class", "fields"] if isinstance(described["fields"], dict):
            return _build(_class(described["class"]), described["class"], described["fields"], tensors, where)
    raise ModelError(f"{where}: neither a value nor a class: {str(described)[:80]!r}")


def role(tensor: Tensor) -> str:
    """Return whether a tensor is a parameter that is trained, one that is frozen, or a buffer."""
    if not isinstance(tensor, nn.Parameter):
        return "buffer"
    return "parameter" if tensor.requires_grad else "frozen"


def _as_role(tensor: Tensor, role: str) -> Tensor:
    return tensor if role == "buffer" else nn.Parameter(tensor, requires_grad=role == "parameter")


def take(name: Json, tensors: dict[str, Tensor], where: str) -> Tensor:
    """Take a tensor out of ``tensors``, or say that it is missing."""
    if not isinstance(name, str) or name not in tensors:
        raise ModelError(f"{where}: the file has no tensor {str(name)[:80]!r}")
    return tensors.pop(name)


def _name(value: object) -> str:
    return type(value).__name__


def _class(name: Json) -> type | None:
    """Return the public dataclass of a name, or None."""
    for room in _ROOMS:
        if isinstance(name, str) and name in room.__all__:
            found = getattr(room, name)
            if isinstance(found, type) and issubclass(found, _KINDS) and dataclasses.is_dataclass(found):
                return found
    return None


def _build(cls: type | None, name: Json, given: dict[str, Json], tensors: dict[str, Tensor], where: str) -> object:
    if cls is None:
        raise ModelError(f"{where}: this version of spikewright has no class {str(name)[:80]!r}")
    names = {field.name for field in dataclasses.fields(cls) if field.init}
    if names != set(given):
        odd = ", ".join(sorted(names ^ set(given)))
        raise ModelError(f"{where}: {name} has other fields than the file says: {odd[:80]}")
    values = {field: decode(value, tensors, f"{where}.{field}") for field, value in given.items()}
    hints = get_type_hints(cls)
    for field, value in values.items():
        if not fits(value, hints[field]):
            raise ModelError(f"{where}.{field}: a {type(value).__name__} does not belong there")
    try:
        return cls(**values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{where}: {error}") from error


def fits(value: object, hint: Any) -> bool:
    """Return whether a value is of the type that a field is declared with; a type that is no class holds anything."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_tuple(value, arguments)
    if isinstance(value, bool | int):
        return hint is type(value) or (hint is float and type(value) is int)
    return not isinstance(hint, type) or isinstance(value, hint)


def _fit_tuple(values: tuple[object, ...], hints: tuple[Any, ...]) -> bool:
    if hints[1:] == (...,):
        return all(fits(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(map(fits, values, hints))
