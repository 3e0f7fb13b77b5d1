"""A fit that recomputes: the same network, and no setting that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spikewright.checks import ModelError
from spikewright.fitting import Descent
from spikewright.learners import SurrogateGradient


def fitted(**options):
    """Fit a small network to labels that are in the samples."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=60)
    x = (rng.random((60, 12)) * 0.3 + 0.7 * (np.arange(12) % 3 == y[:, None])).astype(np.float32)
    return SurrogateGradient("20", steps=7, epochs=6, batch_size=16, learning_rate=1e-2, **options).fit(x, y)


def test_a_fit_that_recomputes_ends_alike():
    """24 steps of Adam, whose first ones take only the sign of a gradient, so that rounding errors may grow."""
    plain, pieces = fitted(), fitted(recompute_every=3)
    losses = [[progress.metrics["loss"] for progress in learner.history_] for learner in (plain, pieces)]
    assert losses[0][-1] < 0.9 * losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    for one, other in zip(plain.network_.parameters(), pieces.network_.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("option", [{"batch_norm": True}, {"dropout": 0.1}])
def test_what_looks_at_all_steps_is_refused(option):
    with pytest.raises(ModelError, match="cannot run in pieces of time"):
        fitted(recompute_every=3, **option)


def test_a_piece_has_a_step():
    with pytest.raises(ValueError, match="recompute_every: must be >= 1; got 0"):
        Descent(1, 1, 0.1, recompute_every=0)
