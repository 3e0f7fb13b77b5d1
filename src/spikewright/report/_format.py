"""How numbers are written."""

from __future__ import annotations

from math import floor, isfinite, log10

from spikewright.compare import Mean

NOTHING = "–"
_PREFIXES = ("", "k", "M", "G", "T", "P")


def percent(mean: Mean | None) -> str:
    """Write a fraction as a percentage with its interval, such as ``97.31 ± 0.12``."""
    if mean is None or not isfinite(mean.value):
        return NOTHING
    interval = "" if mean.ci95 is None else f" ± {100 * mean.ci95:.2f}"
    return f"{100 * mean.value:.2f}{interval}"


def count(value: float | None) -> str:
    """Write a count with three digits and a prefix, such as ``635 k``."""
    if value is None or not isfinite(value):
        return NOTHING
    if abs(value) < 1000:
        return f"{value:.3g}"
    power = min(floor(log10(abs(value)) / 3), len(_PREFIXES) - 1)
    # Rounding to three digits may reach the next thousand.
    if power < len(_PREFIXES) - 1 and float(f"{value / 1000**power:.3g}") >= 1000:
        power += 1
    return f"{value / 1000**power:.3g} {_PREFIXES[power]}"


def energy(picojoules: float | None) -> str:
    """Write an energy given in picojoules, such as ``2.92 µJ``."""
    if picojoules is None or not isfinite(picojoules):
        return NOTHING
    for unit, size in (("mJ", 1e9), ("µJ", 1e6), ("nJ", 1e3)):
        if picojoules >= size:
            return f"{picojoules / size:.3g} {unit}"
    return f"{picojoules:.3g} pJ"


def seconds(value: float | None) -> str:
    """Write a time, such as ``12.3 s`` or ``5 min 3 s``."""
    if value is None or not isfinite(value):
        return NOTHING
    if value < 100:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def ratio(value: float | None, other: float | None) -> str:
    """Write how many times smaller ``value`` is than ``other``, such as ``4.1 x less`` or ``2.0 x more``."""
    if not value or not other:
        return NOTHING
    return f"{other / value:.3g} × less" if value <= other else f"{value / other:.3g} × more"
