"""Ridge regression from sums, against a hand-worked example, autograd and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from spikewright.learners._ridge import Moments, choose_penalty


def moments(features, labels, classes=2) -> Moments:
    sums = Moments.empty(features.shape[1], classes)
    sums.add(features, labels)
    return sums


def drawn(seed: int, samples: int = 40):
    rng = np.random.default_rng(seed)
    features = torch.from_numpy(rng.poisson(3.0, size=(samples, 7))).double()
    return features, torch.from_numpy(rng.integers(0, 3, size=samples))


def test_two_samples_by_hand():
    """0 is of class 0 and 2 of class 1.

    With the constant 1 the sums are X'X = (4 2; 2 2) and X'Y = (0 2; 1 1). Penalty 2 on the first weight only makes
    (6 2; 2 2), whose inverse is (2 -2; -2 6) / 8, so W = (-2 2; 6 2) / 8. The predictions (0.75, 0.25) and (0.25, 0.75)
    each miss by 0.25 twice: 0.25 in all, less the squared targets, 2.
    """
    sums = moments(torch.tensor([[0.0], [2.0]]), torch.tensor([0, 1]))
    assert sums.gram.tolist() == [[4, 2], [2, 2]]
    assert sums.cross.tolist() == [[0, 2], [1, 1]]
    weights = sums.solve(2.0)
    torch.testing.assert_close(weights, torch.tensor([[-0.25, 0.25], [0.75, 0.25]], dtype=torch.float64))
    assert sums.error(weights) == pytest.approx(0.25 - 2)


def test_the_gradient_of_the_penalised_error_is_zero_at_the_solution():
    features, labels = drawn(0)
    weights = moments(features, labels, 3).solve(5.0).requires_grad_()
    scores = features @ weights[:-1] + weights[-1]
    targets = torch.nn.functional.one_hot(labels, 3)
    ((scores - targets).square().sum() + 5.0 * weights[:-1].square().sum()).backward()
    # Against terms of the gradient that are of order 100.
    torch.testing.assert_close(weights.grad, torch.zeros_like(weights), rtol=0, atol=1e-9)


def test_agrees_with_scikit_learn():
    features, labels = drawn(1)
    theirs = Ridge(alpha=3.0).fit(features.numpy(), np.eye(3)[labels.numpy()])
    ours = moments(features, labels, 3).solve(3.0).numpy()
    np.testing.assert_allclose(ours[:-1].T, theirs.coef_, atol=1e-9)
    np.testing.assert_allclose(ours[-1], theirs.intercept_, atol=1e-9)


def test_parts_add_up_exactly():
    """Sums of whole numbers do not depend on how the samples were divided, single precision or not."""
    features, labels = drawn(2)
    parts = moments(features[:13].float(), labels[:13], 3) + moments(features[13:].float(), labels[13:], 3)
    whole = moments(features, labels, 3)
    assert torch.equal(parts.gram, whole.gram)
    assert torch.equal(parts.cross, whole.cross)


def test_penalty_is_the_best_on_the_samples_held_out():
    """With labels that do not depend on the features, the largest penalty is; with those that do, it is not."""
    penalties = (1e-2, 1.0, 1e2, 1e6)
    features, noise = drawn(3)
    signal = (features[:, 0] > 3).long()
    for labels, held in ((noise, 1e6), (signal, None)):
        fitted, rest = moments(features[:30], labels[:30], 3), moments(features[30:], labels[30:], 3)
        targets = torch.nn.functional.one_hot(labels[30:], 3)
        misses = []
        for penalty in penalties:
            weights = fitted.solve(penalty)
            misses.append(float((features[30:] @ weights[:-1] + weights[-1] - targets).square().sum()))
        chosen = choose_penalty(fitted, rest, penalties)
        assert chosen == penalties[int(np.argmin(misses))]
        assert (chosen == 1e6) == (held is not None)
