r"""A filter bank like the cochlea: sound to the level in each frequency channel over time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from spikewright.checks import check_count, check_in_range, check_positive

_EAR_Q = 9.26449
_NARROWEST = 24.7
_ORDER = 4
_TAIL = 0.128


@dataclass(frozen=True)
class Cochlea:
    r"""Gammatone filters, half-wave rectification, mean level of each frame, compression to decibels.

    Filter :math:`k` has the impulse response :math:`t^3 e^{-2 \pi\, 1.019\, B(f_k)\, t} \cos(2 \pi f_k t)` and gain 1
    at its centre :math:`f_k`; :math:`B(f) = 24.7 + f / 9.26449` Hz is the equivalent rectangular bandwidth. Centres are
    spaced evenly on the scale of that bandwidth. Before the filters, a first difference raises high frequencies as the
    outer and middle ear do. Levels are counted from the loudest frame of the loudest channel, so that the loudness of a
    recording does not matter; and time from the first loud frame, so that it does not matter when the speaker began.

    Parameters
    ----------
    rate : float
        Samples a second.
    channels : int
        Number of filters.
    frames : int
        Number of frames of the result.
    frame : float
        Length of a frame in seconds. What lies after all frames is cut off; a shorter sound is followed by silence.
    lowest, highest : float
        Centres of the first and the last filter in Hz.
    decibels : float
        What lies this far below the loudest is 0.
    onset : float
        A frame is loud if it is at most this many decibels below the loudest.
    lead : int
        Frames that are kept before the first loud one, as consonants are soft.

    References
    ----------
    Patterson, Nimmo-Smith, Holdsworth, Rice, An efficient auditory filterbank based on the gammatone function, 1987.
    Glasberg, Moore, Derivation of auditory filter shapes from notched-noise data, Hearing Research, 1990.
    """

    rate: float = 8000.0
    channels: int = 32
    frames: int = 64
    frame: float = 0.016
    lowest: float = 100.0
    highest: float = 3600.0
    decibels: float = 30.0
    onset: float = 15.0
    lead: int = 6

    def __post_init__(self) -> None:
        check_count("Cochlea.channels", self.channels)
        check_count("Cochlea.frames", self.frames)
        check_positive("Cochlea.lowest", self.lowest, "Hz")
        check_in_range("Cochlea.highest", self.highest, self.lowest, self.rate / 2, "Half the rate is the highest.")
        check_positive("Cochlea.decibels", self.decibels)
        check_positive("Cochlea.onset", self.onset)
        check_count("Cochlea.lead", self.lead, minimum=0)
        check_in_range("Cochlea.frame", self.frame, 1 / self.rate, np.inf, "A frame holds at least one sample.")

    @property
    def centres(self) -> NDArray[np.float64]:
        """Centre of each filter in Hz, rising."""
        corner = _EAR_Q * _NARROWEST
        low, high = np.log(self.lowest + corner), np.log(self.highest + corner)
        return np.exp(np.linspace(low, high, self.channels)) - corner

    @cached_property
    def responses(self) -> NDArray[np.float64]:
        """Impulse responses, shape (channel, sample)."""
        time = np.arange(round(_TAIL * self.rate)) / self.rate
        centre = self.centres[:, None]
        bandwidth = 1.019 * (_NARROWEST + centre / _EAR_Q)
        envelope = time ** (_ORDER - 1) * np.exp(-2 * np.pi * bandwidth * time)
        response = envelope * np.cos(2 * np.pi * centre * time)
        gain = np.abs((response * np.exp(-2j * np.pi * centre * time)).sum(1, keepdims=True))
        normed: NDArray[np.float64] = response / gain
        return normed

    def __call__(self, sound: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the levels of one sound, shape (frame, channel), in [0, 1]; silence is 0 throughout.

        Raises
        ------
        ValueError
            If the sound is not 1-D or holds no samples.
        """
        if sound.ndim != 1 or not len(sound):
            raise ValueError(f"Cochlea: a sound must be 1-D and hold at least one sample; got shape {sound.shape}.")
        window = self._aligned(np.diff(sound, prepend=0.0))
        length, transfer = self._transfer
        # In single precision: its error is 140 dB below the loudest, far under the floor, and it takes half the time.
        motion = fft.irfft(fft.rfft(window.astype(np.float32), length) * transfer, length, overwrite_x=True)
        level = np.maximum(motion[:, : len(window)], 0).reshape(self.channels, self.frames, -1).mean(2).T
        loudest = level.max()
        if loudest <= 0:
            return np.zeros(level.shape, np.float32)
        floor = 10 ** (-self.decibels / 20)
        levels: NDArray[np.float32] = 1 + 20 * np.log10(np.maximum(level / loudest, floor)) / self.decibels
        return np.maximum(levels, 0).astype(np.float32)

    def _aligned(self, sound: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return as much of a sound as fills all frames, the first loud frame after ``lead`` others."""
        width = round(self.frame * self.rate)
        whole = np.pad(sound, (0, -len(sound) % width))
        power = np.square(whole).reshape(-1, width).mean(1)
        first = int(np.argmax(power >= power.max() * 10 ** (-self.onset / 10)))
        early = max(0, self.lead - first)
        kept = whole[max(0, first - self.lead) * width :][: (self.frames - early) * width]
        return np.pad(kept, (early * width, (self.frames - early) * width - len(kept)))

    @cached_property
    def _transfer(self) -> tuple[int, NDArray[np.complex64]]:
        """Length of the Fourier transform, so that the convolution does not wrap around, and the filters under it."""
        samples = self.frames * round(self.frame * self.rate) + self.responses.shape[1]
        length = fft.next_fast_len(samples, real=True)
        return length, fft.rfft(self.responses, length).astype(np.complex64)
