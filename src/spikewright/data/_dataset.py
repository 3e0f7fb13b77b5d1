"""A data set: three parts, of which the test part is read once, after training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikewright.spikes import Events


@dataclass(frozen=True)
class DataShape:
    """What a method may look at to choose its defaults.

    Parameters
    ----------
    sample : tuple of int
        Shape of one sample: (channel, row, column) of an image, (1, time, channel) of a spectrogram, (polarity, row,
        column) of a sensor of events.
    count : int
        Number of training samples.
    classes : int
        Number of classes.
    kind : str
        ``"image"``, ``"sequence"`` (rows are steps in time) or ``"events"``.
    """

    sample: tuple[int, ...]
    count: int
    classes: int
    kind: str = "image"


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a data set.

    Parameters
    ----------
    x : array of float32, shape (sample, channel, row, column), values in [0, 1]; or a sequence of Events
        The samples; recordings of events may be read from their files at every access.
    y : array of int64, shape (sample,)
        Index of the class of each.
    """

    x: NDArray[np.float32] | Sequence[Events]
    y: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)

    def digest(self) -> str:
        """Return the SHA-256 of samples and labels, in order, as hexadecimal digits."""
        digest = hashlib.sha256(self.y.tobytes())
        for sample in self.x:
            if isinstance(sample, Events):
                digest.update(sample.times.tobytes() + sample.addresses.tobytes())
            else:
                digest.update(np.ascontiguousarray(sample).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples in three parts.

    Parameters
    ----------
    name : str
        What the user asked for.
    kind : str
        See :class:`DataShape`.
    classes : tuple of str
        Names of the classes, in the order of their indices.
    train, validation : Part
        For training, and for every choice made.
    read_test : callable
        Reads the test part; called once, after training.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    train: Part
    validation: Part
    read_test: Callable[[], Part]

    @property
    def shape(self) -> DataShape:
        """What methods choose their defaults by."""
        first = self.train.x[0]
        return DataShape(tuple(first.shape), len(self.train), len(self.classes), self.kind)

    def digests(self) -> dict[str, str]:
        """Return the hash of each part that is read before training, by name, for the record."""
        return {"train": self.train.digest(), "validation": self.validation.digest()}
