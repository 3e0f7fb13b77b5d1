"""Checks of arguments at the public boundary, each with one clear message.

Every check takes ``where``, the dotted name that the user wrote, and raises :class:`ValueError` (or :class:`TypeError`
for the wrong kind of value) that says who, what must hold, what arrived and what to do.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection

import torch
from torch import Tensor


def check_positive(where: str, value: float | Tensor, unit: str = "", hint: str = "") -> None:
    """Raise unless every element of ``value`` is finite and above 0."""
    if not _all(value, lambda v: math.isfinite(v) and v > 0):
        raise ValueError(_message(where, f"must be > 0{_space(unit)}", value, hint))


def check_finite(where: str, value: float | Tensor, hint: str = "") -> None:
    """Raise unless every element of ``value`` is a finite number."""
    if not _all(value, math.isfinite):
        raise ValueError(_message(where, "must be finite", value, hint))


def check_in_range(where: str, value: float | Tensor, low: float, high: float, hint: str = "") -> None:
    """Raise unless ``low <= value <= high`` for every element."""
    if not _all(value, lambda v: low <= v <= high):
        raise ValueError(_message(where, f"must lie in [{low:g}, {high:g}]", value, hint))


def check_count(where: str, value: int, minimum: int = 1, hint: str = "") -> int:
    """Return ``value`` as an ``int``; raise unless it is a whole number of at least ``minimum``."""
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(_message(where, "must be a whole number", value, hint)) from None
    if count < minimum:
        raise ValueError(_message(where, f"must be >= {minimum}", value, hint))
    return count


def check_choice(where: str, value: str, choices: Collection[str]) -> None:
    """Raise unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ValueError(_message(where, f"must be one of {', '.join(sorted(choices))}", repr(value), ""))


def check_same_shape(where: str, **tensors: Tensor) -> None:
    """Raise unless all named tensors have one shape; the message names each with its shape."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"{where}: shapes must be equal, (batch, neuron...); got {listed}. Start a new sequence with state=None."
        )


def _all(value: float | Tensor, holds: Callable[[float], bool]) -> bool:
    values = value.detach().flatten().tolist() if isinstance(value, Tensor) else [value]
    return all(holds(float(v)) for v in values)


def _message(where: str, rule: str, value: object, hint: str) -> str:
    shown = _shown(value)
    return f"{where}: {rule}; got {shown}." + (f" {hint}" if hint else "")


def _shown(value: object) -> str:
    if isinstance(value, Tensor) and value.numel() > 1:
        low, high = torch.aminmax(value.detach().double())
        return f"a tensor of {tuple(value.shape)} from {low:g} to {high:g}"
    if isinstance(value, Tensor):
        return f"{value.item():g}"
    return f"{value}"


def _space(unit: str) -> str:
    return f" {unit}" if unit else ""
