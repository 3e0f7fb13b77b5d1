"""Tensors as the arrays that kernels take."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def array_of(x: Tensor) -> NDArray[Any]:
    """View a tensor on the CPU as an array without gradient; of bfloat16, which NumPy lacks, its bits as uint16."""
    plain = x.detach()
    array: NDArray[Any] = (plain.view(torch.uint16) if x.dtype == torch.bfloat16 else plain).numpy()
    return array
