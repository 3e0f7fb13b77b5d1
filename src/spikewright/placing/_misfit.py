"""What of a network does not fit a chip."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Misfit:
    """One thing that does not fit.

    Parameters
    ----------
    layer : str
        The layer; ``"input"`` for the encoder, ``"network"`` for what only the whole is too much for.
    limit : str
        Name of the chip's limit, as in :class:`~spikewright.chips.Chip`.
    allowed, needed : str
        What the chip has, and what the layer asks for.
    change : str
        The nearest change that would make it fit.
    source : str
        Where the limit is from.
    """

    layer: str
    limit: str
    allowed: str
    needed: str
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.layer}: {self.limit}: needs {self.needed}, the chip has {self.allowed}. {self.change}"


@dataclass(frozen=True)
class Misfits:
    """All of a network that does not fit a chip.

    Parameters
    ----------
    chip : str
        Name of the chip.
    misfits : tuple of Misfit
        In the order of the layers.
    """

    chip: str
    misfits: tuple[Misfit, ...]

    fits = False
