"""The arithmetic of a chip."""

from __future__ import annotations

from functools import singledispatch

from spikewright.checks import ModelError
from spikewright.chips import Chip, load
from spikewright.quantised._arithmetic import Arithmetic
from spikewright.quantised._fixed_point import FixedPointArithmetic
from spikewright.quantised._loihi import Loihi
from spikewright.quantised._speck import Speck
from spikewright.quantised._truenorth import TrueNorth
from spikewright.quantised._xylo import Xylo


@singledispatch
def arithmetic_of(chip: Chip | Arithmetic | str) -> Arithmetic:
    """Return the arithmetic of a chip, given itself or by its name; an arithmetic is its own.

    Raises
    ------
    ModelError
        If the chip's arithmetic is not known in bits.
    """
    raise ModelError(f"arithmetic_of: takes a chip, its name or an arithmetic; got {type(chip).__name__}.")


@arithmetic_of.register
def _(chip: str) -> Arithmetic:
    return arithmetic_of(load(chip))


@arithmetic_of.register
def _(chip: Arithmetic) -> Arithmetic:
    return chip


@arithmetic_of.register
def _(chip: Chip) -> Arithmetic:
    match chip.arithmetic:
        case "loihi":
            return Loihi(subtract="subtract" in chip.resets)
        case "speck":
            return Speck()
        case "truenorth":
            return TrueNorth()
        case "xylo":
            return Xylo()
    raise ModelError(
        f"{chip.title}: its arithmetic is not modelled bit for bit. Use FixedPointArithmetic with as many bits instead."
    )


def arithmetic_to_train_for(chip: Chip) -> Arithmetic | None:
    """Return the arithmetic on whose numbers a network for a chip is trained.

    The chip's own; where that is not modelled bit for bit, a generic one with the chip's widest weights; ``None`` where
    no width is known, so that nothing is rounded.
    """
    if chip.arithmetic:
        return arithmetic_of(chip)
    return None if chip.weight_bits is None else FixedPointArithmetic(weight_bits=chip.weight_bits[-1])
