"""Transforms: properties and errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import convolve

from spikewright import coding

quick = settings(max_examples=50, deadline=None)


def test_kernel_has_no_mean_and_is_the_one_in_use():
    """Scaled to a largest weight of 1, it is the 7 x 7 kernel for sigmas 1 and 2 of the STDP literature."""
    kernel = coding.DifferenceOfGaussians().kernel
    assert abs(float(kernel.sum())) < 1e-15
    assert float(kernel.clamp(min=0).sum()) == pytest.approx(1, abs=1e-15)
    y, x = np.mgrid[-3:4, -3:4]
    squares = x**2 + y**2
    ideal = np.exp(-squares / 2) - np.exp(-squares / 8) / 4
    ideal -= ideal.mean()
    np.testing.assert_allclose(kernel / kernel.max(), ideal / ideal.max(), rtol=0, atol=1e-14)


def test_cells_are_the_two_signs_of_a_convolution():
    """ON channels first, in the order of the image's channels; SciPy gives the same convolution with black borders."""
    images = torch.rand(2, 3, 9, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    transform = coding.DifferenceOfGaussians(sigma_centre=0.8, sigma_surround=1.5, size=5, minimum=0.0)
    cells = transform(images)
    assert cells.shape == (2, 6, 9, 11)
    weights = transform.kernel.numpy()
    for sample in range(2):
        for channel in range(3):
            contrast = convolve(images[sample, channel].numpy(), weights, mode="constant")
            np.testing.assert_allclose(cells[sample, channel], np.maximum(contrast, 0), rtol=0, atol=1e-14)
            np.testing.assert_allclose(cells[sample, 3 + channel], np.maximum(-contrast, 0), rtol=0, atol=1e-14)


@quick
@given(arrays(np.float32, (1, 1, 8, 8), elements=st.floats(0, 1, width=32)))
def test_images_stay_in_the_unit_range(image):
    """Up to the rounding of a float32 sum of 49 products."""
    cells = coding.DifferenceOfGaussians()(torch.from_numpy(image))
    assert cells.min() >= 0
    assert cells.max() <= 1 + 49 * np.finfo(np.float32).eps


@pytest.mark.parametrize("level", [0.1, 0.7, 1.0])
def test_flat_image_is_silent_away_from_the_border(level):
    """Exactly: the minimum takes away what rounding leaves, so that a latency code does not fire there."""
    cells = coding.DifferenceOfGaussians()(torch.full((1, 1, 12, 10), level))
    assert not cells[..., 3:-3, 3:-3].any()


def test_cells_up_to_the_minimum_are_silent():
    step = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    step[..., 4:] = 1.0
    free = coding.DifferenceOfGaussians(minimum=0.0)(step)
    cells = coding.DifferenceOfGaussians(minimum=0.2)(step)
    assert torch.equal(cells, torch.where(free > 0.2, free, 0.0))
    assert 0 < int((cells > 0).sum()) < int((free > 0).sum())


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"sigma_centre": 0.0}, "sigma_centre: must be > 0 pixels; got 0.0"),
        ({"sigma_centre": 2.0, "sigma_surround": 1.0}, "sigma_surround - sigma_centre: must be > 0 pixels; got -1.0"),
        ({"size": 6}, "size: must be odd; got 6"),
        ({"size": 1}, "size: must be >= 3; got 1"),
        ({"minimum": -0.5}, r"minimum: must lie in \[0, 1\]; got -0.5"),
    ],
)
def test_difference_of_gaussians_checks_its_parameters(arguments, rule):
    with pytest.raises(ValueError, match=rf"DifferenceOfGaussians\.{rule}"):
        coding.DifferenceOfGaussians(**arguments)


def test_difference_of_gaussians_needs_images():
    with pytest.raises(ValueError, match=r"DifferenceOfGaussians: takes images, .* got \(2, 5, 5\)\."):
        coding.DifferenceOfGaussians()(torch.zeros(2, 5, 5))


@quick
@given(arrays(np.float64, (6, 3), elements=st.floats(-100, 100)))
def test_rescaled_training_samples_fill_the_unit_range(x):
    """By the range of each feature; features that do not vary become 0."""
    samples = torch.from_numpy(x)
    low, high = samples.amin(0), samples.amax(0)
    rescaled = coding.Rescale(low, high)(samples)
    assert rescaled.amin(0).tolist() == [0.0] * 3
    assert rescaled.amax(0).tolist() == [float(varies) for varies in high > low]


def test_rescale_checks_its_range():
    with pytest.raises(ValueError, match=r"Rescale\.high - Rescale\.low: must lie in \[0, inf\]; got -1\.0\."):
        coding.Rescale(2.0, 1.0)
    with pytest.raises(ValueError, match=r"Rescale\.high - Rescale\.low: .* a tensor of \(2,\) from -1 to 1\."):
        coding.Rescale(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"Rescale\.low: must be finite; got -inf\."):
        coding.Rescale(-float("inf"), 1.0)
    with pytest.raises(ValueError, match=r"Rescale\.high: must be finite; got nan\."):
        coding.Rescale(0.0, float("nan"))


@quick
@given(arrays(np.float32, (3, 2, 4), elements=st.floats(0, 1, width=32)))
def test_brightened_samples_reach_the_least_sum(x):
    """In one proportion, however little light there is; to the rounding of sums of 8 float32 numbers."""
    samples = torch.from_numpy(x)
    sums = samples.sum((1, 2))
    brightened = coding.Brighten(least=3.0)(samples)
    reached = torch.where(sums > 0, sums.clamp(min=3.0), 0.0)
    torch.testing.assert_close(brightened.sum((1, 2)), reached, rtol=1e-5, atol=0)
    normal = sums > torch.finfo(torch.float32).tiny
    proportion = samples[normal] / sums[normal, None, None]
    torch.testing.assert_close(brightened[normal] / reached[normal, None, None], proportion, rtol=1e-5, atol=1e-30)


def test_brighten_checks_its_sum():
    with pytest.raises(ValueError, match=r"Brighten\.least: must be finite; got inf\."):
        coding.Brighten(float("inf"))
    with pytest.raises(ValueError, match=r"Brighten\.least: must lie in \[0, inf\]; got -1\.0\."):
        coding.Brighten(-1.0)


def test_standardised_training_samples_have_no_mean_and_unit_spread():
    """To the rounding of sums of 50 float64 numbers."""
    x = torch.rand(50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 7 - 2
    z = coding.Standardise(x.mean(0), x.std(0))(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(4, dtype=torch.float64), rtol=0, atol=1e-13)
    torch.testing.assert_close(z.std(0), torch.ones(4, dtype=torch.float64), rtol=0, atol=1e-13)


def test_standardise_checks_its_parameters():
    with pytest.raises(ValueError, match=r"Standardise\.mean: must be finite; got nan\."):
        coding.Standardise(float("nan"), 1.0)
    with pytest.raises(ValueError, match=r"Standardise\.std: must be finite; got inf\."):
        coding.Standardise(0.0, float("inf"))
    with pytest.raises(ValueError, match=r"Standardise\.std: must lie in \[0, inf\]; got -1\.0\."):
        coding.Standardise(0.0, -1.0)
