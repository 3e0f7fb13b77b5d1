"""scikit-learn's own checks of an estimator, on small and short versions of the learners."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from spikewright import learners
from spikewright.coding import Direct

SMALL = [
    learners.Twin("20", epochs=30, batch_size=10, learning_rate=1e-2),
    learners.SurrogateGradient("20", steps=4, epochs=30, batch_size=10, learning_rate=1e-2),
    learners.SurrogateGradient("20", steps=4, epochs=15, batch_size=10, learning_rate=2e-2, chip="loihi-2"),
    learners.RateConversion("20", code=Direct(steps=32), epochs=30, batch_size=10, learning_rate=1e-2),
]


@pytest.mark.filterwarnings("ignore")  # the checks warn of estimators on purpose
@parametrize_with_checks(SMALL)
def test_estimator_check(estimator, check):
    """Every check of scikit-learn passes."""
    check(estimator)
