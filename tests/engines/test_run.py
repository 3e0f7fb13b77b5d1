"""What a run returns, and what it leaves behind."""

from dataclasses import dataclass
from math import prod

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.engines import Activity, Batch, Engine, EventDriven, Reference, _run
from spikewright.network import Dropout, Layer, Network


@pytest.fixture
def net():
    """A small network with every kind of randomness: Poisson input, and dropout while training."""
    torch.manual_seed(0)
    return Network(
        coding.Poisson(steps=15, max_rate=300.0),
        Layer(Dropout(0.5)),
        Layer(nn.Linear(6, 20), sw.LIF(tau_mem=0.02, v_threshold=0.3), name="hidden"),
        Layer(nn.Linear(20, 3), sw.LIF(tau_mem=0.02, v_threshold=0.3)),
        coding.SpikeCount(),
        dt=1e-3,
    )


@pytest.fixture
def samples():
    return np.random.default_rng(0).random((11, 6), dtype=np.float32)


def scores_of(decisions):
    """Return scores of three classes whose best class at each step is given, shape (time, sample)."""
    return nn.functional.one_hot(torch.tensor(decisions), 3).float()


def direct(net):
    """Return the network with an input that does not depend on chance."""
    return Network(coding.Direct(steps=15), *net.layers.values(), coding.SpikeCount(), dt=net.dt).double()


@pytest.mark.parametrize("engine", [Batch(), EventDriven(), Reference()], ids=repr)
@pytest.mark.parametrize("batch_size", [1, 4, 11])
def test_counts_do_not_depend_on_the_batch(net, samples, engine, batch_size):
    """In float64, where sums in another order cannot change a spike but by a chance of one in 1e12."""
    whole = sw.run(direct(net), samples, engine, rasters=True)
    parts = sw.run(direct(net), samples, engine, rasters=True, batch_size=batch_size)
    torch.testing.assert_close(parts.scores, whole.scores, rtol=0, atol=0)
    for name in ("hidden", "layer3"):
        torch.testing.assert_close(parts.layers[name].per_sample, whole.layers[name].per_sample, rtol=0, atol=0)
        torch.testing.assert_close(parts.layers[name].per_neuron, whole.layers[name].per_neuron, rtol=0, atol=0)
        torch.testing.assert_close(parts.rasters[name], whole.rasters[name], rtol=0, atol=0)
    assert whole.layers["hidden"].per_sample.std() > 0


def test_a_run_tells_how_far_it_is(net, samples):
    told = []
    sw.run(net, samples, batch_size=4, callback=lambda *done: told.append(done))
    assert told == [(4, 11), (8, 11), (11, 11)]


def test_large_networks_run_fewer_samples_at_once(net, samples, monkeypatch):
    """Their sequences stay below a bound; the spikes that a code draws are those of as large batches."""
    told = []
    widest = max(prod(layer.shape) for layer in sw.run(net, samples).layers.values())
    monkeypatch.setattr(_run, "LARGEST", net.encoder.steps * widest * 3 + 1)
    few = sw.run(net, samples, callback=lambda *done: told.append(done))
    assert told == [(3, 11), (6, 11), (9, 11), (11, 11)]
    assert torch.equal(few.scores, sw.run(net, samples, batch_size=3).scores)
    monkeypatch.setattr(_run, "LARGEST", 1)
    sw.run(net, samples, callback=lambda *done: told.append(done))
    assert told[4:] == [(done, 11) for done in range(1, 12)]


def test_samples_in_another_order(net, samples):
    order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(3))
    net = direct(net)
    torch.testing.assert_close(
        sw.run(net, samples[order]).scores, sw.run(net, samples).scores[:, order], rtol=0, atol=0
    )


def test_counts_are_sums_of_the_rasters(net, samples):
    activity = sw.run(net, samples, rasters=True)
    assert list(activity.rasters) == list(activity.layers) == ["input", "layer1", "hidden", "layer3"]
    for name, raster in activity.rasters.items():
        layer = activity.layers[name]
        assert layer.shape == tuple(raster.shape[2:])
        torch.testing.assert_close(layer.per_sample, raster.double().sum((0, 2)))
        torch.testing.assert_close(layer.per_neuron, raster.double().sum((0, 1)))
    assert (activity.steps, activity.samples) == (15, 11)
    torch.testing.assert_close(activity.scores[-1], activity.rasters["layer3"].sum(0))


def test_events_of_analog_values_are_those_that_are_not_zero():
    """Of constant values, of values over time, and of their sum, in which values may meet their opposite."""
    net = Network(
        coding.Direct(steps=4),
        Layer(nn.Linear(2, 3, bias=False), name="a"),
        Layer(nn.Linear(2, 3, bias=False), neurons.Integrator(), name="b", inputs=("input",)),
        Layer(neuron=neurons.Integrator(), name="sum", inputs=("a", "b")),
        coding.SpikeCount(),
        dt=1e-3,
    ).double()
    with torch.no_grad():
        net.layers["a"].connection.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]]))
        net.layers["b"].connection.weight.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    activity = sw.run(net, np.array([[0.5, 1.0], [1.0, 0.0]]), batch_size=1)
    assert activity.layers["input"].per_neuron.tolist() == [8, 4]
    assert activity.layers["a"].per_neuron.tolist() == [8, 0, 4]
    assert activity.layers["b"].per_neuron.tolist() == [8, 8, 0]
    # The integrator gives -1, -2, -3, -4 times the input, so the sum with 1 is 0 in the first step.
    assert activity.sums["sum"].per_neuron.tolist() == [6, 8, 4]
    assert activity.sums["sum"].per_sample.tolist() == [11, 7]
    assert list(activity.sums) == ["sum"]


def test_rasters_are_kept_on_request_only(net, samples):
    assert sw.run(net, samples).rasters == {}


def test_a_run_can_be_repeated(net, samples):
    first, second = sw.run(net, samples), sw.run(net, samples)
    assert torch.equal(first.scores, second.scores)
    other = sw.run(net, samples, generator=torch.Generator().manual_seed(1), rasters=True)
    again = sw.run(net, samples, generator=torch.Generator().manual_seed(1), rasters=True)
    assert torch.equal(other.rasters["input"], again.rasters["input"])
    assert not torch.equal(other.layers["input"].per_neuron, first.layers["input"].per_neuron)


def test_a_run_needs_no_gradients(net, samples):
    for engine in (Batch(), EventDriven(), Reference()):
        assert not sw.run(net, samples, engine).scores.requires_grad


def test_modes_are_restored(net, samples):
    """Each module gets its own mode back, also where one was frozen."""
    net.train()
    net.layers["hidden"].eval()
    modes = [module.training for module in net.modules()]
    sw.run(net, samples)
    assert [module.training for module in net.modules()] == modes


@dataclass(frozen=True)
class Broken(Engine):
    """An engine that fails, and says in which mode it found the network."""

    def propagate(self, net, raster):
        raise RuntimeError(f"training: {net.training}")


def test_modes_are_restored_after_an_error(net, samples):
    net.train()
    with pytest.raises(RuntimeError, match="training: False"):
        sw.run(net, samples, Broken())
    assert all(module.training for module in net.modules())


def test_the_reference_serves_readouts_of_the_networks_dtype(net, samples):
    """Outputs in float64 meet a readout whose tensors are float32."""
    readout = coding.LinearReadout(torch.randn(2, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(2))
    linear = Network(net.encoder, *net.layers.values(), readout, dt=net.dt)
    scores = sw.run(linear, samples, Reference()).scores
    torch.testing.assert_close(scores, sw.run(linear, samples).scores)
    assert scores.dtype == torch.float32


def test_latencies_by_hand():
    """Always 2; 1 to the end from step 2; 0 from step 4 after a return; last change at the last step."""
    decisions = [[2, 0, 0, 1], [2, 1, 1, 1], [2, 1, 0, 1], [2, 1, 1, 1], [2, 1, 0, 0]]
    activity = Activity(scores_of(decisions), {})
    assert activity.latencies.tolist() == [1, 2, 5, 5]
    assert Activity(scores_of([[1, 0]]), {}).latencies.tolist() == [1, 1]


def test_accuracy_by_hand():
    activity = Activity(scores_of([[2, 0, 0, 1], [2, 1, 0, 0]]), {})
    labels = torch.tensor([2, 1, 1, 1])
    assert activity.accuracy(labels) == 0.5
    assert activity.accuracy_over_time(labels).tolist() == [0.5, 0.5]
    assert activity.accuracy_over_time(torch.tensor([0, 0, 0, 1])).tolist() == [0.75, 0.25]


def test_no_samples(net):
    with pytest.raises(ValueError, match=r"run.samples: must hold at least one sample; got none"):
        sw.run(net, np.zeros((0, 6), dtype=np.float32))


def test_batch_of_none(net, samples):
    with pytest.raises(ValueError, match=r"run.batch_size: must be >= 1; got 0"):
        sw.run(net, samples, batch_size=0)
