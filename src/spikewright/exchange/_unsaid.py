"""What a model file leaves open, as whoever opens it says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path

from spikewright.checks import ModelError, check_count
from spikewright.coding import Encoder
from spikewright.exchange._convention import Convention


@dataclass(frozen=True, kw_only=True)
class Unsaid:
    """What a NIR file of another library does not say. A file of this package says it all.

    Parameters
    ----------
    convention : Convention, optional
        How the library that wrote the file steps its neurons, such as :data:`SNNTORCH`.
    dt : float, optional
        Length of a step in seconds, in place of that of the convention or the file.
    steps : int, optional
        Length of a run.
    encoder : Encoder, optional
        How samples enter; its steps are the length of a run.
    tell : callable, optional
        Called with a sentence that says what was taken for granted.
    """

    convention: Convention | None = None
    dt: float | None = None
    steps: int | None = None
    encoder: Encoder | None = None
    tell: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        if self.dt is not None and not 0 < self.dt < inf:
            raise ModelError(f"Unsaid.dt: must be > 0 seconds; got {self.dt:g}.")
        if self.steps is not None:
            check_count("Unsaid.steps", self.steps)
        if self.steps is not None and self.encoder is not None:
            raise ModelError("Unsaid: an encoder has steps of its own; leave out steps, or the encoder.")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what is said here."""
        names = [entry.name for entry in fields(self) if entry.name != "tell"]
        return tuple(name for name in names if getattr(self, name) is not None)

    def refuse(self, path: str | Path) -> None:
        """Raise :class:`ModelError` if anything is said here of a file that says it itself."""
        if self.given:
            raise ModelError(
                f"{path}: was written by spikewright and says itself how it runs; leave out {', '.join(self.given)}."
            )
