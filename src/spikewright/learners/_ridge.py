"""Ridge regression from sums over samples, so that no sample is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Moments:
    """What ridge regression needs to know of the samples, in float64; the last feature is the constant 1.

    Parameters
    ----------
    gram : Tensor, shape (feature + 1, feature + 1)
        Sum over samples of the products of two features.
    cross : Tensor, shape (feature + 1, class)
        Sum over samples of the products of a feature and a target: 1 for the class of the sample, else 0.
    """

    gram: Tensor
    cross: Tensor

    @classmethod
    def empty(cls, features: int, classes: int) -> Moments:
        """Return the sums over no samples."""
        size = features + 1
        return cls(torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, classes, dtype=torch.float64))

    def add(self, features: Tensor, labels: Tensor) -> None:
        """Add a batch.

        Parameters
        ----------
        features : Tensor, shape (sample, feature)
            Products are summed in its dtype: of whole numbers exactly, as long as it can hold the sums.
        labels : Tensor of int64, shape (sample,)
            Index of the class of each sample.
        """
        x = torch.cat([features, features.new_ones(len(features), 1)], dim=1)
        targets = torch.nn.functional.one_hot(labels, self.cross.shape[1]).to(x)
        self.gram += x.T @ x
        self.cross += x.T @ targets

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.gram + other.gram, self.cross + other.cross)

    def solve(self, penalty: float) -> Tensor:
        r"""Return the weights, shape (feature + 1, class), that minimise the squared error plus the penalty.

        .. math:: W = (X^\top X + p\,I_0)^{-1} X^\top Y

        with :math:`I_0` the identity without its last entry: the weight of the constant is free. ``penalty`` is > 0 and
        there is at least one sample.
        """
        penalties = torch.full((len(self.gram),), penalty, dtype=torch.float64)
        penalties[-1] = 0.0
        factor = torch.linalg.cholesky(self.gram + torch.diag(penalties))
        return torch.cholesky_solve(self.cross, factor)

    def error(self, weights: Tensor) -> float:
        """Return the squared error of weights on these samples, less a constant: the sum of the squared targets."""
        return float((weights * (self.gram @ weights - 2 * self.cross)).sum())

    def products(self, samples: int) -> int:
        """Return the multiply-accumulates of adding so many samples."""
        size, classes = self.cross.shape
        return samples * size * (size + classes)


def products_of_choice(size: int, classes: int, *, penalties: int) -> int:
    """Return the multiply-accumulates of choosing among penalties and solving once more for ``size`` unknowns a class.

    A Cholesky factor takes ``(size - 1) size (size + 1) / 6``, the two triangular solutions with it ``size (size - 1)``
    a class, an error ``size (size + 1)`` a class; divisions and roots are left out.

    References
    ----------
    Golub, Van Loan, Matrix Computations, 4th edition, 2013, sections 3.1 and 4.2.
    """
    solution = (size - 1) * size * (size + 1) // 6 + classes * size * (size - 1)
    return (penalties + 1) * solution + penalties * classes * size * (size + 1)


def choose_penalty(fitted: Moments, held_out: Moments, penalties: Sequence[float]) -> float:
    """Return the penalty with which what is learnt from some samples has the least error on others."""
    return min(penalties, key=lambda penalty: held_out.error(fitted.solve(penalty)))
