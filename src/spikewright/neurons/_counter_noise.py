"""Random numbers that are a function of where they are used, not of what was drawn before."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF
_GOLDEN = 0x9E3779B9


def uniform(seed: int, steps: Tensor, dtype: torch.dtype) -> Tensor:
    """Return one uniform number in (0, 1) for each element, a hash of the seed, the step and the index of the neuron.

    Integer arithmetic modulo 2**32 only, and a result of 24 bits, so the numbers are the same in every engine, on every
    device and in float32 and float64. All samples of a batch get the same numbers at the same step.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.
    steps : Tensor of int64, shape (batch, neuron...)
        Number of the step, from 0.
    dtype : torch.dtype
        Of the result.

    Returns
    -------
    Tensor, shape (batch, neuron...)
    """
    shape = steps.shape[1:]
    neurons = torch.arange(math.prod(shape), device=steps.device).reshape(shape)
    key = _mix(torch.full((), seed, device=steps.device))
    # The index is mixed on its own: a bare sum of step and index would give one neuron's number to its neighbour later.
    word = _mix(_mix(key + steps) + _mix(neurons))
    # 23 bits and a half: never 0 or 1, and exact in float32.
    return ((word >> 9).to(dtype) + 0.5) * 2.0**-23


def _mix(word: Tensor) -> Tensor:
    """Scramble 32-bit words, held in int64: two rounds of shift, exclusive or and multiply.

    Products may pass 2**63; what is kept of them, the low 32 bits, is right all the same.
    """
    word = (word + _GOLDEN) & _MASK
    word = ((word ^ (word >> 16)) * 0x7FEB352D) & _MASK
    word = ((word ^ (word >> 15)) * 0x846CA68B) & _MASK
    return word ^ (word >> 16)
