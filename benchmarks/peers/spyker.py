"""Spyker: declines, and says why in the record."""

from __future__ import annotations

from typing import Any, NoReturn

import spyker  # noqa: F401 - whether it can be imported here is a result too

DISTRIBUTIONS = ("spyker",)


def scan(_: dict[str, Any], __: dict[str, Any]) -> NoReturn:
    """Decline: there is nothing of it that could give the same spikes."""
    raise NotImplementedError(
        "its neurons integrate without leak, in a rank code, and learn by STDP; it has no LIF scan"
    )
