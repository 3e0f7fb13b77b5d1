"""Architectures as the literature writes them: ``32C3-P2-64C3-P2-128``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from torch import nn

from spikewright.checks import ModelError
from spikewright.network._connections import SumPool2d, output_shape

_PART = re.compile(
    r"(?P<channels>\d+)C(?P<kernel>\d+)(?P<same>S?)|(?P<pool>[PA])(?P<window>\d+)|(?P<units>\d+)(?P<recurrent>R?)"
)


@dataclass(frozen=True)
class Architecture:
    """The connections of a network between its input and its classes.

    Parameters
    ----------
    text : str
        Hidden layers from input to output, joined by ``-``: ``800`` is dense with 800 units, ``800R`` the same with a
        connection from its units back to themselves, ``32C5`` a convolution with 32 channels and a 5 x 5 kernel
        (``32C5S`` with zero padding that keeps the size), ``P2`` maximum pooling and ``A2`` average pooling over
        2 x 2. Empty for no hidden layer.

    Raises
    ------
    ModelError
        If the text is not such a list.

    Examples
    --------
    >>> Architecture("800-400").connections((1, 28, 28), classes=10)[-1]
    Linear(in_features=400, out_features=10, bias=True)
    """

    text: str

    def __post_init__(self) -> None:
        for part in self.parts:
            if not _PART.fullmatch(part):
                raise ModelError(
                    f"Architecture: {part!r} in {self.text!r} is no layer; "
                    "write 800, 800R, 32C5, 32C5S, P2 or A2, joined by '-'."
                )

    @property
    def parts(self) -> tuple[str, ...]:
        """The layers' texts."""
        return tuple(self.text.split("-")) if self.text else ()

    @property
    def feedback(self) -> tuple[bool, ...]:
        """For each dense layer, that of the classes at the end, whether its units feed back to themselves."""
        dense = (match for part in self.parts if (match := _PART.fullmatch(part)) and match["units"])
        return (*(bool(match["recurrent"]) for match in dense), False)

    @property
    def feedforward(self) -> Architecture:
        """The same layers without feedback."""
        return Architecture("-".join(part.removesuffix("R") for part in self.parts))

    def connections(
        self, shape: tuple[int, ...], classes: int, *, bias: bool = True, sums: bool = False
    ) -> list[nn.Module]:
        """Build the connections, the last one dense with one unit a class, for samples of ``shape``.

        A ``Flatten`` stands wherever an image meets a dense layer. Weights are drawn by torch's own rules. Those of
        :attr:`feedback` are not among them. With ``sums`` all pools add up their windows.
        """
        modules: list[nn.Module] = []
        for part in (*self.parts, str(classes)):
            if part[0].isdigit() and "C" not in part and len(shape) > 1:
                modules.append(nn.Flatten())
                shape = (prod(shape),)
            modules.append(_connection(part, shape, bias=bias, sums=sums))
            shape = output_shape(modules[-1], shape)
        return modules


def _connection(part: str, shape: tuple[int, ...], *, bias: bool, sums: bool) -> nn.Module:
    match = _PART.fullmatch(part)
    if match is None:
        raise ModelError(f"Architecture: {part!r} is no layer.")
    if match["units"]:
        return nn.Linear(shape[0], int(match["units"]), bias=bias)
    if len(shape) != 3:
        raise ModelError(f"Architecture: {part} needs images of shape (channel, row, column); got samples of {shape}.")
    if match["pool"]:
        pool = SumPool2d if sums else nn.MaxPool2d if match["pool"] == "P" else nn.AvgPool2d
        return pool(int(match["window"]))
    kernel = int(match["kernel"])
    padding = kernel // 2 if match["same"] else 0
    return nn.Conv2d(shape[0], int(match["channels"]), kernel, padding=padding, bias=bias)
