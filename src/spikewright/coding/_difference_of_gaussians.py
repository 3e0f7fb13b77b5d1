"""The contrast cells of the retina: a difference of Gaussians, ON and OFF."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from spikewright.checks import check_count, check_in_range, check_positive
from spikewright.coding._encoder import Transform


@dataclass(frozen=True)
class DifferenceOfGaussians(Transform):
    r"""Filter images as ON- and OFF-centre cells do: where the centre is brighter than its surround, and where darker.

    .. math:: K(r) = \frac{1}{2\pi\sigma_c^2} e^{-r^2 / 2\sigma_c^2} - \frac{1}{2\pi\sigma_s^2} e^{-r^2 / 2\sigma_s^2}

    The kernel is cut off at ``size``, its mean is subtracted, and it is scaled so that its positive weights add up to
    1: images in [0, 1] stay in [0, 1]. (Others scale the largest weight to 1; only a factor differs.) Outside the image
    it is black, so a bright border is an edge.

    Parameters
    ----------
    sigma_centre, sigma_surround : float
        Widths of the two Gaussians in pixels, the centre's smaller.
    size : int
        Height and width of the kernel in pixels, odd.
    minimum : float
        Contrast in [0, 1] up to which a cell gives 0. Without it the rounding of a sum that should be 0 would make
        cells on a flat image fire.

    References
    ----------
    Kheradpisheh, Ganjtabesh, Thorpe, Masquelier, STDP-based spiking deep convolutional neural networks for object
    recognition, Neural Networks 99, 2018.
    """

    sigma_centre: float = 1.0
    sigma_surround: float = 2.0
    size: int = 7
    minimum: float = 0.01

    def __post_init__(self) -> None:
        check_positive("DifferenceOfGaussians.sigma_centre", self.sigma_centre, "pixels")
        check_positive(
            "DifferenceOfGaussians.sigma_surround - sigma_centre",
            self.sigma_surround - self.sigma_centre,
            "pixels",
            "OFF cells come with the ON cells.",
        )
        check_in_range("DifferenceOfGaussians.minimum", self.minimum, 0, 1)
        if check_count("DifferenceOfGaussians.size", self.size, minimum=3) % 2 == 0:
            raise ValueError(f"DifferenceOfGaussians.size: must be odd; got {self.size}.")

    @property
    def kernel(self) -> Tensor:
        """The weights of the ON cells, float64, shape (size, size), with sum 0."""
        offsets = torch.arange(self.size, dtype=torch.float64) - self.size // 2
        squares = offsets.square()
        distance = squares.unsqueeze(0) + squares.unsqueeze(1)
        kernel = _gaussian(distance, self.sigma_centre) - _gaussian(distance, self.sigma_surround)
        kernel = kernel - kernel.mean()
        return kernel / kernel.clamp(min=0).sum()

    def __call__(self, x: Tensor) -> Tensor:
        """Filter ``x``, shape (batch, channel, row, column); the result has all ON channels, then all OFF channels."""
        if x.ndim != 4:
            raise ValueError(
                f"DifferenceOfGaussians: takes images, shape (batch, channel, row, column); got {tuple(x.shape)}."
            )
        kernel = self.kernel.to(x).expand(x.shape[1], 1, -1, -1)
        contrast = functional.conv2d(x, kernel, padding=self.size // 2, groups=x.shape[1])
        cells = torch.cat([contrast, -contrast], dim=1)
        return cells.where(cells > self.minimum, cells.new_zeros(()))


def _gaussian(squared_distance: Tensor, sigma: float) -> Tensor:
    # Without 1 / (2 pi), which the scaling of the kernel takes out.
    return torch.exp(-squared_distance / (2 * sigma**2)) / sigma**2
