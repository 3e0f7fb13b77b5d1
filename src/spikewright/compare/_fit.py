"""Fit a learner on a data set and write its network to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spikewright.compare._method import Method, import_path
from spikewright.compare._record import Json
from spikewright.data import Dataset, FetchProgress, load
from spikewright.exchange import save
from spikewright.learners import Learner, Progress


def fit(
    learner: Learner,
    data: Dataset,
    *,
    checkpoint: str | Path | None = None,
    budget: float | None = None,
    callback: Callable[[Progress], None] | None = None,
) -> Learner:
    """Fit a learner on the training part, every choice made on the validation part; the test part is not read."""
    validation = (data.validation.x, data.validation.y) if len(data.validation) else None
    return learner.fit(
        data.train.x, data.train.y, validation=validation, checkpoint=checkpoint, budget=budget, callback=callback
    )


def outputs(learner: Learner) -> list[int]:
    """Return for each output of a fitted learner's network the index of the class that it stands for."""
    return [int(label) for label in learner.classes_]


def save_fitted(learner: Learner, data: Dataset, path: Path, **notes: Json) -> None:
    """Write the network of a fitted learner with what is needed to evaluate it."""
    known = {
        "data": data.name,
        "classes": list(data.classes),
        "sample": list(data.shape.sample),
        "outputs": outputs(learner),
        "learner": import_path(learner),
    }
    save(learner.network_, path, known | notes)


def train(
    method: Method,
    data: str,
    out: str | Path,
    *,
    seed: int = 0,
    root: str | Path | None = None,
    checkpoint: str | Path | None = None,
    budget: float | None = None,
    callback: Callable[[Progress], None] | None = None,
    fetching: FetchProgress | None = None,
) -> Learner:
    """Fit one method on one data set and write the network to a file.

    Parameters
    ----------
    method : Method
        What trains.
    data : str
        Name or path, see :func:`spikewright.data.load`.
    out : path
        The model file.
    seed : int
        Of the fit.
    root : path, optional
        Folder of the data files.
    checkpoint, budget, callback
        See :meth:`spikewright.learners.Learner.fit`.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Returns
    -------
    Learner
        Fitted. The test part was not read.
    """
    method.learner_class()
    dataset = load(data, root=None if root is None else Path(root), progress=fetching)
    learner = method.learner(dataset.shape, seed=seed)
    fit(learner, dataset, checkpoint=checkpoint, budget=budget, callback=callback)
    save_fitted(learner, dataset, Path(out), method=method.text, seed=seed)
    return learner
