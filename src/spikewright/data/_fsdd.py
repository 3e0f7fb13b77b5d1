"""The Free Spoken Digit Dataset: spoken digits as levels in the channels of a cochlea over time."""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikewright.checks import DataError
from spikewright.data._cochlea import Cochlea
from spikewright.data._dataset import Part
from spikewright.data._download import ArchiveDownload
from spikewright.data._files import one_line
from spikewright.data._source import Parts, Source

_RATE = 8000
_TEST = range(5)
_VALIDATION = range(5, 10)


@dataclass(frozen=True, kw_only=True)
class SpokenDigits(Source):
    """Recordings ``recordings/<digit>_<speaker>_<index>.wav``, 8 kHz, mono, 16 bits.

    Indices 0 to 4 are the official test part. Indices 5 to 9 are the validation part here, whatever the seed, so that
    it is made as the test part is. All parts have the same speakers.

    Parameters
    ----------
    speakers : tuple of str
        Who speaks.
    takes : int
        Recordings of each digit by each speaker.
    cochlea : Cochlea
        What a recording passes through.
    """

    speakers: tuple[str, ...]
    takes: int = 50
    cochlea: Cochlea = field(default_factory=Cochlea)

    def files(self, folder: Path) -> list[Path]:
        """Return all recordings."""
        return self._recordings(folder, range(self.takes))

    def check(self, path: Path) -> None:
        """Read one recording; the authors published no checksums of them."""
        self._sound(path)

    def parts(self, folder: Path, *, seed: int) -> Parts:  # noqa: ARG002 - the split is fixed
        """Read and filter the training recordings."""
        train, validation, test = (
            self._recordings(folder, takes) for takes in (range(_VALIDATION.stop, self.takes), _VALIDATION, _TEST)
        )
        return Parts(self._part(train), self._part(validation), partial(self._part, test))

    def _recordings(self, folder: Path, takes: range) -> list[Path]:
        """Return the recordings with an index in ``takes``, the digits in turn."""
        names = (f"{digit}_{who}_{take}.wav" for take in takes for who in self.speakers for digit in self.classes)
        return [folder / "recordings" / name for name in names]

    def _part(self, files: list[Path]) -> Part:
        levels = np.stack([self.cochlea(self._sound(path)) for path in files])
        return Part(levels[:, None], np.array([int(path.name.split("_")[0]) for path in files], np.int64))

    def _sound(self, path: Path) -> NDArray[np.float64]:
        try:
            with wave.open(str(path)) as file:
                form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
                announced = file.getnframes()
                data = file.readframes(announced)
        except (wave.Error, EOFError, OSError, RuntimeError) as error:
            raise DataError(f"{path}: no whole wav file ({one_line(error)}). {self.todo}") from error
        if form != (1, 2, _RATE):
            raise DataError(
                f"{path}: must be mono, 16 bits, {_RATE} Hz; got {form[0]} channels, {8 * form[1]} bits, {form[2]} Hz. "
                f"{self.todo}"
            )
        if not announced or len(data) < 2 * announced:
            raise DataError(
                f"{path}: truncated or empty; it holds {len(data) // 2} of {announced} announced samples. {self.todo}"
            )
        return np.frombuffer(data, "<i2").astype(np.float64)


_TAG = "v1.0.10"
_IN_ARCHIVE = f"free-spoken-digit-dataset-{_TAG.removeprefix('v')}/recordings"

FSDD = SpokenDigits(
    name="fsdd",
    title="spoken digits, 2,700 and 300 recordings by six speakers, through a filter bank like the cochlea",
    kind="sequence",
    classes=tuple("0123456789"),
    page="https://github.com/Jakobovski/free-spoken-digit-dataset",
    licence="CC BY-SA 4.0",
    cite="Jackson, Free Spoken Digit Dataset, v1.0.10, doi:10.5281/zenodo.1342401",
    folders=("fsdd", "free-spoken-digit-dataset", "free-spoken-digit-dataset-1.0.10"),
    speakers=("george", "jackson", "lucas", "nicolas", "theo", "yweweler"),
    downloads=(
        ArchiveDownload(
            name="fsdd.zip",
            mirrors=(
                f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/{_TAG}.zip",
                f"https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/zip/refs/tags/{_TAG}",
            ),
            # None was published. Unpacking checks the CRC-32 that zip keeps of each file; all recordings must be there.
            checksum="",
            keep=((_IN_ARCHIVE, "recordings"),),
        ),
    ),
)
