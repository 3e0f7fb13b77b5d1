"""Layers whose counts are chosen, for energy by hand."""

import pytest

from spikewright.cost import Cost, Form, LayerCost, Pathway


@pytest.fixture
def dense_form():
    """100 inputs to 10 neurons with biases."""
    return Form("dense", 100, 10, 1000, 1000, 10, fan_in=100, channels=10)


@pytest.fixture
def conv_form():
    """2 x 6 x 6 pixels, 4 channels of 3 x 3 kernels in stride 2: 4 x 2 x 2 neurons."""
    return Form("convolution", 72, 16, 288, 72, 4, fan_in=18, channels=4, kernel=(3, 3), stride=(2, 2))


@pytest.fixture
def spiking_cost(dense_form):
    """50 spikes through the dense form in 4 steps, 7 out, leaky neurons."""
    path = Pathway(dense_form, spiking=True, recurrent=False, times=4, events=50.0, effective=500.0)
    layer = LayerCost(
        synaptic_operations=500.0,
        dense_synaptic_operations=4000.0,
        neuron_updates=40.0,
        spikes=7.0,
        parameters=1010,
        weight_bytes=4040,
        state_bytes=40,
        bias_additions=40.0,
        update_additions=200.0,
        update_multiplications=40.0,
        state_updates=40.0,
        states=10,
        pathways=(path,),
    )
    return Cost({"only": layer}, LayerCost(), input_events=50.0, steps=4, latency_steps=2.0)


@pytest.fixture
def artificial_cost(dense_form):
    """The same form with 100 values, 60 of them not 0."""
    path = Pathway(dense_form, spiking=False, recurrent=False, times=1, events=60.0, effective=600.0)
    layer = LayerCost(
        multiply_accumulates=1000.0,
        effective_multiply_accumulates=600.0,
        bias_additions=10.0,
        values=10.0,
        parameters=1010,
        weight_bytes=4040,
        pathways=(path,),
    )
    return Cost({"only": layer}, LayerCost(), input_events=0.0, steps=1, latency_steps=1.0)
