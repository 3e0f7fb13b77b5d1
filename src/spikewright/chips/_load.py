"""Read the data files of chips: figures that each name a source, checked on reading."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from spikewright.checks import ModelError
from spikewright.chips._chip import Chip, ConvolutionCores, Energy, LayerRules

_FIGURES = files("spikewright.chips") / "figures"
_HEAD = ("title", "maker", "year")
_TABLES = ("sources", "figures", "energy", "convolution", "layers")

NAMES = tuple(sorted(file.name.removesuffix(".toml") for file in _FIGURES.iterdir() if file.name.endswith(".toml")))
"""Names of all chips that :func:`load` knows."""


def load(name: str) -> Chip:
    """Return a chip by its name.

    Parameters
    ----------
    name : str
        One of :data:`NAMES`.

    Raises
    ------
    ModelError
        If there is no chip of that name.

    Examples
    --------
    >>> load("xylo-audio-2").fan_in
    63
    """
    if name not in NAMES:
        raise ModelError(f"chips.load: must be one of {', '.join(NAMES)}; got {name!r}.")
    return read((_FIGURES / f"{name}.toml").read_text(encoding="utf-8"), name)


def read(text: str, name: str) -> Chip:
    """Return the chip that a TOML text describes.

    A text has a title, a maker and a year, a table ``sources`` with a citation for each key, and tables ``figures``,
    ``energy``, ``convolution`` and ``layers`` whose entries are ``{ value = ..., source = "key" }``. The last three may
    be left out.

    Raises
    ------
    ModelError
        If a figure is missing, unknown, of the wrong type or without a source, or a source is not used.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"chip {name}: is no TOML: {error}") from error
    _check_keys(f"chip {name}", table, (*_HEAD, "sources", "figures"), optional=("energy", "convolution", "layers"))
    taken: dict[str, str] = {}
    figures = _figures(f"chip {name}", "figures", table, Chip, taken)
    energy = _figures(f"chip {name}", "energy", table, Energy, taken)
    cores = _figures(f"chip {name}", "convolution", table, ConvolutionCores, taken)
    rules = _figures(f"chip {name}", "layers", table, LayerRules, taken)
    idle = sorted(set(table["sources"]) - set(taken.values()))
    if idle:
        raise ModelError(f"chip {name}: source {idle[0]!r} is not used by any figure")
    for key in _HEAD:
        _check_type(f"chip {name}.{key}", table[key], get_type_hints(Chip)[key])
    return Chip(
        name=name,
        **{key: table[key] for key in _HEAD},
        **figures,
        energy=Energy(**energy),
        convolution=ConvolutionCores(**cores) if cores else None,
        layers=LayerRules(**rules) if rules else None,
        sources=MappingProxyType({key: table["sources"][cited] for key, cited in taken.items()}),
    )


# Any: a figure is a number, a text, or a list of either.
def _figures(where: str, part: str, table: dict[str, Any], kind: type, taken: dict[str, str]) -> dict[str, Any]:
    """Return the values of one table, and note the source of each in ``taken``."""
    entries = table.get(part, {})
    hints = get_type_hints(kind)
    hints = {key: hints[key] for key in hints if key not in {"name", *_HEAD, *_TABLES}}
    needed = tuple(hints) if entries and kind is not Energy else ()
    _check_keys(f"{where}.{part}", entries, needed, optional=tuple(hints))
    values = {}
    for key, entry in entries.items():
        _check_keys(f"{where}.{part}.{key}", entry, ("source",), optional=("value",))
        if entry["source"] not in table["sources"]:
            raise ModelError(f"{where}.{part}.{key}: there is no source {entry['source']!r}")
        value = entry.get("value")
        value = tuple(value) if isinstance(value, list) else value
        _check_type(f"{where}.{part}.{key}", value, hints[key])
        values[key] = value
        taken[key] = entry["source"]
    return values


def _check_keys(where: str, table: object, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    if not isinstance(table, Mapping):
        raise ModelError(f"{where}: must be a table; got {table!r}")
    missing = sorted(set(needed) - set(table))
    if missing:
        raise ModelError(f"{where}: {missing[0]!r} is missing")
    unknown = sorted(set(table) - {*needed, *optional})
    if unknown:
        raise ModelError(f"{where}: {unknown[0]!r} is unknown")


# Any: a type hint.
def _check_type(where: str, value: object, hint: Any) -> None:
    good = any(_is(value, kind) for kind in get_args(hint)) if get_origin(hint) is UnionType else _is(value, hint)
    if not good:
        raise ModelError(f"{where}: must be {getattr(hint, '__name__', hint)}; got {value!r}")


def _is(value: object, hint: Any) -> bool:
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and bool(value) and all(_is(each, get_args(hint)[0]) for each in value)
    if hint is float:
        return isinstance(value, float | int) and not isinstance(value, bool) and value >= 0
    if hint is int:
        return type(value) is int and value >= 0
    return isinstance(value, hint)
