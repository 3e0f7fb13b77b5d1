"""Costs against counts by hand and by brute force."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding, neurons
from spikewright.checks import ModelError
from spikewright.cost import Form, LayerCost, Pathway, measure, operations_of
from spikewright.engines import Batch, EventDriven, Reference
from spikewright.network import AllButSelf, Delay, DelayedLinear, Layer, Network, SumPool2d

DT = 1e-3
IF = neurons.IF(v_threshold=0.4)


def counted(net, samples, **options):
    """Run a network in float64 and measure it."""
    net = net.double()
    activity = sw.run(net, samples, rasters=True, **options)
    return measure(net, activity), activity


def deliveries(raster, kernel, stride, padding, image, outputs):
    """Count additions spike by spike and window by window: the loops of a naive convolution."""
    count = 0
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in image)
    for y, x in (tuple(place[-2:]) for place in torch.nonzero(raster).tolist()):
        for i, j, p, q in itertools.product(range(rows), range(columns), range(kernel), range(kernel)):
            if (i * stride - padding + p, j * stride - padding + q) == (y, x):
                count += outputs
    return count


@pytest.fixture
def samples():
    return np.random.default_rng(1).random((5, 1, 7, 6))


def test_dense_and_convolution_by_brute_force(samples):
    torch.manual_seed(0)
    net = Network(
        coding.Poisson(steps=6, max_rate=400.0),
        Layer(nn.Conv2d(1, 3, 3, stride=2, padding=1), IF, name="conv"),
        Layer(nn.Flatten(), name="flat"),
        Layer(nn.Linear(36, 5), IF, recurrent=nn.Linear(5, 5), name="dense"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, activity = counted(net, samples)
    spikes = {name: int(raster.sum()) for name, raster in activity.rasters.items()}
    assert min(spikes.values()) > 0
    conv, dense = cost.layers["conv"], cost.layers["dense"]
    by_hand = deliveries(activity.rasters["input"], 3, 2, 1, (7, 6), 3)
    # The mean over samples of whole numbers: equal but for the rounding of a division.
    assert conv.synaptic_operations == pytest.approx(by_hand / 5, rel=1e-12)
    assert dense.synaptic_operations == pytest.approx((spikes["conv"] * 5 + spikes["dense"] * 5) / 5, rel=1e-12)
    assert conv.multiply_accumulates == dense.multiply_accumulates == 0
    assert (conv.spikes, dense.spikes) == pytest.approx((spikes["conv"] / 5, spikes["dense"] / 5), rel=1e-12)
    assert (conv.neuron_updates, dense.neuron_updates) == (36 * 6, 5 * 6)
    assert cost.input_events == pytest.approx(spikes["input"] / 5, rel=1e-12)
    assert cost.steps == 6


def test_memory_by_hand(samples):
    """float32 takes 4 bytes: 9 x 3 weights and 3 biases; LIF keeps one number a neuron, and here a threshold."""
    threshold = torch.ones(3, 7, 6)
    net = Network(
        coding.Poisson(steps=2, max_rate=1.0),
        Layer(nn.Conv2d(1, 3, 3, padding=1), sw.LIF(tau_mem=0.02, v_threshold=threshold), name="conv"),
        Layer(nn.Flatten()),
        Layer(nn.Linear(126, 4, bias=False), neurons.CUBA(tau_mem=0.02, tau_syn=0.01), name="dense"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost = measure(net, sw.run(net, samples.astype(np.float32)))
    conv, dense = cost.layers["conv"], cost.layers["dense"]
    assert (conv.parameters, conv.weight_bytes, conv.state_bytes) == (30 + 126, 4 * 156, 4 * 126)
    assert (dense.parameters, dense.weight_bytes, dense.state_bytes) == (504, 2016, 2 * 4 * 4)
    assert (cost.total.parameters, cost.total.weight_bytes, cost.total.state_bytes) == (660, 2640, 536)


def test_state_of_neurons_with_receptors():
    """The input has an axis of its own for the receptors; the state has not."""
    neuron = neurons.ConductanceLIF()
    net = Network(
        coding.Poisson(steps=2, max_rate=1.0),
        Layer(nn.Linear(3, 4), neuron, recurrent=AllButSelf(-1.0)),
        coding.SpikeCount(),
        dt=DT,
    )
    state = neuron.start(torch.zeros(1, 4, 2))
    assert {tensor.shape for tensor in state} == {(1, 4)}
    cost = measure(net, sw.run(net, np.zeros((2, 3))))
    assert cost.total.state_bytes == sum(tensor.nbytes for tensor in state)
    assert cost.total.neuron_updates == 4 * 2


def test_an_analog_layer_is_computed_once_if_constant():
    """The direct code reaches the first dense layer as a constant, also through a pool and a reshaping."""
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=7),
        Layer(nn.AvgPool2d(2)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(4, 3), IF, name="first"),
        Layer(nn.Linear(3, 2), neurons.Integrator(), recurrent=nn.Linear(2, 2), name="second"),
        Layer(nn.Linear(2, 5), neurons.Integrator(), name="third"),
        coding.SpikeCount(),
        dt=DT,
    )
    nn.init.constant_(net.layers["first"].connection.weight, 0.2)
    cost, activity = counted(net, np.random.default_rng(0).random((3, 1, 4, 4)))
    assert cost.layers["first"].multiply_accumulates == 12
    assert cost.layers["first"].synaptic_operations == 0
    first = float(activity.rasters["first"].sum())
    assert first > 0
    assert cost.layers["second"].synaptic_operations == pytest.approx(first * 2 / 3, rel=1e-12)
    assert cost.layers["second"].multiply_accumulates == 4 * 7
    assert cost.layers["third"].multiply_accumulates == 10 * 7
    assert cost.layers["second"].spikes == 0
    assert cost.input_events == 0


def test_an_analog_layer_behind_a_delay_is_computed_in_each_step():
    net = Network(coding.Direct(steps=7), Layer(Delay(1)), Layer(nn.Linear(4, 3), IF), coding.SpikeCount(), dt=DT)
    assert counted(net, np.ones((3, 4)))[0].total.multiply_accumulates == 12 * 7


def test_an_artificial_network_counts_its_synapses():
    """ReLU units and one step: multiply-accumulates are the synapses, counted window by window."""
    net = Network(
        coding.Direct(steps=1),
        Layer(nn.Conv2d(2, 4, 3, padding=1), neurons.ReLU(), name="conv"),
        Layer(nn.MaxPool2d(2)),
        Layer(nn.Conv2d(4, 6, 3, groups=2), neurons.ReLU(), name="grouped"),
        Layer(nn.Flatten()),
        Layer(nn.Linear(12, 10), name="dense"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, _ = counted(net, np.random.default_rng(0).random((2, 2, 6, 8)))
    inside = sum(0 <= y + p < 6 and 0 <= x + q < 8 for y, x in np.ndindex(6, 8) for p in (-1, 0, 1) for q in (-1, 0, 1))
    assert cost.layers["conv"].multiply_accumulates == inside * 2 * 4
    assert cost.layers["grouped"].multiply_accumulates == 6 * (1 * 2) * (4 // 2 * 9)
    assert cost.layers["dense"].multiply_accumulates == 120
    assert cost.total.synaptic_operations == cost.total.neuron_updates == cost.total.state_bytes == 0
    assert cost.latency_steps == 1


def test_the_worked_example_of_neurobench():
    """3 x 3 weights, some of them 0, on one analog sample: 9 multiply-accumulates, 4 of them without a zero."""
    layer = Layer(nn.Linear(3, 3, bias=False))
    with torch.no_grad():
        layer.connection.weight.copy_(torch.tensor([[1.0, 2, 0], [0, 4, 5], [7, 0, 9]]))
    net = Network(coding.Direct(steps=1), layer, coding.SpikeCount(), dt=DT)
    cost, _ = counted(net, np.array([[0.0, 1.3, -1.0]]))
    assert cost.total.multiply_accumulates == 9
    assert cost.total.effective_multiply_accumulates == 4
    assert cost.total.parameters == 9


def binary(x):
    """Return ones where a tensor is not 0."""
    return (x != 0).double()


@pytest.mark.parametrize(
    "connection",
    [
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0)),
        nn.Conv2d(2, 6, 3, groups=2, dilation=2),
    ],
    ids=["padding", "stride", "groups"],
)
def test_effective_operations_are_those_of_the_layer_with_ones_in_place_of_numbers(connection):
    """As NeuroBench counts: run again with inputs and weights of 0 and 1, in every step, and add up what comes out."""
    torch.manual_seed(0)
    connection = connection.double()
    with torch.no_grad():
        connection.weight.masked_fill_(torch.rand_like(connection.weight) < 0.4, 0.0)
    samples = np.random.default_rng(0).random((3, 2, 7, 6))
    samples[samples < 0.5] = 0.0
    layers = Layer(connection, IF), Layer(nn.Flatten())
    about = {name: getattr(connection, name) for name in ("stride", "padding", "dilation", "groups")}
    spiking = Network(coding.Poisson(steps=5, max_rate=500.0), *layers, coding.SpikeCount(), dt=DT)
    cost, activity = counted(spiking, samples)
    again = nn.functional.conv2d(activity.rasters["input"].flatten(0, 1), binary(connection.weight), **about)
    every = nn.functional.conv2d(torch.ones(5, 2, 7, 6).double(), torch.ones_like(connection.weight), **about)
    assert cost.total.synaptic_operations == pytest.approx(float(again.sum()) / 3, rel=1e-12)
    assert cost.total.dense_synaptic_operations == float(every.sum())
    analog = Network(coding.Direct(steps=5), *layers, coding.SpikeCount(), dt=DT)
    cost, _ = counted(analog, samples)
    again = nn.functional.conv2d(binary(torch.from_numpy(samples)), binary(connection.weight), **about)
    assert cost.total.effective_multiply_accumulates == pytest.approx(float(again.sum()) / 3, rel=1e-12)
    assert cost.total.multiply_accumulates == float(every.sum()) / 5


def test_an_artificial_network_counts_its_own_zeros():
    """Rectified units that are silent, counted sample by sample from the activations."""
    torch.manual_seed(1)
    net = Network(
        coding.Direct(steps=1),
        Layer(nn.Linear(6, 9), neurons.ReLU(), name="hidden"),
        Layer(nn.Linear(9, 3), name="out"),
        coding.SpikeCount(),
        dt=DT,
    )
    samples = np.random.default_rng(0).random((5, 6))
    cost, activity = counted(net, samples)
    active = int((activity.rasters["hidden"] > 0).sum())
    assert 0 < active < 45
    assert cost.layers["out"].effective_multiply_accumulates == pytest.approx(active * 3 / 5, rel=1e-12)
    assert cost.layers["out"].multiply_accumulates == 27
    assert cost.layers["hidden"].effective_multiply_accumulates == 54


def test_values_that_cancel_in_a_sum_are_zeros():
    """Two layers of opposite weights whose outputs are added: nothing is left to multiply."""
    net = Network(
        coding.Direct(steps=1),
        Layer(nn.Linear(2, 2, bias=False), name="a"),
        Layer(nn.Linear(2, 2, bias=False), name="b", inputs=("input",)),
        Layer(nn.Linear(2, 4), name="sum", inputs=("a", "b")),
        coding.SpikeCount(),
        dt=DT,
    )
    with torch.no_grad():
        net.layers["a"].connection.weight.copy_(torch.eye(2))
        net.layers["b"].connection.weight.copy_(torch.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    cost, _ = counted(net, np.ones((3, 2)))
    assert cost.layers["sum"].effective_multiply_accumulates == 4
    assert cost.layers["sum"].multiply_accumulates == 8


def test_memory_accesses_by_hand():
    """Direct code, 3 steps: 2 inputs, one of them 0, to 4 spiking neurons with a bias, to 5 with lateral inhibition."""
    net = Network(
        coding.Direct(steps=3),
        Layer(nn.Linear(2, 4), neurons.IF(v_threshold=0.5), name="first"),
        Layer(nn.Linear(4, 5, bias=False), sw.LIF(tau_mem=0.02), recurrent=AllButSelf(-1.0), name="second"),
        coding.SpikeCount(),
        dt=DT,
    )
    with torch.no_grad():
        net.layers["first"].connection.weight.fill_(0.4)
        net.layers["first"].connection.bias.fill_(0.2)
        net.layers["second"].connection.weight.fill_(0.3)
    # Each of the four gets 0.6 a step, and fires in every step: 12 spikes. The others reach 1.2 in the first step.
    cost, activity = counted(net, np.array([[1.0, 0.0]]))
    first, second = cost.layers["first"], cost.layers["second"]
    assert activity.layers["first"].per_sample.tolist() == [12]
    own = int(activity.layers["second"].per_sample)
    assert own > 0
    # Products once, a charge kept and added in each step.
    assert (first.multiply_accumulates, first.effective_multiply_accumulates) == (8, 4)
    assert (first.bias_additions, first.values) == (12, 4)
    assert first.weight_reads == 8 + 12
    assert (first.value_reads, first.value_writes) == (8, 4)
    assert (first.event_reads, first.event_writes) == (0, 12)
    assert (first.potential_reads, first.potential_writes) == (12, 12)
    assert (first.update_additions, first.update_multiplications) == (12 * 3, 0)
    # Every spike reads 5 weights; every one of its own reaches 4 others.
    assert second.synaptic_operations == 12 * 5 + own * 4
    assert second.dense_synaptic_operations == 3 * (20 + 20)
    assert (second.bias_additions, second.values, second.value_reads) == (0, 0, 0)
    assert second.weight_reads == second.synaptic_operations
    assert second.potential_reads == second.synaptic_operations + 15
    assert (second.event_reads, second.event_writes) == (12 + own, own)
    assert second.update_multiplications == 15
    assert [path.recurrent for path in second.pathways] == [False, True]
    assert cost.spikes_per_synapse == pytest.approx((60 + own * 4) / 40)


def test_an_equation_that_cannot_be_traced():
    """One multiplication and two additions for each number of state."""

    @dataclass(frozen=True)
    class Odd(neurons.IF):
        def step(self, x, state, *, dt):
            return super().step(torch.special.i0e(x) * 0 + x, state, dt=dt)

    net = Network(coding.Direct(steps=3), Layer(nn.Linear(2, 4), Odd()), coding.SpikeCount(), dt=DT)
    assert operations_of(Odd(), torch.zeros(1, 4), dt=DT) is None
    total = counted(net, np.ones((1, 2)))[0].total
    assert (total.update_additions, total.update_multiplications) == (24, 12)


def test_skipping_zeros():
    net = Network(coding.Direct(steps=1), Layer(nn.Linear(3, 4)), coding.SpikeCount(), dt=DT)
    cost, _ = counted(net, np.array([[0.0, 1.0, 2.0]]))
    assert cost.total.multiply_accumulates == 12
    assert cost.skipping_zeros().total.multiply_accumulates == 8
    assert cost.skipping_zeros().total.weight_reads == 8 + 4


def test_more_or_fewer_spikes():
    """What spikes cause is in proportion to them; products, updates and memory stay."""
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=6),
        Layer(nn.Linear(3, 8), neurons.IF(v_threshold=0.1), name="first"),
        Layer(nn.Linear(8, 4), IF, name="second"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, _ = counted(net, np.ones((2, 3)))
    twice = cost.scaled(2.0)
    assert twice.total.synaptic_operations == 2 * cost.total.synaptic_operations > 0
    assert twice.spikes_per_synapse == 2 * cost.spikes_per_synapse
    assert twice.total.event_reads == 2 * cost.total.event_reads
    for name in ("multiply_accumulates", "neuron_updates", "values", "bias_additions", "parameters", "state_updates"):
        assert getattr(twice.total, name) == getattr(cost.total, name)
    silent = cost.scaled(0.0).total
    assert (silent.synaptic_operations, silent.spikes, silent.event_reads) == (0, 0, 0)


def test_spikes_beyond_the_border_are_free():
    """With a stride of 2 and a kernel of 1 only pixels in even rows and columns are seen."""
    net = Network(
        coding.Poisson(steps=3, max_rate=1e6),
        Layer(nn.Conv2d(1, 2, 1, stride=2), IF),
        Layer(nn.Flatten()),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, activity = counted(net, np.ones((1, 1, 4, 4)))
    assert activity.layers["input"].per_neuron.tolist() == [[[3] * 4] * 4]
    assert cost.total.synaptic_operations == 3 * 4 * 2


def test_lateral_and_delayed_connections():
    """A spike counts where it is sent, whether or not it arrives before the end."""
    net = Network(
        coding.Poisson(steps=3, max_rate=1e6),
        Layer(DelayedLinear(torch.ones(4, 2), torch.full((4, 2), 9)), name="late"),
        Layer(None, neurons.IF(v_start=5.0), recurrent=AllButSelf(0.5), name="lateral"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, activity = counted(net, np.ones((2, 2)))
    assert not activity.rasters["late"].any()
    assert activity.rasters["lateral"].all()
    assert cost.layers["late"].synaptic_operations == 3 * 2 * 4
    assert cost.layers["lateral"].synaptic_operations == 3 * 4 * 3
    # Eight weights in float64 and eight delays in int64.
    assert (cost.layers["late"].parameters, cost.layers["late"].weight_bytes) == (16, 128)


def test_pools():
    """A pool that hands on is free; one whose charges go to neurons is counted; sums of spikes are so many spikes."""
    every = coding.Poisson(steps=3, max_rate=1e6)
    silent = neurons.IF(v_threshold=100.0)
    ones = np.ones((1, 1, 4, 4))

    def total(*layers):
        return counted(Network(every, *layers, Layer(nn.Flatten()), coding.SpikeCount(), dt=DT), ones)[0].total

    assert total(Layer(nn.AvgPool2d(2))) == LayerCost()
    assert total(Layer(nn.MaxPool2d(2), silent)).synaptic_operations == 0
    assert total(Layer(nn.AvgPool2d(2), silent)).synaptic_operations == 3 * 16
    assert total(Layer(nn.AvgPool2d(3, stride=1), silent)).synaptic_operations == 3 * 36
    assert total(Layer(SumPool2d(2)), Layer(nn.Conv2d(1, 5, 1), silent)).synaptic_operations == 3 * 16 * 5
    averaged = total(Layer(nn.AvgPool2d(2)), Layer(nn.Conv2d(1, 5, 1), silent))
    assert (averaged.synaptic_operations, averaged.multiply_accumulates) == (0, 3 * 4 * 5)


def test_a_residual_sum_delivers_all_its_spikes():
    relay = neurons.IF()
    net = Network(
        coding.Poisson(steps=3, max_rate=1e6),
        Layer(None, relay, name="a"),
        Layer(None, relay, name="b"),
        Layer(nn.Linear(2, 4), IF, inputs=("a", "b"), name="sum"),
        coding.SpikeCount(),
        dt=DT,
    )
    cost, _ = counted(net, np.ones((2, 2)))
    assert cost.layers["sum"].synaptic_operations == (6 + 6) * 4


def test_a_linear_readout_is_counted():
    torch.manual_seed(0)
    readout = coding.LinearReadout(torch.randn(3, 5), torch.zeros(3))
    spiking = Network(coding.Poisson(steps=9, max_rate=500.0), Layer(nn.Linear(4, 5), IF), readout, dt=DT)
    cost, activity = counted(spiking, np.ones((2, 4)))
    spikes = float(activity.layers["layer1"].per_sample.mean())
    assert spikes > 0
    assert cost.readout.synaptic_operations == pytest.approx(3 * spikes, rel=1e-12)
    assert (cost.readout.parameters, cost.readout.weight_bytes) == (18, 18 * 8)
    analog = Network(coding.Direct(steps=9), Layer(nn.Linear(4, 5)), readout, dt=DT)
    assert counted(analog, np.ones((2, 4)))[0].readout.multiply_accumulates == 15


@pytest.mark.parametrize("engine", [Batch(), Reference(), EventDriven()], ids=repr)
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_costs_depend_on_neither_batch_nor_engine(engine, batch_size):
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=8),
        Layer(nn.Linear(6, 9), IF),
        Layer(nn.Linear(9, 3), IF, recurrent=AllButSelf(-0.1)),
        coding.SpikeCount(),
        dt=DT,
    )
    samples = np.random.default_rng(0).random((5, 6))
    cost, _ = counted(net, samples, engine=engine, batch_size=batch_size)
    whole, activity = counted(net, samples)
    assert cost == whole
    assert cost.latency_steps == float(activity.latencies.double().mean())
    # Each sample on its own, and then the mean.
    single = [counted(net, samples[k : k + 1])[0].total for k in range(5)]
    for name in ("synaptic_operations", "multiply_accumulates", "spikes", "neuron_updates"):
        mean = np.mean([getattr(total, name) for total in single])
        assert getattr(whole.total, name) == pytest.approx(mean, rel=1e-12)


def test_total_is_the_sum():
    one, two = (Pathway(Form("dense", k, k, k, k, k, k, k), True, False, 1, 1.0, 1.0) for k in (1, 2))
    a = LayerCost(*range(1, 16), pathways=(one,))
    b = LayerCost(*range(10, 160, 10), pathways=(two,))
    assert a + b == LayerCost(*range(11, 166, 11), pathways=(one, two))


def test_the_activity_of_another_network():
    net = Network(coding.Direct(steps=1), Layer(nn.Linear(2, 1), name="mine"), coding.SpikeCount(), dt=DT)
    other = Network(coding.Direct(steps=1), Layer(nn.Linear(2, 1), name="other"), coding.SpikeCount(), dt=DT)
    with pytest.raises(ModelError, match="must be of this network, with layers mine; got input, other"):
        measure(net, sw.run(other, np.ones((1, 2))))


def test_weights_of_zero_are_no_synapses_for_spikes():
    """Two spikes on a matrix with 3 and 1 weights that are not 0 do 3 + 1 operations."""
    layer = Layer(nn.Linear(2, 3, bias=False), sw.LIF(tau_mem=0.02))
    with torch.no_grad():
        layer.connection.weight.copy_(torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.5]]))
    net = Network(coding.Poisson(steps=1, max_rate=1 / DT), layer, coding.SpikeCount(), dt=DT)
    cost, _ = counted(net, np.array([[1.0, 1.0]]))
    assert cost.total.synaptic_operations == 4
