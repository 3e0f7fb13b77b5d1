"""Neurons that chips have, and time constants that their arithmetics hold exactly."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import spikewright as sw
from spikewright.chips import NAMES, load
from spikewright.neurons import CUBA, IF, LIF, ArcTan, PromptCUBA
from spikewright.quantised import (
    FixedPointArithmetic,
    Loihi,
    Xylo,
    arithmetic_of,
    arithmetic_to_train_for,
    gain_of,
    neuron_for,
    quantise,
)

LIKE = LIF(tau_mem=5e-3, surrogate=ArcTan(slope=3.0))


def integer_neuron(neuron, chip):
    net = sw.Network(sw.coding.Regular(steps=2), sw.Layer(nn.Linear(3, 2), neuron), sw.coding.SpikeCount(), dt=1e-3)
    return quantise(net, (3,), chip).layers[0].neuron


@pytest.mark.parametrize("name", NAMES)
def test_kinds_and_resets_are_those_of_the_chip(name):
    chip = load(name)
    neuron = neuron_for(chip, LIKE, 1e-3)
    if name == "akida-1":
        assert neuron is LIKE
        return
    assert type(neuron).__name__ in chip.neurons
    assert ("subtract" if neuron.v_reset is None else "zero") in chip.resets
    assert neuron.surrogate is LIKE.surrogate


def test_subtraction_comes_first_and_lif_before_other_kinds():
    assert neuron_for(load("loihi-2"), LIKE, 1e-3).v_reset is None
    assert isinstance(neuron_for(load("loihi-1"), LIKE, 1e-3), LIF)
    assert neuron_for(load("truenorth"), LIKE, 1e-3) == IF(surrogate=LIKE.surrogate)
    assert neuron_for(load("spinnaker-1"), LIKE, 1e-3) == replace(LIKE, v_reset=0.0)
    plain = neuron_for(replace(load("xylo-imu"), neurons=("CUBA",)), LIKE, 1e-3)
    assert isinstance(plain, CUBA)


def test_shifts_of_xylo_are_exact():
    """5 steps are nearest to a shift of 2, log2(5) = 2.3, and 2.5 steps to one of 1; so 3/4 and 1/2 are left."""
    neuron = neuron_for(load("xylo-audio-2"), LIKE, 1e-3)
    assert isinstance(neuron, PromptCUBA)
    assert exp(-1e-3 / neuron.tau_mem) == pytest.approx(0.75, rel=1e-14)
    assert exp(-1e-3 / neuron.tau_syn) == pytest.approx(0.5, rel=1e-14)
    assert neuron.gain == pytest.approx(0.5, rel=1e-14)
    integer = integer_neuron(neuron, "xylo-audio-2")
    assert (integer.dash_mem[0], integer.dash_syn[0]) == (2, 1)


@given(tau=st.floats(0.3, 1e5), arithmetic=st.sampled_from([Xylo(), Loihi(), FixedPointArithmetic()]))
def test_a_decay_that_is_there_stays(tau, arithmetic):
    """The nearest decay is a fixed point, so that a network that has it is not moved again."""
    kept = arithmetic.kept(exp(-1 / tau))
    assert 0 < kept < 1
    assert arithmetic.kept(kept) == kept


@given(shift=st.integers(1, 15))
def test_xylo_finds_the_shift_of_its_own_decays(shift):
    assert Xylo().kept(1 - 2.0**-shift) == 1 - 2.0**-shift


def test_decays_of_twelve_bits_are_exact():
    """exp(-1/5) * 4096 = 3353.5 is rounded to 3353 or 3354 of 4096 by the chip and in the network alike."""
    neuron = neuron_for(load("loihi-1"), LIKE, 1e-3)
    integer = integer_neuron(neuron, "loihi-1")
    assert exp(-1e-3 / neuron.tau_mem) == pytest.approx(1 - integer.decay_v[0] / 4096, rel=1e-14)
    assert abs(integer.decay_v[0] - (1 - exp(-0.2)) * 4096) < 1


def test_arithmetics_to_train_for():
    assert arithmetic_to_train_for(load("truenorth")) == arithmetic_of("truenorth")
    assert arithmetic_to_train_for(load("odin")) == FixedPointArithmetic(weight_bits=3)
    assert arithmetic_to_train_for(load("akida-1")) == FixedPointArithmetic(weight_bits=4)
    assert arithmetic_to_train_for(load("spinnaker-1")) is None


def test_gains_of_currents():
    """A prompt neuron has its gain; the other's is that of equal time constants, dt / tau times the decay."""
    assert gain_of(PromptCUBA(5e-3, 2e-3, gain=0.3), 1e-3) == 0.3
    assert gain_of(CUBA(5e-3, 5e-3), 1e-3) == pytest.approx(0.2 * np.exp(-0.2))
    with pytest.raises(TypeError, match="gain_of: LIF has no current; takes CUBA or PromptCUBA"):
        gain_of(LIKE, 1e-3)
