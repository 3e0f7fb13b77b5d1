"""A model file of any kind beside a data set: whether they fit, and which output stands for which class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikewright.checks import ModelError
from spikewright.coding import Samples
from spikewright.data import Dataset, FetchProgress, load
from spikewright.exchange import Unsaid, open_model
from spikewright.network import Network


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """The network of a model file and a data set that fits it.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    outputs : list of int
        The class that each output stands for.
    """

    network: Network
    dataset: Dataset
    outputs: list[int]

    def labelled(self, samples: int | None = None) -> tuple[Samples, Tensor]:
        """Return samples of the test part, all or so many, and for each the output that stands for its class."""
        test = self.dataset.read_test()
        labels = labels_as_outputs(test.y, np.asarray(self.outputs), len(self.dataset.classes))
        return test.x[:samples], labels[:samples]


def open_for(
    path: str | Path,
    data: str,
    root: str | Path | None = None,
    unsaid: Unsaid | None = None,
    fetching: FetchProgress | None = None,
) -> OpenedModel:
    """Open a model file for a data set.

    Parameters
    ----------
    path : path
        The model file.
    data : str
        Name or path of a data set.
    root : path, optional
        Folder of the data files.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.
    fetching : callable, optional
        Called while data are downloaded, see :func:`spikewright.data.fetch`.

    Raises
    ------
    ModelError
        If the file holds no network, or one for other classes or samples of another shape.
    DataError
        If the data set is unknown or damaged.
    """
    dataset = load(data, root=None if root is None else Path(root), progress=fetching)
    opened = open_model(path, samples=dataset.shape, unsaid=unsaid)
    notes = opened.notes
    wanted = {"classes": list(dataset.classes), "sample": list(dataset.shape.sample)}
    for name, value in wanted.items():
        # A file of another library has no notes: its outputs stand for the classes in order.
        if notes and notes.get(name) != value:
            raise ModelError(
                f"{path}: is for {notes.get('data', 'unknown data')} with {name} {_short(notes.get(name))}; "
                f"{data} has {_short(value)}. Name the data it was trained on."
            )
    outputs = notes.get("outputs", list(range(len(dataset.classes))))
    return OpenedModel(opened.network, dataset, [int(output) for output in outputs])


def labels_as_outputs(labels: NDArray[np.int64], outputs: NDArray[np.int64], classes: int) -> Tensor:
    """Return for each label the network's output that stands for it, -1 for a class that training did not have."""
    lookup = np.full(classes, -1, dtype=np.int64)
    lookup[outputs] = np.arange(len(outputs))
    return torch.from_numpy(lookup[labels])


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
