"""Energy models against arithmetic by hand, and the published constants."""

import pytest

from spikewright.cost import ENERGY_MODELS, HOROWITZ_FP32, HOROWITZ_INT8, Cost, Horowitz45nm, LayerCost


def cost_of(**counts):
    """Return the cost of one layer with these counts, and a readout of ten synaptic operations."""
    readout = LayerCost(synaptic_operations=10.0)
    return Cost({"only": LayerCost(**counts)}, readout, input_events=3.0, steps=4, latency_steps=2.0)


def test_horowitz_by_hand():
    cost = cost_of(synaptic_operations=1000.0, multiply_accumulates=100.0, neuron_updates=1e9)
    assert HOROWITZ_FP32.energy(cost) == pytest.approx(100 * (3.7 + 0.9) + 1010 * 0.9, rel=1e-12)
    assert HOROWITZ_INT8.energy(cost) == pytest.approx(100 * (0.2 + 0.03) + 1010 * 0.03, rel=1e-12)


def test_ratios_of_the_two_operations():
    """As the literature quotes them: 5.1 in fp32 and 7.7 in int8."""
    ratios = [m.constants["multiply_accumulate"] / m.constants["synaptic_operation"] for m in ENERGY_MODELS]
    assert [round(ratio, 1) for ratio in ratios] == [5.1, 7.7]


def test_break_even():
    """Arithmetic alone breaks even at 5.1 spikes a synapse in fp32."""
    spiking = cost_of(synaptic_operations=46 / 9 * 1000 - 10)
    artificial = cost_of(multiply_accumulates=1000.0, synaptic_operations=-10.0)
    assert HOROWITZ_FP32.energy(spiking) == pytest.approx(HOROWITZ_FP32.energy(artificial), rel=1e-12)


def test_every_model_says_where_it_comes_from():
    assert len({model.name for model in ENERGY_MODELS}) == len(ENERGY_MODELS)
    assert [model.name for model in ENERGY_MODELS] == ["horowitz-45nm-fp32", "horowitz-45nm-int8"]
    for model in ENERGY_MODELS:
        assert "ISSCC 2014" in model.source
        assert min(model.constants.values()) > 0
        assert model.energy(cost_of(synaptic_operations=-10.0)) == 0


@pytest.mark.parametrize("name", ["add", "multiply"])
def test_constants_are_positive(name):
    constants = {"add": 0.1, "multiply": 0.1, name: 0.0}
    with pytest.raises(ValueError, match=rf"Horowitz45nm.{name}: must be > 0 pJ; got 0"):
        Horowitz45nm("free", **constants)
