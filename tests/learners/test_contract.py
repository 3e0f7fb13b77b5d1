"""What every learner promises, asked of every public one."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.base import clone
from sklearn.datasets import load_digits

from spikewright import learners
from spikewright.checks import DataError
from spikewright.data import DataShape
from spikewright.engines import run
from spikewright.learners import Card, Learner
from spikewright.network import Network

PUBLIC = [getattr(learners, name) for name in learners.__all__]
EVERY = [entry for entry in PUBLIC if inspect.isclass(entry) and issubclass(entry, Learner) and entry is not Learner]
FAMILIES = {
    "artificial network",
    "surrogate gradient",
    "spike-time gradient",
    "conversion",
    "plasticity",
    "spike-time rule",
    "deep belief network",
    "reservoir",
}
COUNT = 150


@pytest.fixture(scope="module")
def digits():
    """A few digits of three classes, with labels that are not their indices."""
    x, y = load_digits(return_X_y=True)
    kept = np.isin(y, [1, 4, 7])
    images = (x[kept] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    return images, np.array(["one", "four", "seven"])[np.searchsorted([1, 4, 7], y[kept])]


def small(kind: type[Learner], seed: int = 3) -> Learner:
    """Return an estimator that suits the few digits."""
    return kind.for_data(DataShape((1, 8, 8), COUNT, 3), seed=seed)


@pytest.fixture(scope="module", params=EVERY, ids=lambda kind: kind.__name__)
def fitted(request, digits):
    """One fit of every learner."""
    x, y = digits
    seen = []
    learner = small(request.param)
    learner.fit(x[:COUNT], y[:COUNT], validation=(x[COUNT : COUNT + 60], y[COUNT : COUNT + 60]), callback=seen.append)
    return learner, seen


def test_card_is_whole(fitted):
    """A card says all that its page is made from."""
    card = fitted[0].card
    assert isinstance(card, Card)
    assert card.family in FAMILIES
    assert 1900 < card.year < 2030
    for name in ("title", "summary", "equation", "paper", "neuron", "code"):
        assert getattr(card, name), name


def test_learns_three_digits(fitted, digits):
    """Every method tells three digits apart far better than chance (1/3), on samples it never saw."""
    x, y = digits
    assert fitted[0].score(x[COUNT + 60 :], y[COUNT + 60 :]) > 0.75


def test_result_is_a_network_that_alone_decides(fitted, digits):
    """``predict`` is the network's decision, in the user's labels."""
    learner, _ = fitted
    x, _ = digits
    assert isinstance(learner.network_, Network)
    decisions = run(learner.network_, x[:40]).decisions[-1].numpy()
    np.testing.assert_array_equal(learner.predict(x[:40]), learner.classes_[decisions])
    assert learner.classes_.tolist() == ["four", "one", "seven"]


def test_probabilities_rank_as_decisions(fitted, digits):
    """Probabilities sum to one, and the largest is that of the decision."""
    learner, _ = fitted
    probabilities = learner.predict_proba(digits[0][:20])
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    np.testing.assert_array_equal(learner.classes_[probabilities.argmax(1)], learner.predict(digits[0][:20]))


def test_every_round_is_reported(fitted):
    """The callback sees every round, with the validation accuracy by which the network was chosen."""
    learner, seen = fitted
    assert [progress.round for progress in seen] == list(range(1, seen[-1].rounds + 1))
    reached = [progress.metrics["validation_accuracy"] for progress in seen]
    assert learner.validation_accuracy_ == max(reached)


def test_training_is_counted(fitted):
    """Samples, uses of a synapse, writes of weights and what is kept of a sample are counted."""
    learner, _ = fitted
    assert learner.train_samples_ >= COUNT
    cost = learner.train_cost_
    assert cost.synaptic_operations > learner.train_samples_
    assert min(cost.forward, cost.weight_updates, cost.history_values) > 0
    assert cost.history_bytes >= 4 * cost.history_values
    assert learner.train_seconds_ > 0


def test_constructor_only_stores(fitted):
    """``clone`` gives an estimator with the same parameters and nothing fitted."""
    learner, _ = fitted
    copy = clone(learner)
    assert repr(copy.get_params()) == repr(learner.get_params())
    assert not hasattr(copy, "network_")


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_resumed_fit_has_the_same_bits(kind, digits, tmp_path):
    """A fit that is stopped after its first round and goes on ends with the bits of one that never stopped."""
    x, y = digits
    part = {"X": x[:60], "y": y[:60], "validation": (x[60:90], y[60:90])}
    whole = small(kind).fit(**part)
    path = tmp_path / "fit.safetensors"
    stopped = small(kind).fit(**part, checkpoint=path, budget=0.0)
    assert len(stopped.history_) == 1
    resumed = small(kind).fit(**part, checkpoint=path)
    assert len(resumed.history_) == len(whole.history_)
    ours, theirs = whole.network_.state_dict(), resumed.network_.state_dict()
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
    assert resumed.train_cost_ == whole.train_cost_
    assert resumed.train_samples_ == whole.train_samples_


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_twin_has_the_shape(kind):
    """Every learner names the artificial network that stands beside it."""
    assert isinstance(small(kind).twin(DataShape((1, 8, 8), COUNT, 3)), learners.Twin)


def test_seeds_differ(digits):
    """Another seed gives another network."""
    x, y = digits
    first, second = (small(learners.Twin, seed).fit(x[:60], y[:60]).network_.state_dict() for seed in (0, 1))
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_checkpoint_of_another_fit_is_refused(digits, tmp_path):
    """Parameters and data are part of a checkpoint's identity."""
    x, y = digits
    path = tmp_path / "fit.safetensors"
    learners.Twin("5", epochs=2).fit(x[:40], y[:40], checkpoint=path)
    with pytest.raises(DataError, match="other parameters or data"):
        learners.Twin("6", epochs=2).fit(x[:40], y[:40], checkpoint=path)
    with pytest.raises(DataError, match="other parameters or data"):
        learners.Twin("5", epochs=2).fit(x[1:41], y[1:41], checkpoint=path)


def test_damaged_checkpoint_is_refused(digits, tmp_path):
    """A file that is no checkpoint is named, with what to do."""
    path = tmp_path / "fit.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match=r"fit\.safetensors: no readable checkpoint .* Delete it"):
        learners.Twin("5", epochs=1).fit(digits[0][:40], digits[1][:40], checkpoint=path)


def test_checkpoint_that_counted_otherwise_is_refused(digits, tmp_path):
    """Checkpoints of the first version held one number of operations, of which no parts can be made."""
    path = tmp_path / "fit.safetensors"
    learners.Twin("5", epochs=1).fit(digits[0][:40], digits[1][:40], checkpoint=path)
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    notes = json.loads(header["notes"])
    del notes["cost"]
    save_file(tensors, path, {**header, "notes": json.dumps({**notes, "synaptic_operations": 1})})
    with pytest.raises(DataError, match=r"fit\.safetensors: a checkpoint of an earlier version, .* delete it\."):
        learners.Twin("5", epochs=1).fit(digits[0][:40], digits[1][:40], checkpoint=path)


def test_unknown_labels_of_validation_are_refused(digits):
    """The validation part cannot have a class that training lacks."""
    x, y = digits
    with pytest.raises(ValueError, match=r"Twin\.fit: labels of the validation part only: \['nine'\]"):
        learners.Twin("5", epochs=1).fit(x[:40], y[:40], validation=(x[40:41], ["nine"]))
