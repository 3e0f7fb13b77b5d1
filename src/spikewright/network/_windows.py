"""The windows that convolutions and pools slide over an image, as indices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from spikewright.checks import ModelError
from spikewright.network._connections import SumPool2d, output_shape


class Pairs(NamedTuple):
    """Pixels that see each other through a window: each array has shape (pair,).

    ``sources`` and ``targets`` number the pixels of one channel in C order; ``rows`` and ``columns`` say at which place
    of the window.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """A window sliding along one axis.

    Parameters
    ----------
    size, outputs : int
        Length of the axis before and after.
    kernel, stride, padding, dilation : int
        As torch defines them; ``padding`` is that before the first element.
    """

    size: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    dilation: int = 1

    def taps(self) -> NDArray[np.int64]:
        """Return the index that each place of each window sees, shape (output, kernel); -1 beyond the borders."""
        first = np.arange(self.outputs)[:, None] * self.stride - self.padding
        seen = first + np.arange(self.kernel) * self.dilation
        return np.where((seen >= 0) & (seen < self.size), seen, -1)

    def uses(self) -> NDArray[np.int64]:
        """Return by how many windows each element is seen, shape (size,)."""
        taps = self.taps()
        uses: NDArray[np.int64] = np.bincount(taps[taps >= 0], minlength=self.size)
        return uses

    def lengths(self, *, padded: bool) -> NDArray[np.int64]:
        """Return how many elements each window holds, with or without those of the padding, shape (output,)."""
        if not padded:
            return np.asarray((self.taps() >= 0).sum(1))
        first = np.arange(self.outputs) * self.stride - self.padding
        return np.minimum(first + self.kernel, self.size + self.padding) - first


@dataclass(frozen=True)
class Window:
    """A window sliding over the rows and columns of an image.

    Parameters
    ----------
    rows, columns : Axis
        Its two directions.
    divisor : int or None
        What a sum over the window is divided by; ``None`` for the number of pixels in it.
    count_padding : bool
        Whether that number includes pixels of the padding.
    """

    rows: Axis
    columns: Axis
    divisor: int | None = None
    count_padding: bool = True

    def pairs(self) -> Pairs:
        """Return all pairs of an input pixel and an output pixel that sees it."""
        rows, columns = self.rows.taps(), self.columns.taps()
        seen = (rows >= 0)[:, None, :, None] & (columns >= 0)[None, :, None, :]
        i, j, row, column = np.nonzero(seen)
        sources = rows[i, row] * self.columns.size + columns[j, column]
        return Pairs(sources, i * self.columns.outputs + j, row, column)

    def uses(self) -> NDArray[np.int64]:
        """Return by how many windows each pixel is seen, shape (row, column)."""
        return self.rows.uses()[:, None] * self.columns.uses()

    def divisors(self) -> NDArray[np.int64]:
        """Return what the sum over each window is divided by, shape (output row, output column)."""
        if self.divisor is not None:
            return np.full((self.rows.outputs, self.columns.outputs), self.divisor)
        padded = self.count_padding
        return self.rows.lengths(padded=padded)[:, None] * self.columns.lengths(padded=padded)


@singledispatch
def window_of(connection: object, shape: tuple[int, ...]) -> Window:
    """Return the window of a convolution or pool for images of ``shape``, (channel, row, column).

    Raises
    ------
    ModelError
        If the connection has no window, does not take such images, or pads with anything but zeros.
    """
    raise ModelError(f"window_of: {type(connection).__name__} slides no window over samples of {shape}.")


@window_of.register
def _(connection: nn.Conv2d, shape: tuple[int, ...]) -> Window:
    if connection.padding_mode != "zeros":
        raise ModelError(f"Conv2d: padding_mode must be 'zeros'; got {connection.padding_mode!r}.")
    return _window(connection, shape, _leading_padding(connection), connection.dilation)


@window_of.register
def _(connection: nn.MaxPool2d, shape: tuple[int, ...]) -> Window:
    return _window(connection, shape, _pair(connection.padding), _pair(connection.dilation))


@window_of.register
def _(connection: nn.AvgPool2d, shape: tuple[int, ...]) -> Window:
    window = _window(connection, shape, _pair(connection.padding))
    return replace(window, divisor=connection.divisor_override, count_padding=connection.count_include_pad)


@window_of.register
def _(connection: SumPool2d, shape: tuple[int, ...]) -> Window:
    size, outputs = shape[1:], output_shape(connection, shape)[1:]
    kernel = connection.kernel_size
    rows, columns = (Axis(size[k], outputs[k], kernel, stride=kernel, padding=0) for k in range(2))
    return Window(rows, columns, divisor=1)


def _window(
    connection: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d,
    shape: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...] = (1, 1),
) -> Window:
    outputs = output_shape(connection, shape)[1:]
    kernel, stride = _pair(connection.kernel_size), _pair(connection.stride)
    rows, columns = (Axis(shape[k + 1], outputs[k], kernel[k], stride[k], padding[k], dilation[k]) for k in range(2))
    return Window(rows, columns)


def _leading_padding(connection: nn.Conv2d) -> tuple[int, ...]:
    if connection.padding == "valid":
        return (0, 0)
    if connection.padding == "same":
        # Where the padding is odd torch puts the larger part behind.
        return tuple(d * (k - 1) // 2 for d, k in zip(connection.dilation, connection.kernel_size, strict=True))
    return _pair(connection.padding)


def _pair(value: int | tuple[int, ...] | str) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(int(v) for v in value)
