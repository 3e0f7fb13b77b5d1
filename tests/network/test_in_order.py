"""A run of layers: the outputs that are there while each of them runs, and who is told of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from spikewright import LIF, Layer, Network, coding
from spikewright.neurons import IF

STEPS, BATCH, SIZE = 5, 3, 4


@dataclass(frozen=True)
class Noting(IF):
    """Neurons that call something when their scan begins."""

    note: Callable[[], None] = field(default=lambda: None, compare=False)

    def scan(self, x, state=None, *, dt):
        self.note()
        return super().scan(x, state, dt=dt)


def branching(note=lambda name: None):
    """Five layers: "a" is read by "b" and last by "d", which also reads "c"; "b" is read by "c" only."""
    torch.manual_seed(0)

    def layer(name, *inputs):
        return Layer(nn.Linear(SIZE, SIZE), Noting(note=lambda: note(name)), name=name, inputs=inputs)

    layers = layer("a"), layer("b"), layer("c"), layer("d", "a", "c"), layer("e")
    return Network(coding.Direct(steps=STEPS), *layers, coding.SpikeCount(), dt=1e-3)


@pytest.mark.parametrize("every", [None, 2])
def test_an_output_goes_when_its_last_reader_has_taken_it(every):
    """Not earlier, and not later than the reader's neurons begin."""
    given, found = {}, {}

    def note(name):
        found[name] = {other for other in "abcd" if other in given and given[other]() is not None}

    def watch(name, output):
        given[name] = weakref.ref(output)

    net, raster = branching(note), 4.0 * torch.rand(STEPS, BATCH, SIZE)
    with torch.no_grad():
        scores = net.score(raster, recompute_every=every, watch=watch)
        assert found == {"a": set(), "b": {"a"}, "c": {"a"}, "d": set(), "e": set()}
        outputs = net.propagate(raster)
    assert list(outputs) == ["input", *"abcde"]
    assert scores.any()
    assert torch.equal(scores, outputs["e"].sum(0))


def test_all_are_told_of_once_and_in_order():
    """With what propagate gives."""
    net = branching()
    raster = torch.rand(STEPS, BATCH, SIZE)
    told = []
    net.score(raster, watch=lambda name, output: told.append((name, output)))
    expected = net.propagate(raster)
    assert [name for name, _ in told] == list(expected)
    for name, output in told:
        assert torch.equal(output, expected[name])


def test_a_layer_that_is_watched_by_hooks_is_called():
    """Or is of a class of its own: its forward counts."""

    class Doubled(Layer):
        def forward(self, x, *, dt):
            return 2.0 * super().forward(x, dt=dt)

    torch.manual_seed(0)
    neuron = LIF(tau_mem=0.02)
    net = Network(coding.Direct(steps=STEPS), Layer(None, neuron), Doubled(None, neuron), coding.SpikeCount(), dt=1e-3)
    calls = []
    net.layers["layer1"].register_forward_hook(lambda *_: calls.append(1))
    raster = 3.0 * torch.rand(STEPS, BATCH, SIZE)
    scores = net.score(raster)
    assert calls == [1]
    assert scores.max() > STEPS
    assert torch.equal(scores, net.propagate(raster)["layer2"].sum(0))
