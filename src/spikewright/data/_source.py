"""What a known data set is: where it comes from, which files it has, and how they are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spikewright.checks import DataError
from spikewright.data._dataset import Dataset, Part
from spikewright.data._download import Download
from spikewright.data._files import require_files


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a data set as its reader gives them; see :class:`Dataset`."""

    train: Part
    validation: Part
    read_test: Callable[[], Part]


@dataclass(frozen=True)
class Verdict:
    """What was found about one file; ``problem`` is empty if it is as it should be."""

    path: Path
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A known data set. To add one: an instance, of a subclass if need be, in its own file, and a line in ``SOURCES``.

    Parameters
    ----------
    name : str
        What the user asks for.
    title : str
        What it is, in a few words.
    kind : str
        See :class:`DataShape`.
    classes : tuple of str
        Names of the classes, in the order of their labels.
    page : str
        Where its authors offer it.
    licence, cite : str
        Its terms, and whom to cite.
    folders : tuple of str
        Names its folder may have under the data root; downloads go to the first.
    downloads : tuple of Download
        What to fetch; empty if it cannot be fetched.
    shipped : Path, optional
        The folder in which an installed package brings it, whatever the data root.
    """

    name: str
    title: str
    kind: str
    classes: tuple[str, ...]
    page: str
    licence: str
    cite: str
    folders: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    shipped: Path | None = None

    @abstractmethod
    def files(self, folder: Path) -> list[Path]:
        """Return the files that must be in ``folder``, whether they are there or not."""

    @abstractmethod
    def check(self, path: Path) -> None:
        """Raise :class:`DataError` unless a file is whole and, as far as that is known, what was published."""

    @abstractmethod
    def parts(self, folder: Path, *, seed: int) -> Parts:
        """Read the training part, split a validation part off by ``seed``, and leave the test part unopened."""

    def find(self, home: Path) -> Path | None:
        """Return the folder of the data set under the root ``home``, or None if there is none."""
        if self.shipped is not None:
            return self.shipped
        return next((home / name for name in self.folders if (home / name).is_dir()), None)

    @property
    def todo(self) -> str:
        """What a user should do about a file that is missing or damaged."""
        if self.downloads:
            return f"Delete it if it is there, then run: spikewright data fetch {self.name}"
        return f"Get it anew from {self.page}."

    def read(self, folder: Path, *, seed: int) -> Dataset:
        """Read the data set in ``folder``.

        Raises
        ------
        DataError
            If a file is missing, the test part included, or one that is read is not as it should be.
        """
        require_files(self.files(folder), self.todo)
        parts = self.parts(folder, seed=seed)
        return Dataset(self.name, self.kind, self.classes, parts.train, parts.validation, parts.read_test)

    def verify(self, folder: Path) -> list[Verdict]:
        """Read every file in ``folder`` and say of each what is wrong with it, if anything."""
        try:
            files = self.files(folder)
        except DataError as error:
            return [Verdict(folder, str(error))]
        return [self._verdict(path) for path in files]

    def _verdict(self, path: Path) -> Verdict:
        try:
            self.check(path)
        except DataError as error:
            return Verdict(path, str(error))
        return Verdict(path)
