"""What every learner is: a scikit-learn classifier whose ``fit`` yields a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from spikewright.coding import Samples
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.fitting._card import Card
from spikewright.fitting._checkpoint import Checkpoint, fingerprint
from spikewright.fitting._samples import Labelled
from spikewright.fitting._training import Callback, Training, drive
from spikewright.network import Network
from spikewright.spikes import Events


class Learner(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc] # scikit-learn ships no types
    """A method of training: a scikit-learn classifier.

    A subclass stores its parameters in the constructor, carries a :class:`Card`, and defines :meth:`begin`. Parameters
    named ``seed`` fix all randomness.

    Attributes
    ----------
    network_ : Network
        The result of :meth:`fit`.
    classes_ : array
        The label of each class, in the order of the network's scores.
    validation_accuracy_ : float
        Accuracy on the validation part, NaN if there was none.
    history_ : list of Progress
        Every round of the fit.
    train_seconds_ : float
        Time in rounds, without validation.
    train_samples_ : int
        Presentations of a sample in the whole fit.
    train_cost_ : TrainingCost
        What it cost, in counts.
    """

    card: ClassVar[Card]

    @abstractmethod
    def begin(self, train: Labelled, classes: int) -> Training:
        """Start a fit on samples labelled 0 to ``classes - 1``."""

    @classmethod
    def for_data(cls, shape: DataShape, *, seed: int = 0) -> Self:  # noqa: ARG003 - for subclasses
        """Return an estimator with parameters that suit data of a shape."""
        return cls(seed=seed)

    def twin(self, shape: DataShape) -> Learner:
        """Return the artificial network of the same shape, to be trained beside this one on data of a shape."""
        raise NotImplementedError

    def fit(
        self,
        X: Samples,
        y: ArrayLike,
        *,
        validation: tuple[Samples, ArrayLike] | None = None,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
        budget: float | None = None,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : array, shape (sample, ...), or sequence of Events
            Training samples.
        y : array, shape (sample,)
            Their labels.
        validation : (X, y), optional
            Samples by which the best round is chosen; without them the last round is kept.
        callback : callable, optional
            Called with a :class:`Progress` after every round.
        checkpoint : path, optional
            A file that is written after every round; if it is there, the fit goes on from it, with the same bits as one
            that never stopped.
        budget : float, optional
            Seconds of training after which no further round starts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If samples and labels cannot be used.
        DataError
            If the checkpoint is damaged or belongs to another fit.
        """
        x, labels = self._checked(X, y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        train = Labelled(x, codes.astype(np.int64))
        store = None
        if checkpoint is not None:
            names = {"class": type(self).__name__, **self.get_params(deep=False)}
            store = Checkpoint(Path(checkpoint), fingerprint(names, x, train.y))
        training = self.begin(train, len(self.classes_))
        outcome = drive(
            training, validation=self._labelled(validation), callback=callback, checkpoint=store, budget=budget
        )
        self.network_: Network = outcome.network.eval()
        self.history_ = outcome.history
        self.validation_accuracy_ = outcome.validation_accuracy
        self.train_seconds_ = outcome.history[-1].seconds if outcome.history else 0.0
        self.train_samples_ = training.samples
        self.train_cost_ = training.cost
        return self

    def decision_function(self, X: Samples) -> NDArray[np.floating]:
        """Return the scores, shape (sample, class); for two classes their difference, shape (sample,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: Samples) -> NDArray[np.generic]:
        """Return the label of the best class, shape (sample,)."""
        scores = self._scores(X)
        labels: NDArray[np.generic] = self.classes_[scores.argmax(1)]
        return labels

    def predict_proba(self, X: Samples) -> NDArray[np.floating]:
        """Return the softmax of the scores, shape (sample, class); a ranking, not a calibrated probability."""
        return torch.softmax(torch.from_numpy(self._scores(X)), 1).numpy()

    def _scores(self, X: Samples) -> NDArray[np.floating]:
        check_is_fitted(self, "network_")
        x = X if _is_events(X) else validate_data(self, X, reset=False, allow_nd=True, dtype=np.float32)
        return run(self.network_, x).scores[-1].numpy()

    def _checked(self, X: Samples, y: ArrayLike) -> tuple[Samples, NDArray[np.generic]]:
        if _is_events(X):
            labels = np.asarray(y)
            if len(X) != len(labels):
                raise ValueError(f"{type(self).__name__}.fit: got {len(X)} recordings and {len(labels)} labels.")
            return X, labels
        x, labels = validate_data(self, X, y, allow_nd=True, dtype=np.float32)
        check_classification_targets(labels)
        return x, labels

    def _labelled(self, validation: tuple[Samples, ArrayLike] | None) -> Labelled | None:
        if validation is None:
            return None
        x, y = validation
        labels = np.asarray(y)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"{type(self).__name__}.fit: labels of the validation part only: {unknown.tolist()}.")
        return Labelled(x, np.searchsorted(self.classes_, labels).astype(np.int64))


def _is_events(x: object) -> bool:
    return isinstance(x, Sequence | np.ndarray) and len(x) > 0 and isinstance(x[0], Events)
