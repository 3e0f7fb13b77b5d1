"""What every encoder is: samples in, one raster out, with the generator passed in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import Raster, check_count
from spikewright.spikes import Events

# An array of numbers, shape (sample, ...), or one Events per sample (a list, or an array of objects).
Samples: TypeAlias = Tensor | NDArray[np.generic] | Sequence[Events]


class Transform(ABC):
    """Something done to samples before they are encoded, such as a difference of Gaussians."""

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Transform ``x``, shape (batch, ...), without regard to the other samples of the batch."""


@dataclass(frozen=True, kw_only=True)
class Encoder(ABC):
    """Turns samples into what arrives at the first layer in each time step.

    Parameters
    ----------
    steps : int
        Number of time steps of a run.
    before : tuple of Transform
        Applied to the samples first, in this order.
    """

    constant: ClassVar[bool] = False
    """Whether all steps are equal, so that the first connection needs to be computed once only."""

    steps: int
    before: tuple[Transform, ...] = ()

    def __post_init__(self) -> None:
        check_count(f"{type(self).__name__}.steps", self.steps)

    @property
    def spiking(self) -> bool:
        """Whether the raster holds spikes (or counts of them); if not, the first layer multiplies."""
        return True

    def __call__(
        self, samples: Samples, *, dt: float, like: Tensor, generator: torch.Generator | None = None
    ) -> Raster:
        """Encode a batch.

        Parameters
        ----------
        samples : array, Tensor or sequence of Events
            One batch, first axis the samples.
        dt : float
            Length of a step in seconds.
        like : Tensor
            Its dtype and device are those of the raster.
        generator : torch.Generator, optional
            Source of randomness of a stochastic code; ``None`` is torch's default generator.

        Returns
        -------
        Tensor, shape (time, batch, neuron...)
        """
        x = self.gather(samples, dt=dt, like=like)
        for transform in self.before:
            x = transform(x)
        return self.encode(x, dt=dt, generator=generator)

    def gather(self, samples: Samples, *, dt: float, like: Tensor) -> Tensor:  # noqa: ARG002 - encoders of events bin
        """Return the samples as one tensor, shape (batch, ...); recordings of events need an encoder of events."""
        if isinstance(samples, Tensor):
            return samples.to(like)
        if not isinstance(samples, np.ndarray) or samples.dtype == object:
            raise ValueError(
                f"{type(self).__name__}: takes one array of numbers; got {described(samples)}. "
                "For recordings of events use EventFrames, or EventImage to count the events of each input."
            )
        # A copy: torch refuses negative strides and warns of arrays that cannot be written, such as memory maps.
        return torch.tensor(np.ascontiguousarray(samples), dtype=like.dtype, device=like.device)

    @abstractmethod
    def encode(self, x: Tensor, *, dt: float, generator: torch.Generator | None) -> Raster:
        """Encode ``x``, shape (batch, ...); see the class for the range that is expected."""


def described(samples: Samples) -> str:
    """Return what ``samples`` are in a few words, for an error message."""
    if isinstance(samples, Tensor | np.ndarray) and samples.dtype != object:
        return f"an array of {samples.dtype}, shape {tuple(samples.shape)}"
    return f"a {type(samples).__name__} of {type(samples[0]).__name__}" if len(samples) else "no samples"
