"""The real data sets, where they are: shapes, values, and that every file is what was published."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright import data

IMAGE_SETS = {"mnist": 0.1307, "fashion-mnist": 0.2860}
"""Mean pixel of the training part, as the literature gives it for normalisation."""


def load(name, root):
    source = next(source for source in data.available() if source.name == name)
    if not any((root / folder).is_dir() for folder in source.folders):
        pytest.skip(f"needs {name}: set SPIKEWRIGHT_DATA or run: spikewright data fetch {name}")
    return data.load(name, root=root, download=False)


@pytest.mark.parametrize("name", IMAGE_SETS)
def test_mnist_and_fashion_mnist(data_root, name):
    dataset = load(name, data_root)
    assert dataset.shape == data.DataShape((1, 28, 28), 55000, 10, "image")
    assert len(dataset.validation) == 5000
    assert len(dataset.read_test()) == 10000
    assert np.bincount(dataset.read_test().y).sum() == 10000
    mean = (dataset.train.x.mean(dtype=float) * 11 + dataset.validation.x.mean(dtype=float)) / 12
    assert mean == pytest.approx(IMAGE_SETS[name], abs=5e-5)
    assert [verdict.problem for verdict in data.verify(name, root=data_root)] == [""] * 4


def test_cifar10(data_root):
    """The means of the colours are those that the literature uses for normalisation."""
    dataset = load("cifar10", data_root)
    assert dataset.shape == data.DataShape((3, 32, 32), 45000, 10, "image")
    means = 0.9 * dataset.train.x.mean((0, 2, 3), dtype=float) + 0.1 * dataset.validation.x.mean((0, 2, 3), dtype=float)
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=1e-4)


def test_n_mnist_subset(data_root):
    """Three saccades of 0.1 s; nothing outside 34 x 34."""
    dataset = load("n-mnist-1k", data_root)
    assert dataset.shape == data.DataShape((2, 34, 34), 720, 10, "events")
    durations = [recording.duration for recording in dataset.train.x]
    assert 0.29 < min(durations) < max(durations) < 0.33
    # A digit is in the middle: most events fall into the central half of rows and columns.
    _, rows, columns = np.unravel_index(np.concatenate([x.addresses for x in dataset.validation.x]), (2, 34, 34))
    assert 8 < np.median(rows) < 26
    assert 8 < np.median(columns) < 26
    assert not any(verdict.problem for verdict in data.verify("n-mnist-1k", root=data_root))


def test_spoken_digits(data_root):
    """The levels separate the digits: the nearest mean of a class is right far above chance on the validation part."""
    dataset = load("fsdd", data_root)
    assert dataset.shape == data.DataShape((1, 64, 32), 2400, 10, "sequence")
    assert np.bincount(dataset.validation.y).tolist() == [30] * 10
    means = np.stack([dataset.train.x[dataset.train.y == digit].mean(0) for digit in range(10)])
    distance = np.square(dataset.validation.x[:, None] - means).sum((2, 3, 4))
    assert (distance.argmin(1) == dataset.validation.y).mean() > 0.6
