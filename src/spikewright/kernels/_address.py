"""Where an element of an array lies, for functions that generate their own instructions."""

from __future__ import annotations

from typing import Any

from numba.core import types


# Numba hands over its types, builder and values, which have no public types of their own.
def address_of(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Return a pointer to the element that stands at a place in memory, counted from the first.

    Parameters
    ----------
    context, builder, signature, arguments
        As numba gives them to what generates a function of an array and a place.
    """
    kind, index = signature.args
    return address_at(context, builder, kind, arguments[0], context.cast(builder, arguments[1], index, types.intp))


def address_at(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    """Return the same of an array of a kind and a place, a number as wide as a pointer."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [place])
