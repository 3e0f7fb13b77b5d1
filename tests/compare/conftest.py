"""A small data set of one's own, and learners that tell what they do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

LEARNERS = """
import os
import time

import torch
from torch import nn

from spikewright.coding import Direct, SpikeCount
from spikewright.learners import Learner, Training, Twin
from spikewright.network import Layer, Network


def tell(*words):
    with open(os.environ["TOLD"], "a") as file:
        file.write(" ".join(map(str, words)) + "\\n")


class DeltaRule(Training):
    def __init__(self, learner, train, classes):
        self.rounds = learner.epochs
        self.learner = learner
        self.x = torch.from_numpy(train.x).flatten(1)
        self.target = nn.functional.one_hot(torch.from_numpy(train.y), classes).float()
        linear = nn.Linear(self.x.shape[1], classes)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        self.net = Network(Direct(steps=1), Layer(nn.Flatten()), Layer(linear), SpikeCount(), dt=1e-3)

    def advance(self, round_):
        tell("round", type(self.learner).__name__, self.learner.seed, round_)
        self.learner.pause(round_)
        generator = torch.Generator().manual_seed(1000 * self.learner.seed + round_)
        weight = self.net.layers["layer2"].connection.weight
        with torch.no_grad():
            wrong = self.target - torch.softmax(self.x @ weight.T, 1)
            weight += 0.1 * wrong.T @ self.x / len(self.x) + 0.01 * torch.randn(weight.shape, generator=generator)
        self.samples += len(self.x)
        return {}

    def network(self):
        return self.net

    def state(self):
        return self.net.state_dict()

    def restore(self, state):
        self.net.load_state_dict(state)


class Telling(Learner):
    card = Twin.card

    def __init__(self, epochs=2, *, seed=0):
        self.epochs = epochs
        self.seed = seed

    def begin(self, train, classes):
        tell("begin", type(self).__name__, self.seed)
        return DeltaRule(self, train, classes)

    def pause(self, round_):
        pass


class Slow(Telling):
    def pause(self, round_):
        time.sleep(0.05)
        while round_ == self.epochs - 1 and os.path.exists(f"{os.environ['TOLD']}.hold{self.seed}"):
            time.sleep(0.01)


class Failing(Telling):
    def begin(self, train, classes):
        training = super().begin(train, classes)
        if self.seed % 2:
            raise RuntimeError("odd\\nseeds do not work")
        return training
"""
"""Learners of a user's own: a delta rule that tells of every round, one that takes its time and can be held, one
that fails."""


@pytest.fixture
def data(tmp_path: Path) -> str:
    """90 images of 4 x 4 in three classes that differ in which row is bright."""
    rng = np.random.default_rng(3)
    y = np.arange(90) % 3
    x = rng.random((90, 4, 4), dtype=np.float32) * 0.5
    x[np.arange(90), y] += 0.5
    path = tmp_path / "own.npz"
    np.savez(path, x=x, y=np.array(["ant", "bee", "cat"])[y])
    return str(path)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the learners of the module ``telling_learners`` tell, a line each."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "telling_learners.py").write_text(LEARNERS)
    monkeypatch.syspath_prepend(str(folder))
    path = tmp_path / "told.txt"
    path.touch()
    monkeypatch.setenv("TOLD", str(path))
    return path
