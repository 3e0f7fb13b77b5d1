"""Sums of a few rows, so many numbers at a time as are said: whole vectors, also where a row has no more than one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikewright.kernels._address import address_at

Numbers = NDArray[np.number]
Add = Callable[[Numbers, np.uint64, Numbers, tuple[np.uint64, ...], np.uint64], None]


def adder(lanes: int) -> Add:
    """Return what adds rows of ``lanes`` numbers to a sum, one after another; for compiled code only.

    It takes the array of sums and the place of the first, that of the rows with the places of their first numbers, and
    from which number on. Rows and sums are of one dtype, or both of integers.
    """

    # Numba hands over its types, builder and values, which have no public types of their own.
    def typed(typing_context: Any, sums: Any, at: Any, rows: Any, places: Any, first: Any) -> Any:  # noqa: ARG001
        return types.void(sums, at, rows, places, first), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, _, rows, places, _ = signature.args
        first = arguments[4]

        def numbers(kind: Any, array: Any, place: Any) -> Any:
            """Return a pointer to some numbers of an array."""
            vector = ir.VectorType(context.get_data_type(kind.dtype), lanes)
            address = address_at(context, builder, kind, array, builder.add(place, first))
            return builder.bitcast(address, vector.as_pointer())

        total = numbers(sums, arguments[0], arguments[1])
        value = builder.load(total, align=sums.dtype.bitwidth // 8)
        for k in range(len(places)):
            place = builder.extract_value(arguments[3], k)
            row = builder.load(numbers(rows, arguments[2], place), align=rows.dtype.bitwidth // 8)
            if isinstance(sums.dtype, types.Float):
                value = builder.fadd(value, row)
            else:
                value = builder.add(value, builder.sext(row, value.type))
        builder.store(value, total, align=sums.dtype.bitwidth // 8)
        return context.get_dummy_value()

    found: Add = intrinsic(typed)  # type: ignore[assignment]
    return found
