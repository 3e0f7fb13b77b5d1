"""Ask the processor for a cache line before it is needed; it changes no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikewright.kernels._address import address_of

READ_INTO_ALL_CACHES = (0, 3, 1)
"""Arguments of LLVM's prefetch: for reading, to be kept in every cache, data."""


# Numba hands over its types, builder and values, which have no public types of their own.
def _typed(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001 - as Numba calls it
    return types.void(array, place), _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
    address = builder.bitcast(address_of(context, builder, signature, arguments), byte)
    function = builder.module.declare_intrinsic(
        "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word])
    )
    builder.call(function, [address, *(ir.Constant(word, value) for value in READ_INTO_ALL_CACHES)])
    return context.get_dummy_value()


prefetch: Callable[[NDArray[np.generic], int], None] = intrinsic(_typed)  # type: ignore[assignment]
"""Fetch the line that holds the element at a place in memory, counted from the first; for compiled code only."""
