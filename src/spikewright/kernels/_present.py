"""Which of 64 numbers are not zero, as the bits of one number; and lists of the numbers of a row that are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numba.core import types
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikewright.kernels._address import address_of

WORD = 64
"""Bits of a number."""

SPARE = 8
"""Room behind a list of addresses, which may be overwritten."""

lowest_one: Callable[[np.uint64], np.uint64] = trailing_zeros  # type: ignore[assignment]
"""The place of the lowest bit that is 1; for compiled code only. Numba's own, which it does not give a public type."""


# Numba hands over its types, builder and values, which have no public types of their own.
def _typed_present(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001 - as Numba calls it
    return types.uint64(array, place), _generate_present


def _generate_present(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    dtype = signature.args[0].dtype
    vector = ir.VectorType(context.get_data_type(dtype), WORD)
    address = builder.bitcast(address_of(context, builder, signature, arguments), vector.as_pointer())
    values, nothing = builder.load(address, align=dtype.bitwidth // 8), ir.Constant(vector, None)
    # A NaN is not zero.
    compare = builder.fcmp_unordered if isinstance(dtype, types.Float) else builder.icmp_unsigned
    return builder.bitcast(compare("!=", values, nothing), ir.IntType(WORD))


present: Callable[[NDArray[np.number], int], np.uint64] = intrinsic(_typed_present)  # type: ignore[assignment]
"""Bit ``k`` says whether element ``place + k`` of a contiguous row of numbers is not 0; for compiled code only."""


def _typed_ones(typing_context: Any, bits: Any) -> Any:  # noqa: ARG001 - as Numba calls it
    return types.uint64(types.uint64), _generate_ones


def _generate_ones(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
    return builder.ctpop(arguments[0])


ones: Callable[[np.uint64], np.uint64] = intrinsic(_typed_ones)  # type: ignore[assignment]
"""How many bits are 1; for compiled code only."""


@njit(inline="always")
def list_ones(bits: np.uint64, first: np.uint64, count: np.uint64, last: np.uint64, events: NDArray[np.int32]) -> None:
    """Write the addresses of the bits that are 1, of which there are ``count``, from ``last`` on.

    They are taken from below, ``first`` is the address of the lowest bit, and always eight at a time, also where there
    is none: a processor that need not guess how many there are is faster than one that stops at the last.
    """
    one, eight, begin = np.uint64(1), np.uint64(8), last
    while True:
        for k in range(eight):
            events[begin + k] = first + lowest_one(bits)
            bits &= bits - one
        begin += eight
        if begin >= last + count:
            break


@njit(inline="always")
def list_word(bits: np.uint64, first: int, count: np.uint64, events: NDArray[np.int32]) -> np.uint64:
    """Write the addresses of the bits that are 1 behind the ``count`` that are listed; return how many there are then.

    The address of the lowest bit is ``first``. There must be room for ``SPARE`` more, which may be overwritten.
    """
    more = ones(bits)
    list_ones(bits, np.uint64(first), more, count, events)
    return count + more


@njit(inline="always")
def list_row(row: NDArray[np.number], events: NDArray[np.int32]) -> int:
    """Write the places of what is not 0 in a row, and return how many there are; room is as for :func:`list_word`."""
    some, whole = np.uint64(0), len(row) // WORD
    for word in range(whole):
        some = list_word(present(row, WORD * word), WORD * word, some, events)
    count = np.int64(some)
    for n in range(WORD * whole, len(row)):
        events[count] = n
        count += row[n] != 0
    return count  # type: ignore[return-value]
