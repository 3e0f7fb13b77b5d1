"""The relative exponential, the function behind every exact coefficient here."""

from __future__ import annotations

import math
from typing import overload

import torch
from torch import Tensor

_SERIES = tuple(1 / math.factorial(k + 1) for k in range(9, -1, -1))
_NEAR = 0.1


@overload
def exprel(z: float) -> float: ...
@overload
def exprel(z: Tensor) -> Tensor: ...
def exprel(z: float | Tensor) -> float | Tensor:
    """Return ``(exp(z) - 1) / z``, which is 1 at ``z = 0``; smooth, and so is its gradient.

    Of a tensor, values near 0 come from the Taylor series: there the quotient would be right, but its gradient is a
    difference of nearly equal numbers. What the series leaves out is below 3e-18.
    """
    if not isinstance(z, Tensor):
        return math.expm1(z) / z if z else 1.0
    near = z.abs() < _NEAR
    series = torch.zeros_like(z)
    for coefficient in _SERIES:
        series = series * z + coefficient
    # The inner where keeps 0 / 0 out of the gradient of the branch that is not taken.
    far = torch.where(near, 1.0, z)
    return torch.where(near, series, torch.expm1(far) / far)
