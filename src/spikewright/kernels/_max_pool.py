"""The largest value of each square of four, and the way back to where it stood.

Torch's own loops go number by number; these take a row of squares at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload
from numpy.typing import NDArray

from spikewright.kernels._apart import Apart
from spikewright.kernels._elementary import wide
from spikewright.kernels._threads import cuts, share

Images = NDArray[np.generic]
Places = NDArray[np.uint8]


def max_pool_reference(x: Images, output: Images, places: Places, threads: int) -> None:
    """Take the largest value of each square; of equal ones the first, and of those that are not numbers the last.

    Parameters
    ----------
    x : array, shape (image, row, column)
        Of float32, float64, or the bits of bfloat16 as uint16. A last row or column that fills no square is left out.
    output : array, shape (image, row // 2, column // 2)
        Written.
    places : array of uint8, shape (image, row // 2, column // 2)
        Written: where in its square the value stood, from 0 to 3, row by row.
    threads : int
        How many threads share the images; the result does not depend on it.
    """
    del threads
    values = (x.astype(np.uint32) << 16).view(np.float32) if x.dtype == np.uint16 else x
    for square in np.ndindex(output.shape):
        image, row, column = square
        part = np.s_[image, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        four = values[part].ravel()
        wrong = np.flatnonzero(np.isnan(four))
        place = wrong[-1] if len(wrong) else four.argmax()
        output[square], places[square] = x[part].ravel()[place], place


def max_pool(x: Images, output: Images, places: Places, threads: int) -> None:
    """See :func:`max_pool_reference`."""
    share(_pool, (x, output, places), cuts(len(output), threads))


@njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Apart)
def _pool(x: Images, output: Images, places: Places, start: int, stop: int) -> None:
    for image in range(start, stop):
        for row in range(output.shape[1]):
            _pool_row(x[image, 2 * row], x[image, 2 * row + 1], output[image, row], places[image, row])


@njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Apart)
def _pool_row(upper: Images, lower: Images, output: Images, places: Places) -> None:
    one, two, three = np.uint8(1), np.uint8(2), np.uint8(3)
    for n in range(len(output)):
        kept, place = upper[2 * n], np.uint8(0)
        largest = _value(kept)
        # Choices between values run on vectors, choices between ways do not.
        beats = _beats(_value(upper[2 * n + 1]), largest)
        kept, place = (upper[2 * n + 1], one) if beats else (kept, place)
        largest = _value(kept)
        beats = _beats(_value(lower[2 * n]), largest)
        kept, place = (lower[2 * n], two) if beats else (kept, place)
        largest = _value(kept)
        beats = _beats(_value(lower[2 * n + 1]), largest)
        output[n], places[n] = (lower[2 * n + 1], three) if beats else (kept, place)


# Any, below: one number of a type that numba finds out.
@njit(error_model="numpy", forceinline=True)
def _beats(value: Any, largest: Any) -> bool:
    return bool(value > largest or value != value)  # noqa: PLR0124 - asks whether it is no number


def _value(x: Any) -> Any:
    """Return the value of a number that may be the bits of a bfloat16."""
    return x


# Numba asks that what picks an implementation by type, and the implementation, have one signature.
@overload(_value, jit_options={"forceinline": True})
def _value_by_type(x: Any) -> Any:
    return _of_bits if x == types.uint16 else _as_it_is


def _of_bits(x: Any) -> Any:
    return wide(x)


def _as_it_is(x: Any) -> Any:
    return x


def max_pool_backward_reference(grad_output: Images, places: Places, grad_x: Images, threads: int) -> None:
    """Give the gradient of each square to the place where its value stood, and nothing to the others.

    Parameters
    ----------
    grad_output : array, shape (image, row // 2, column // 2)
        Of one dtype with ``grad_x``; it is moved, not computed with.
    places : array of uint8, shape (image, row // 2, column // 2)
        From :func:`max_pool`.
    grad_x : array, shape (image, row, column)
        Written.
    threads : int
        As for :func:`max_pool`.
    """
    del threads
    grad_x[:] = 0
    for image, row, column in np.ndindex(places.shape):
        down, right = divmod(int(places[image, row, column]), 2)
        grad_x[image, 2 * row + down, 2 * column + right] = grad_output[image, row, column]


def max_pool_backward(grad_output: Images, places: Places, grad_x: Images, threads: int) -> None:
    """See :func:`max_pool_backward_reference`."""
    share(_put_back, (grad_output, places, grad_x), cuts(len(grad_x), threads))


@njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Apart)
def _put_back(grad_output: Images, places: Places, grad_x: Images, start: int, stop: int) -> None:
    for image in range(start, stop):
        grad_x[image] = 0
        for row in range(places.shape[1]):
            for column in range(places.shape[2]):
                place = places[image, row, column]
                grad_x[image, 2 * row + place // 2, 2 * column + place % 2] = grad_output[image, row, column]
