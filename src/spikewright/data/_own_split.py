"""The parts of a user's own data, where nobody else has said what they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._split import stratified_split

TEST = 0.2
VALIDATION = 0.1
SEED_OF_TEST_PART = 1998
"""The test part never depends on a seed of the user, so that all runs are tested on the same samples."""

_FEWEST = 3


class OwnSplit(NamedTuple):
    """Indices of the samples of each part."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_own(where: str, labels: NDArray[np.int64], classes: tuple[str, ...], *, seed: int) -> OwnSplit:
    """Split samples: 70 % for training, 10 % for validation (by ``seed``), 20 % for test, each class in proportion.

    Raises
    ------
    DataError
        If there are fewer than two classes, or a class has too few samples to be in every part.
    """
    if len(classes) < 2:
        raise DataError(f"{where}: needs at least two classes; got {len(classes)}. Add samples of another class.")
    sizes = np.bincount(labels, minlength=len(classes))
    rarest = int(sizes.argmin())
    if sizes[rarest] < _FEWEST:
        raise DataError(
            f"{where}: class {classes[rarest]!r} has {sizes[rarest]} samples; each needs at least {_FEWEST}, "
            "one for each part. Add some, or leave the class out."
        )
    rest, test = stratified_split(labels, round(TEST * len(labels)), SEED_OF_TEST_PART)
    train, validation = stratified_split(labels[rest], round(VALIDATION * len(labels)), seed)
    return OwnSplit(rest[train], rest[validation], test)
