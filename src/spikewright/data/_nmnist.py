"""N-MNIST: MNIST's digits seen by a moving event camera, in its authors' layout, and a subset of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._dataset import Part
from spikewright.data._download import ArchiveDownload
from spikewright.data._event_files import as_recording, read_40_bit
from spikewright.data._recordings import Recordings
from spikewright.data._source import Parts, Source
from spikewright.data._split import stratified_split
from spikewright.spikes import Events

_SENSOR = (34, 34)


@dataclass(frozen=True, kw_only=True)
class DigitRecordings(Source):
    """Recordings in ``Train/<digit>/<id>.bin`` and ``Test/<digit>/<id>.bin``, 40 bits an event.

    Parameters
    ----------
    counts : tuple of int
        Number of recordings for training and for test; another number is an error, so that no subset passes for the
        whole.
    held_out : int
        Number of training samples that form the validation part.
    """

    counts: tuple[int, int]
    held_out: int

    def files(self, folder: Path) -> list[Path]:
        """Return the recordings of both parts; raise :class:`DataError` if there are too few or too many."""
        return [path for name in ("Train", "Test") for path in self._recordings(folder, name)]

    def check(self, path: Path) -> None:
        """Read one recording; the authors published no checksums of them."""
        self._read(path)

    def parts(self, folder: Path, *, seed: int) -> Parts:
        """Find the recordings, which are read when they are asked for; the validation part is stratified."""
        train = self._recordings(folder, "Train")
        labels = np.array([int(path.parent.name) for path in train])
        rest, held_out = stratified_split(labels, self.held_out, seed)
        test = self._recordings(folder, "Test")
        return Parts(
            self._part(train, rest), self._part(train, held_out), partial(self._part, test, np.arange(len(test)))
        )

    def _recordings(self, folder: Path, part: str) -> list[Path]:
        """Return the files of a part in the order of their numbers, which is that of MNIST."""
        found = [path for digit in self.classes for path in (folder / part / digit).glob("*.bin")]
        count = self.counts[part == "Test"]
        if len(found) != count:
            raise DataError(
                f"{folder / part}: holds {len(found):,} recordings (<digit>/<id>.bin), but {self.name} has {count:,}. "
                f"Unpack {part}.zip from {self.page} again; to use less, give the path of {part} as your own data."
            )
        return sorted(found, key=lambda path: (path.stem, path.parent.name))

    def _part(self, files: list[Path], index: NDArray[np.int64]) -> Part:
        chosen = tuple(files[i] for i in index)
        return Part(Recordings(chosen, self._read), np.array([int(path.parent.name) for path in chosen], np.int64))

    def _read(self, path: Path) -> Events:
        return as_recording(path, read_40_bit(path, self.todo), _SENSOR, self.todo)


_MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files"

N_MNIST = DigitRecordings(
    name="n-mnist",
    title="MNIST seen by a moving event camera, 60,000 and 10,000 recordings of 0.3 s, 34 x 34",
    kind="events",
    classes=tuple("0123456789"),
    page="https://www.garrickorchard.com/datasets/n-mnist",
    licence="stated on the page",
    cite="Orchard, Jayawant, Cohen, Thakor, Converting static image datasets to spiking neuromorphic datasets using "
    "saccades, Frontiers in Neuroscience, 2015",
    folders=("n-mnist", "N-MNIST", "NMNIST"),
    counts=(60_000, 10_000),
    held_out=5000,
    downloads=(
        ArchiveDownload(
            name="Train.zip",
            mirrors=(f"{_MENDELEY}/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",),
            checksum="md5:20959b8e626244a1b502305a9e6e2031",
            keep=(("Train", "Train"),),
        ),
        ArchiveDownload(
            name="Test.zip",
            mirrors=(f"{_MENDELEY}/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",),
            checksum="md5:69ca8762b2fe404d9b9bad1103e97832",
            keep=(("Test", "Test"),),
        ),
    ),
)

N_MNIST_1K = DigitRecordings(
    name="n-mnist-1k",
    title="800 and 200 recordings of N-MNIST's training part; a subset, not to be reported as N-MNIST",
    kind="events",
    classes=N_MNIST.classes,
    page=N_MNIST.page,
    licence=N_MNIST.licence,
    cite=N_MNIST.cite,
    folders=("n-mnist-1k",),
    counts=(800, 200),
    held_out=80,
)
