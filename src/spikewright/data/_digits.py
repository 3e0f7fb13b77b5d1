"""The digits that come with scikit-learn: the default, which needs no file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from spikewright.checks import DataError
from spikewright.data._dataset import Part
from spikewright.data._files import contents, one_line
from spikewright.data._source import Parts, Source
from spikewright.data._split import stratified_split

_TEST = 360
_VALIDATION = 180
_SEED_OF_TEST_PART = 1998
_BRIGHTEST = 16


@dataclass(frozen=True, kw_only=True)
class ShippedDigits(Source):
    """scikit-learn's digits; the authors' test part is not among them, so that a fixed fifth is the test part here."""

    def files(self, folder: Path) -> list[Path]:
        """Return the one file."""
        return [folder / "digits.csv.gz"]

    def check(self, path: Path) -> None:
        """Read the file."""
        contents(path, self.todo)
        self._all()

    def parts(self, folder: Path, *, seed: int) -> Parts:  # noqa: ARG002 - scikit-learn knows its folder
        """Split a fixed test part off, then a validation part by ``seed``; both are stratified."""
        _, labels = self._all()
        rest, test = stratified_split(labels, _TEST, _SEED_OF_TEST_PART)
        train, held_out = stratified_split(labels[rest], _VALIDATION, seed)
        return Parts(self._part(rest[train]), self._part(rest[held_out]), partial(self._part, test))

    def _part(self, index: NDArray[np.int64]) -> Part:
        images, labels = self._all()
        return Part((images[index, None] / _BRIGHTEST).astype(np.float32), labels[index].astype(np.int64))

    def _all(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        try:
            digits = load_digits()
        except (OSError, ValueError) as error:
            raise DataError(
                f"digits: scikit-learn cannot read its own file ({one_line(error)}). Install it anew."
            ) from error
        return digits.images, digits.target


DIGITS = ShippedDigits(
    name="digits",
    title="handwritten digits, 1,797 grey images of 8 x 8, in scikit-learn: needs no file",
    kind="image",
    classes=tuple("0123456789"),
    page="https://archive.ics.uci.edu/dataset/80",
    licence="CC BY 4.0",
    cite="Alpaydin, Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998",
    shipped=Path(sklearn.__file__).parent / "datasets" / "data",
)
