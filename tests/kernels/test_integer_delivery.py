"""The compiled delivery of whole numbers agrees with its reference, saturation and its order included."""

import numpy as np
import pytest

from spikewright import kernels

WIDE = 2**62


@pytest.mark.parametrize(("low", "high"), [(-WIDE, WIDE), (-300, 299)])
@pytest.mark.parametrize(("batch", "sources", "targets"), [(0, 3, 2), (1, 1, 1), (4, 7, 5), (3, 0, 4)])
def test_kernel_is_its_reference(batch, sources, targets, low, high):
    rng = np.random.default_rng(batch + sources)
    sent = rng.integers(-2, 4, (batch, 2 * sources))[:, ::2]
    reached = rng.integers(0, targets + 1, sources)
    starts = np.concatenate([[0], np.cumsum(reached)])
    wires = np.concatenate([np.sort(rng.permutation(targets)[:count]) for count in reached] or [[]]).astype(np.int64)
    weights = rng.integers(-200, 201, len(wires))
    compiled = rng.integers(max(low, -50), 50, (batch, targets))
    plain = compiled.copy()
    kernels.deliver_integers(sent, starts, wires, weights, low, high, compiled)
    kernels.deliver_integers_reference(sent, starts, wires, weights, low, high, plain)
    np.testing.assert_array_equal(compiled, plain)


def test_sums_are_clipped_after_each_source():
    """250 + 100 is clipped to 299 before 100 are taken away again."""
    sums = np.array([[250]])
    kernels.deliver_integers(
        np.array([[1, 1]]), np.array([0, 1, 2]), np.array([0, 0]), np.array([100, -100]), -300, 299, sums
    )
    assert sums.item() == 199
