"""How the outputs of layers come together as the input of another."""

from __future__ import annotations

from torch import Tensor

INPUT = "input"


def gather(outputs: dict[str, Tensor], sources: tuple[str, ...]) -> Tensor:
    """Sum the outputs of the named layers."""
    total = outputs[sources[0]]
    for name in sources[1:]:
        total = total + outputs[name]
    return total
