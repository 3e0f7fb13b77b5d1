"""The compiled presentation against its reference, a hand-worked example, and the neuron model that it stands for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from spikewright.coding import ClassVote, Poisson
from spikewright.engines import Batch
from spikewright.kernels import Membrane, Plasticity, bernoulli_events, present, present_reference
from spikewright.network import AllButSelf, Layer, Network
from spikewright.neurons import ConductanceLIF

DT = 5e-4
LEARNING = Plasticity(
    eta_pre=0.002,
    eta_post=0.05,
    decay_pre=0.97,
    decay_fast=0.96,
    decay_slow=0.98,
    theta_plus=0.3,
    w_max=0.4,
    w_sum=9.0,
)


def mean(tau):
    """Mean of an exponential decay over a step."""
    return tau / DT * (1 - math.exp(-DT / tau))


def constants(*, gain=1.0, inhibition=17.0):
    """The paper's neurons at half a millisecond."""
    return Membrane(
        leak=-DT / 0.1,
        v_leak=-65.0,
        v_reset=-65.0,
        v_threshold=-52.0,
        offset=20.0,
        e_exc=0.0,
        e_inh=-100.0,
        mean_exc=mean(1e-3),
        mean_inh=mean(2e-3),
        decay_exc=math.exp(-DT / 1e-3),
        decay_inh=math.exp(-DT / 2e-3),
        wait=10,
        gain=gain,
        inhibition=inhibition,
    )


def case(inputs, neurons, steps, dtype, probability=0.12):
    """Random weights, thresholds and input spikes."""
    rng = np.random.default_rng(inputs + neurons)
    weight = rng.uniform(0, 0.4, (inputs, neurons)).astype(dtype)
    theta = rng.uniform(15, 20, neurons).astype(dtype)
    return weight, theta, *bernoulli_events(np.full(inputs, probability), steps, 4)


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("inputs", "neurons", "steps"), [(0, 3, 5), (3, 0, 5), (3, 2, 0), (1, 1, 1), (61, 37, 301)])
def test_equals_reference(inputs, neurons, steps, dtype, learn):
    """Spikes are the same; weights differ by the rounding of a few hundred changes of at most 0.4."""
    weight, theta, offsets, addresses = case(inputs, neurons, steps, dtype)
    results = []
    for kernel in (present, present_reference):
        w, shift = weight.copy(), theta.copy()
        spikes = kernel(w, shift, offsets, addresses, constants(), LEARNING, learn)
        results.append((*spikes, w, shift))
    ours, reference = results
    for place in range(3):
        np.testing.assert_array_equal(ours[place], reference[place])
    np.testing.assert_allclose(ours[3], reference[3], rtol=0, atol=100 * np.finfo(dtype).eps)
    np.testing.assert_allclose(ours[4], reference[4], rtol=100 * np.finfo(dtype).eps)
    if steps > 100:
        assert len(ours[1]) > 20
        assert learn == bool((ours[3] != weight).any())


@pytest.mark.parametrize(("gain", "inhibition"), [(1e4, 17.0), (1.0, 1e4), (0.0, 1.0)])
def test_extreme_conductances(gain, inhibition):
    """Neurons that always fire, that silence each other for long, or that get nothing, are those of the reference."""
    weight, theta, offsets, addresses = case(20, 9, 200, np.float64)
    membrane = constants(gain=gain, inhibition=inhibition)
    ours = present(weight.copy(), theta, offsets, addresses, membrane, LEARNING, False)
    reference = present_reference(weight, theta, offsets, addresses, membrane, LEARNING, False)
    np.testing.assert_array_equal(ours[0], reference[0])
    np.testing.assert_array_equal(ours[1], reference[1])
    assert bool(len(ours[1])) == (gain > 0)


@pytest.mark.parametrize("wait", [0, 1, 1000])
def test_refractory_periods(wait):
    """None, one step, and longer than the run, in which every neuron fires once at most."""
    weight, theta, offsets, addresses = case(20, 9, 200, np.float64)
    membrane = constants(gain=3.0, inhibition=0.5)._replace(wait=wait)
    results = [
        kernel(weight.copy(), theta.copy(), offsets, addresses, membrane, LEARNING, True)
        for kernel in (present, present_reference)
    ]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert np.bincount(results[0][1]).max() == 1 if wait == 1000 else len(results[0][1]) > 20


@pytest.mark.parametrize("kernel", [present, present_reference])
def test_hand_worked_example(kernel):
    """Two inputs, one neuron that fires in the step after any input, unless it waits.

    The conductance of a spike is so large that one step lifts the potential to the reversal at 0; it lasts one step.

    Step 0: input 0 arrives; no trace of the neuron, so nothing is learned.
    Step 1: the neuron fires; its slow trace was 0, so nothing is learned; both traces become 1.
    Step 2: the neuron waits; both inputs arrive; its fast trace is 0.25: each weight loses 0.01 * 0.25 = 0.0025.
    Step 3: the neuron fires; its slow trace is 0.5 ** 2 = 0.25, the inputs' traces 0.5: each weight gains
    0.1 * 0.5 * 0.25 = 0.0125, but the first no more than up to 0.405. In the end 0.405 and 0.31 are doubled to a sum of
    1.43.
    """
    membrane = constants(gain=1e6)._replace(decay_exc=0.0, wait=1)
    rule = Plasticity(
        eta_pre=0.01,
        eta_post=0.1,
        decay_pre=0.5,
        decay_fast=0.25,
        decay_slow=0.5,
        theta_plus=0.05,
        w_max=0.405,
        w_sum=1.43,
    )
    weight, theta = np.array([[0.4], [0.3]]), np.array([20.0])
    offsets, addresses = np.array([0, 1, 1, 3, 3]), np.array([0, 0, 1])
    ends, fired, updates = kernel(weight, theta, offsets, addresses, membrane, rule, True)
    np.testing.assert_array_equal(ends, [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(fired, [0, 0])
    np.testing.assert_allclose(weight[:, 0], [0.81, 0.62], rtol=1e-14)
    np.testing.assert_allclose(theta, [20.1], rtol=1e-14)
    assert updates == 2 + 2 + 2


def test_weights_are_never_negative_and_keep_their_sum():
    """However large the changes; a neuron that has not fired keeps its weights."""
    weight, theta, offsets, addresses = case(30, 11, 300, np.float32)
    theta[4], before = 1000, weight[:, 4].copy()
    rule = LEARNING._replace(eta_pre=0.05, eta_post=0.5)
    _, fired, _ = present(weight, theta, offsets, addresses, constants(inhibition=0.1), rule, True)
    assert weight.min() == 0
    np.testing.assert_array_equal(np.unique(fired), np.delete(np.arange(11), 4))
    # Sums of 30 weights in float32.
    np.testing.assert_allclose(np.delete(weight, 4, 1).sum(0), LEARNING.w_sum, rtol=1e-6)
    np.testing.assert_array_equal(weight[:, 4], before)


def test_spikes_are_those_of_the_network():
    """With learning off, in float64, every spike is that of a network of the package for the same raster."""
    weight, theta, offsets, addresses = case(80, 50, 400, np.float64)
    ends, fired, _ = present(weight, theta, offsets, addresses, constants(gain=0.7, inhibition=9.0), LEARNING, False)
    connection = nn.Linear(80, 50, bias=False).double()
    connection.weight = nn.Parameter(0.7 * torch.from_numpy(weight.T))
    net = Network(
        Poisson(steps=400, max_rate=60.0),
        Layer(connection, ConductanceLIF(theta=torch.from_numpy(theta), theta_plus=0.0), recurrent=AllButSelf(-9.0)),
        ClassVote(labels=torch.zeros(50, dtype=torch.int64), classes=1),
        dt=DT,
    ).double()
    raster = torch.zeros(400, 1, 80, dtype=torch.float64)
    raster[np.repeat(np.arange(400), np.diff(offsets)), 0, addresses] = 1
    steps, neurons = Batch().propagate(net, raster)["layer1"][:, 0].nonzero(as_tuple=True)
    assert len(fired) > 30
    np.testing.assert_array_equal(neurons, fired)
    np.testing.assert_array_equal(steps, np.repeat(np.arange(400), np.diff(ends)))
