"""Training for a chip: the network fits, its numbers are the chip's, and so is its accuracy."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits

import spikewright as sw
from spikewright.checks import ModelError
from spikewright.chips import NAMES, load
from spikewright.compare import Method
from spikewright.data import DataShape
from spikewright.learners import SurrogateGradient
from spikewright.network import SumPool2d
from spikewright.quantised import arithmetic_to_train_for, quantise
from spikewright.spikes import Events

KNOWN = ["loihi-1", "loihi-2", "speck", "truenorth", "xylo-audio-2", "xylo-audio-3", "xylo-imu"]
OTHERS = sorted(set(NAMES) - {*KNOWN, "akida-1"})
TRAIN = 300


@pytest.fixture(scope="module")
def task():
    """Digits from 0 to 5 as 16 channels, the sums of four pixels each."""
    x, y = load_digits(return_X_y=True)
    x, y = x[y < 6], y[y < 6]
    return (x.reshape(-1, 4, 2, 4, 2).mean((2, 4)) / 16).astype(np.float32).reshape(-1, 16), y


@pytest.fixture(scope="module")
def images():
    """The same digits as they are."""
    x, y = load_digits(return_X_y=True)
    return (x[y < 6] / 16).astype(np.float32).reshape(-1, 1, 8, 8), y[y < 6]


def learner(chip, **options):
    small = {"architecture": "50", "steps": 8, "epochs": 12, "batch_size": 20, "learning_rate": 4e-3, "seed": 1}
    return SurrogateGradient(chip=chip, **small | options)


@pytest.fixture(scope="module", params=[*KNOWN, *OTHERS])
def trained(request, task):
    """A network for each chip that can hold one."""
    x, y = task
    return request.param, learner(request.param).fit(x[:TRAIN], y[:TRAIN]).network_


def test_the_network_learned_and_fits(trained, task):
    """Chance is one in six, and little was trained."""
    chip, net = trained
    x, y = task
    activity = sw.run(net, x[TRAIN:])
    assert activity.accuracy(torch.from_numpy(y[TRAIN:])) > 0.8
    assert sw.placing.place(net, chip, activity).fits


def test_the_chip_is_as_accurate(trained, task):
    """At most 3 points apart on 777 samples: what is left is the rounding of potentials, and in Xylo and Speck second
    spikes of a step."""
    chip, net = trained
    if chip not in KNOWN:
        return
    x, y = task
    labels = torch.from_numpy(y[TRAIN:])
    exact, whole = (sw.run(net, x[TRAIN:], engine).accuracy(labels) for engine in (None, sw.engines.FixedPoint(chip)))
    assert abs(exact - whole) < 0.03


def test_weights_are_numbers_of_the_chip(trained):
    chip, net = trained
    arithmetic = arithmetic_to_train_for(load(chip))
    if arithmetic is None:
        assert chip == "spinnaker-1"
        return
    assert all(layer.error < 1e-6 for layer in quantise(net, (16,), arithmetic).layers)


@pytest.mark.parametrize("chip", ["loihi-1", "truenorth", "xylo-audio-2", "reckon"])
def test_recurrent_networks_are_trained_as_the_chip_has_them(task, chip):
    x, y = task
    net = learner(chip, architecture="40R").fit(x[:TRAIN], y[:TRAIN]).network_
    arithmetic, labels = arithmetic_to_train_for(load(chip)), torch.from_numpy(y[TRAIN:])
    assert net.layers["layer1"].recurrent is not None
    assert all(layer.error < 1e-6 for layer in quantise(net, (16,), arithmetic).layers)
    activity, whole = sw.run(net, x[TRAIN:]), sw.run(net, x[TRAIN:], sw.engines.FixedPoint(arithmetic))
    assert sw.placing.place(net, chip, activity).fits
    assert activity.accuracy(labels) > 0.8
    assert abs(activity.accuracy(labels) - whole.accuracy(labels)) < 0.03


@pytest.mark.parametrize(
    ("chip", "batch_norm", "apart"),
    [
        ("loihi-2", True, 0.03),
        ("truenorth", False, 0.01),
        ("truenorth", True, 0.01),
        ("odin", False, 0.01),
        ("speck", False, 0.08),
        ("speck", True, 0.08),
    ],
)
def test_pooled_networks_are_trained_as_the_chip_has_them(images, chip, batch_norm, apart):
    """Speck's neurons fire again in a step in which spikes bring more than two thresholds, which is not trained."""
    x, y = images
    pooled = learner(chip, architecture="4C3-P2-20", batch_norm=batch_norm)
    net = pooled.fit(x[:TRAIN], y[:TRAIN]).network_
    arithmetic, labels = arithmetic_to_train_for(load(chip)), torch.from_numpy(y[TRAIN:])
    assert [type(layer.connection) for layer in net.layers.values()].count(SumPool2d) == 1
    assert all(layer.error < 1e-6 for layer in quantise(net, (1, 8, 8), arithmetic).layers)
    activity, whole = sw.run(net, x[TRAIN:]), sw.run(net, x[TRAIN:], sw.engines.FixedPoint(arithmetic))
    assert sw.placing.place(net, chip, activity).fits
    assert activity.accuracy(labels) > 0.75
    assert abs(activity.accuracy(labels) - whole.accuracy(labels)) < apart


@pytest.mark.parametrize(
    ("data", "architecture", "batch_norm"),
    [("task", "40R", False), ("images", "4C3-A2-20", False), ("images", "4C3-P2-20", True)],
)
def test_a_network_in_units_of_its_steps_gives_the_spikes_of_the_chip(data, architecture, batch_norm, request):
    """Weights, biases and thresholds of TrueNorth are whole numbers, which floats add without rounding.

    In the network's own units sums are rounded, and a potential that just reaches the threshold may miss it.
    """
    x, y = request.getfixturevalue(data)
    short = learner("truenorth", architecture=architecture, epochs=4, batch_norm=batch_norm)
    net = short.fit(x[:TRAIN], y[:TRAIN]).network_
    whole = sw.run(net, x[TRAIN:], sw.engines.FixedPoint("truenorth"), rasters=True).rasters
    layers = []
    steps = {done.name: done.step for done in quantise(net, x.shape[1:], "truenorth").layers}
    for name, layer, _ in net.sources():
        if layer.neuron is None:
            layers.append(layer)
            continue
        unit = torch.from_numpy(steps[name]).reshape(len(layer.connection.weight), -1)[:, 0]
        for tensor in layer.state_dict().values():
            tensor.copy_((tensor / unit.reshape(-1, *[1] * (tensor.ndim - 1))).round())
        threshold = (1 / unit).round()
        if isinstance(layer.connection, torch.nn.Conv2d):
            threshold = threshold.reshape(-1, 1, 1).expand(-1, 6, 6)
        neuron = replace(layer.neuron, v_threshold=threshold)
        layers.append(sw.Layer(layer.connection, neuron, recurrent=layer.recurrent, name=name))
    net = sw.Network(net.encoder, *layers, net.readout, dt=net.dt).double()
    exact = sw.run(net, x[TRAIN:], rasters=True).rasters
    for name in net.layers:
        assert exact[name].sum() > 1000
        assert torch.equal(exact[name], whole[name].double())


def test_neither_limit_is_passed_in_training(task):
    x, y = task
    net = learner("xylo-audio-2", epochs=2, architecture="90-90").fit(x[:80], y[:80]).network_
    layers = sw.placing.demands(net, (16,))
    assert max(int(layer.fan_in.max()) for layer in layers) == 63
    assert int(layers[1].fan_out["layer1"].max()) <= 64


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.2},
        {"recompute_every": 3},
        {"mixed_precision": True},
        {"batch_norm": True, "mixed_precision": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_ways_of_training_go_with_a_chip(task, options):
    x, y = task
    net = learner("xylo-imu", **options).fit(x[:TRAIN], y[:TRAIN]).network_
    assert sw.run(net, x[TRAIN:]).accuracy(torch.from_numpy(y[TRAIN:])) > 0.8
    assert all(layer.error < 1e-6 for layer in quantise(net, (16,), "xylo-imu").layers)


def test_what_cannot_fit_is_refused_before_training(task):
    x, y = task
    rounds = []
    with pytest.raises(ModelError, match="needs BatchNorm1d, which becomes one, the chip has no bias"):
        learner("odin", batch_norm=True).fit(x[:40], y[:40], callback=rounds.append)
    with pytest.raises(ModelError, match=r"Akida AKD1000: this network does not fit\. layer1: neurons: needs LIF"):
        learner("akida-1").fit(x[:40], y[:40], callback=rounds.append)
    with pytest.raises(ModelError, match=r"chips\.load: must be one of .*; got 'loihi-9'"):
        learner("loihi-9").fit(x[:40], y[:40], callback=rounds.append)
    assert not rounds


@pytest.mark.parametrize("options", [{"architecture": "80R"}, {"architecture": "80", "batch_norm": True}])
def test_resumed_fit_has_the_same_bits(task, tmp_path, options):
    x, y = task
    part = {"X": x[:60], "y": y[:60], "validation": (x[60:90], y[60:90])}
    whole = learner("xylo-audio-2", epochs=3, **options).fit(**part)
    path = tmp_path / "fit.safetensors"
    for budget in (0.0, None):
        resumed = learner("xylo-audio-2", epochs=3, **options).fit(**part, checkpoint=path, budget=budget)
    ours, theirs = whole.network_.state_dict(), resumed.network_.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_recordings_of_events_enter_as_they_are():
    rng = np.random.default_rng(0)
    x = [Events(np.sort(rng.uniform(0, 0.1, 30)), rng.integers(0, 8, 30) + 8 * (n % 2), (16,), 0.1) for n in range(40)]
    y = np.arange(40) % 2
    fitted = learner("xylo-imu", epochs=40).fit(x, y)
    assert isinstance(fitted.network_.encoder, sw.coding.EventFrames)
    assert fitted.score(x, y) == 1
    assert sw.placing.place(fitted.network_, "xylo-imu", sw.run(fitted.network_, x)).fits


def test_a_chip_is_a_parameter_like_others():
    by_object = learner(load("loihi-1"))
    assert clone(by_object).chip == by_object.chip
    method = Method.from_text("SurrogateGradient:chip=xylo-audio-2")
    assert method.learner(DataShape((16,), 300, 6), seed=0).chip == "xylo-audio-2"


@pytest.mark.parametrize("copy", [deepcopy, lambda chip: pickle.loads(pickle.dumps(chip))])
def test_chips_can_be_copied(copy):
    chip = load("xylo-imu")
    again = copy(chip)
    assert again == chip
    with pytest.raises(TypeError, match="does not support item assignment"):
        again.sources["cores"] = "nowhere"
