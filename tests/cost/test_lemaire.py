"""The equations of Lemaire et al., each worked out by hand."""

from dataclasses import replace

import pytest

from spikewright.cost import LEMAIRE_INT32, Pathway
from spikewright.cost import _lemaire_equations as equations


def through(form, events):
    """Return spikes that come through a connection, 4 synapses each."""
    return Pathway(form, spiking=True, recurrent=False, times=4, events=events, effective=4 * events)


def test_an_artificial_convolution(conv_form):
    """C_out H_out W_out = 16 neurons of C_in H_k W_k = 18 inputs."""
    assert equations.artificial_operations(conv_form) == (16 * 18, 16)
    assert equations.artificial_accesses(conv_form) == (288, 288, 16, 0, 16)
    assert equations.artificial_addressing(conv_form) == (0, 2 * 6 * 6 + 4 * 2 * 2 + 4 * 9)


def test_an_artificial_fully_connected_layer(dense_form):
    assert equations.artificial_operations(dense_form) == (1000, 10)
    assert equations.artificial_accesses(dense_form) == (100, 1000, 10, 0, 10)
    assert equations.artificial_addressing(dense_form) == (0, 100 + 10 + 10)


def test_spikes_into_a_convolution(conv_form):
    """A kernel of 3 in stride 2 meets a pixel at most twice: 50 spikes, 2 x 2 windows, 4 channels."""
    path = through(conv_form, 50.0)
    assert equations.delivered_operations(path) == (0, 50 * 2 * 2 * 4)
    assert equations.reached_words(path) == 50 * 4 * 9
    assert equations.spiking_addressing(path) == (100, 50 * 4 * 9)


def test_spikes_into_a_fully_connected_layer(dense_form):
    """Equation 2.4 without its factor of N_in: 50 spikes reach 10 neurons each."""
    path = through(dense_form, 50.0)
    assert equations.delivered_operations(path) == (0, 500)
    assert equations.reached_words(path) == 500
    assert equations.spiking_addressing(path) == (0, 500)


def test_spikes_into_connections_they_have_no_equation_for(dense_form):
    for kind in ("sparse", "lateral"):
        path = through(replace(dense_form, kind=kind), 50.0)
        assert equations.delivered_operations(path) == (0, 200)
        assert equations.reached_words(path) == 200


def test_what_neurons_compute():
    """10 neurons, 4 steps, 7 spikes: 40 biases and 7 resets; a leak of 40 products."""
    assert equations.neuron_operations(10, 4, 7.0, leaky=False) == (0, 47)
    assert equations.neuron_operations(10, 4, 7.0, leaky=True) == (40, 47)


def test_what_a_spiking_layer_accesses():
    """500 weights for 50 spikes; a potential is read and written for each, and in every step."""
    assert equations.spiking_accesses(500.0, 50.0, 10, 4, 7.0) == (50, 500, 40, 2 * 540, 7)


def test_the_line_through_memories_of_three_sizes():
    """13.9, 16.1 and 105 pJ where Horowitz has 10, 20 and 100."""
    words = [size * 2**10 / 4 for size in (8, 32, 1024)]
    assert [equations.memory_access(count, 32) for count in words] == pytest.approx([13.9, 16.1, 104.6], abs=0.05)


def test_energy_of_a_spiking_layer(spiking_cost):
    """100 inputs, 1010 parameters, 10 potentials, 10 outputs; every term above with its price."""
    inputs, weights, small = (13.2 + 1.09e-5 * 32 * kept for kept in (100, 1010, 10))
    computing = 0.1 * 500 + 0.1 * 500 + 0.1 * 47 + 3.2 * 40
    accessing = 50 * inputs + (500 + 40) * weights + 2 * 540 * small + 7 * small
    assert LEMAIRE_INT32.energy(spiking_cost) == pytest.approx(computing + accessing, rel=1e-12)


def test_energy_of_an_artificial_layer(artificial_cost):
    inputs, weights, small = (13.2 + 1.09e-5 * 32 * kept for kept in (100, 1010, 10))
    computing = 3.2 * 1000 + 0.1 * 10 + 0.1 * 120
    accessing = 100 * inputs + 1010 * weights + 10 * small
    assert LEMAIRE_INT32.energy(artificial_cost) == pytest.approx(computing + accessing, rel=1e-12)
