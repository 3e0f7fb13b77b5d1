"""Energy models against arithmetic by hand, and the published constants."""

from dataclasses import replace

import pytest

from spikewright.cost import (
    DATA_MOVEMENT,
    ENERGY_MODELS,
    HOROWITZ_FP16,
    HOROWITZ_FP32,
    HOROWITZ_INT8,
    LOIHI_1,
    MEMORY_INT8_DRAM,
    MEMORY_INT8_SRAM,
    Cost,
    DataMovement22nm,
    Form,
    Horowitz45nm,
    LayerCost,
    Lemaire2022,
    MemoryTraffic45nm,
    Pathway,
    artificial,
    compare_energies,
    matching_bits,
    sram_access,
)


def cost_of(**counts):
    """Return the cost of one layer with these counts, and a readout of ten synaptic operations."""
    readout = LayerCost(synaptic_operations=10.0)
    return Cost({"only": LayerCost(**counts)}, readout, input_events=3.0, steps=4, latency_steps=2.0)


def test_horowitz_by_hand():
    cost = cost_of(synaptic_operations=1000.0, multiply_accumulates=100.0, neuron_updates=1e9)
    assert HOROWITZ_FP32.energy(cost) == pytest.approx(100 * (3.7 + 0.9) + 1010 * 0.9, rel=1e-12)
    assert HOROWITZ_FP16.energy(cost) == pytest.approx(100 * (1.1 + 0.4) + 1010 * 0.4, rel=1e-12)
    assert HOROWITZ_INT8.energy(cost) == pytest.approx(100 * (0.2 + 0.03) + 1010 * 0.03, rel=1e-12)


def test_ratios_of_the_two_operations():
    """As the literature quotes them: 5.1 in fp32, 3.75 in fp16 and 7.7 in int8."""
    models = (HOROWITZ_FP32, HOROWITZ_FP16, HOROWITZ_INT8)
    ratios = [m.constants["multiply_accumulate"] / m.constants["synaptic_operation"] for m in models]
    assert [round(ratio, 2) for ratio in ratios] == [5.11, 3.75, 7.67]


def test_two_published_powers_of_one_network():
    """Spikformer-8-768, 22.09 G synaptic operations: 1.701 mJ in its paper, about 21.5 mJ in later ones.

    The constant makes the difference: 0.077 pJ an operation in the one, 0.9 pJ and 4.6 pJ for the products of the first
    layer in the others. So every figure is printed beside its constants.
    """
    operations = cost_of(synaptic_operations=22.09e9 - 10.0)
    first = Horowitz45nm("as in its paper", add=0.077, multiply=1.0)
    assert first.energy(operations) / 1e9 == pytest.approx(1.701, abs=5e-4)
    whole = cost_of(synaptic_operations=22.09e9 - 10.0, multiply_accumulates=0.35e9)
    assert HOROWITZ_FP32.energy(operations) / 1e9 == pytest.approx(19.88, abs=5e-3)
    assert HOROWITZ_FP32.energy(whole) / 1e9 == pytest.approx(21.48, abs=0.02)
    assert first.constants["synaptic_operation"] == 0.077
    assert HOROWITZ_FP32.constants["synaptic_operation"] == 0.9


def test_memory_of_published_sizes():
    """8 KiB, 32 KiB and 1 MiB: 10, 20 and 100 pJ for 64 bits; what is in between costs as the next larger."""
    sizes = (1, 8 * 2**10, 8 * 2**10 + 1, 32 * 2**10, 2**20, 2**24)
    assert [sram_access(size, 64) for size in sizes] == [10, 10, 20, 20, 100, 100]
    assert sram_access(8000, 8) == 1.25


def test_memory_traffic_by_hand(spiking_cost, artificial_cost):
    # 1010 weights of a byte, 10 states of two, 50 + 7 addresses of two bytes, all in memories of 8 KiB.
    computing = (500 + 40 + 200) * 0.03 + 40 * 0.2
    accessing = (500 + 40) * 1.25 + 2 * (500 + 40) * 2.5 + (50 + 7) * 2.5
    assert MEMORY_INT8_SRAM.energy(spiking_cost) == pytest.approx(computing + accessing, rel=1e-12)
    # A weight and a value for each product, 10 biases, 10 results.
    computing = 1000 * 0.23 + 10 * 0.03
    accessing = (1000 + 10) * 1.25 + (1000 + 10) * 1.25
    assert MEMORY_INT8_SRAM.energy(artificial_cost) == pytest.approx(computing + accessing, rel=1e-12)
    brought = 1010 * 8 * 640 / 32
    for cost in (spiking_cost, artificial_cost):
        assert MEMORY_INT8_DRAM.energy(cost) - MEMORY_INT8_SRAM.energy(cost) == pytest.approx(brought, rel=1e-12)


def test_a_larger_memory_costs_more(spiking_cost):
    large = replace(spiking_cost.layers["only"], parameters=10**5)
    more = replace(spiking_cost, layers={"only": large})
    difference = 540 * (100 - 10) / 8
    assert MEMORY_INT8_SRAM.energy(more) - MEMORY_INT8_SRAM.energy(spiking_cost) == pytest.approx(difference)


@pytest.mark.parametrize(
    ("kind", "each"), [("dense", 35.5), ("sparse", 33.6), ("convolution", 24.0), ("pool", 24.0), ("lateral", 35.5)]
)
def test_loihi_by_hand(spiking_cost, kind, each):
    layer = spiking_cost.layers["only"]
    path = replace(layer.pathways[0], form=replace(layer.pathways[0].form, kind=kind))
    cost = replace(spiking_cost, layers={"only": replace(layer, pathways=(path,))})
    assert LOIHI_1.energy(cost) == pytest.approx(500 * each + 40 * (51.2 + 21.6) + 7 * (69.3 + 111.0), rel=1e-12)


def test_loihi_leaves_products_to_its_host(spiking_cost, artificial_cost):
    """An analog layer before spiking neurons: its products on the host, its neurons on the chip."""
    assert LOIHI_1.energy(artificial_cost) == pytest.approx(MEMORY_INT8_SRAM.energy(artificial_cost) - 10 * 1.28)
    assert LOIHI_1.artificial_energy(artificial_cost, 4) == MEMORY_INT8_SRAM.energy(artificial_cost)
    both = replace(spiking_cost, layers={**spiking_cost.layers, "analog": artificial_cost.layers["only"]})
    assert LOIHI_1.energy(both) == pytest.approx(LOIHI_1.energy(spiking_cost) + LOIHI_1.energy(artificial_cost))


def test_bits_that_match_a_spike_count():
    assert [matching_bits(steps) for steps in (1, 2, 3, 4, 7, 8, 15, 16)] == [1, 2, 2, 3, 3, 4, 4, 5]


def test_data_movement_by_hand(spiking_cost, artificial_cost):
    one = 0.05448
    spiking = 500 * (one + 8 * 0.04 + 3.0) + (40 + 200) * one + 40 * 3 * one
    assert DATA_MOVEMENT.energy(spiking_cost) == pytest.approx(spiking, rel=1e-12)
    quantised = 1000 * (3 * one + 8 * 0.04 + 3 * 0.25) + 10 * one
    assert DATA_MOVEMENT.artificial_energy(artificial_cost, 4) == pytest.approx(quantised, rel=1e-12)
    alone = 1000 * (8 * one + 8 * 0.04 + 8 * 0.25) + 10 * one
    assert DATA_MOVEMENT.energy(artificial_cost) == pytest.approx(alone, rel=1e-12)


def test_data_movement_breaks_even_where_its_paper_does():
    """5 steps, 4-bit weights, 4096 inputs: an average rate of 5.7 % in one version of the paper, 6.4 % in another.

    Ours lies within 0.5 points of that interval; by their own account half the price of moving data shifts it by more
    than two points.
    """
    form = Form("dense", 4096, 4096, 4096**2, 4096**2, 0, fan_in=4096, channels=4096)
    path = Pathway(form, spiking=True, recurrent=False, times=5, events=4096.0, effective=4096.0**2)
    layer = LayerCost(synaptic_operations=path.effective, neuron_updates=5 * 4096.0, pathways=(path,))
    cost = Cost({"only": layer}, LayerCost(), input_events=4096.0, steps=5, latency_steps=5.0)
    (found,) = compare_energies(cost, models=[DataMovement22nm(weight_bits=4)])
    assert 0.052 < found.break_even / 5 < 0.069


def test_every_model_says_where_it_comes_from(spiking_cost):
    assert [model.name for model in ENERGY_MODELS] == [
        "horowitz-45nm-fp32",
        "horowitz-45nm-fp16",
        "horowitz-45nm-int8",
        "memory-45nm-int8-sram",
        "memory-45nm-int8-dram",
        "lemaire-2022-int32",
        "loihi-1",
        "data-movement-22nm",
    ]
    for model in ENERGY_MODELS:
        assert any(year in model.source for year in ("2014", "2022", "2025", "2409.08290"))
        assert min(model.constants.values()) > 0
        assert model.opponent
        nothing = Cost({}, LayerCost(), input_events=0.0, steps=4, latency_steps=1.0)
        assert model.energy(nothing) == 0


def test_energy_rises_in_proportion_to_spikes(spiking_cost):
    """That is what a break-even is worked out from."""
    for model in ENERGY_MODELS:
        silent, once, thrice = (model.energy(spiking_cost.scaled(k)) for k in (0.0, 1.0, 3.0))
        assert thrice - silent == pytest.approx(3 * (once - silent), rel=1e-12)
        assert once > silent >= 0


def test_break_even_of_arithmetic_alone(spiking_cost):
    """5.1 spikes a synapse in fp32, 3.75 in fp16, 7.7 in int8, whatever the network."""
    found = compare_energies(spiking_cost, models=(HOROWITZ_FP32, HOROWITZ_FP16, HOROWITZ_INT8))
    assert [entry.break_even for entry in found] == pytest.approx([4.6 / 0.9, 3.75, 0.23 / 0.03])
    assert [entry.spikes_per_synapse for entry in found] == [0.5, 0.5, 0.5]
    assert found[0].verdict == (
        "The spiking network wins: 10.2 times less energy, 0.5 spikes a synapse where 5.11 break even."
    )


def test_at_the_break_even_both_need_the_same(spiking_cost):
    for found in compare_energies(spiking_cost):
        model = next(model for model in ENERGY_MODELS if model.name == found.model)
        if found.break_even is None:
            assert model.energy(spiking_cost.scaled(0.0)) >= found.artificial_pj
        else:
            there = spiking_cost.scaled(found.break_even / found.spikes_per_synapse)
            assert model.energy(there) == pytest.approx(found.artificial_pj, rel=1e-9)


def test_an_artificial_network_that_wins(spiking_cost):
    busy = compare_energies(spiking_cost.scaled(100.0), models=[HOROWITZ_FP32])[0]
    assert busy.verdict == (
        "The artificial network wins: 9.78 times less energy, 50 spikes a synapse where 5.11 break even."
    )
    slow = replace(spiking_cost, layers={"only": replace(spiking_cost.layers["only"], neuron_updates=1e6)})
    hopeless = compare_energies(slow, models=[LOIHI_1])[0]
    assert hopeless.break_even is None
    assert hopeless.verdict.startswith("The artificial network wins: ")
    assert hopeless.verdict.endswith("less energy; it would also if no neuron fired.")


def test_no_spikes_no_break_even(spiking_cost, artificial_cost):
    silent = compare_energies(spiking_cost.scaled(0.0), models=[HOROWITZ_FP32])[0]
    assert (silent.spikes_per_synapse, silent.break_even) == (0.0, None)
    assert silent.verdict == "The spiking network wins: infinitely many times less energy."
    analog = compare_energies(artificial_cost, models=[HOROWITZ_FP32])[0]
    assert analog.verdict == "No spikes come through any synapse, so there is no break-even."


def test_a_trained_twin_with_zeros_of_its_own(spiking_cost, artificial_cost):
    found = compare_energies(spiking_cost, artificial_cost, models=[HOROWITZ_FP32])[0]
    assert found.artificial_pj == pytest.approx(4600)
    assert found.artificial_skipping_zeros_pj == pytest.approx(2760)
    assert found.skipping_zeros_pj == found.energy_pj == pytest.approx(450)


def test_the_artificial_network_of_the_same_shape(spiking_cost, artificial_cost):
    """The same counts as a network that was built; its zeros are not known."""
    ours = artificial(spiking_cost)
    built = artificial_cost.layers["only"]
    path = replace(built.pathways[0], events=100.0, effective=1000.0)
    assert ours.layers["only"] == replace(built, effective_multiply_accumulates=1000.0, pathways=(path,))
    assert (ours.steps, ours.input_events, ours.spiking) == (1, 0.0, False)


def test_a_network_that_feeds_back_has_a_recurrent_twin(spiking_cost):
    layer = spiking_cost.layers["only"]
    back = Pathway(Form("dense", 10, 10, 100, 100, 0, 10, 10), True, True, 4, 7.0, 70.0)
    lateral = replace(back, form=Form("lateral", 10, 10, 90, 1, 0, 9, 9))
    looped = replace(spiking_cost, layers={"only": replace(layer, pathways=(*layer.pathways, back))})
    assert artificial(looped).total.multiply_accumulates == 4 * (1000 + 100)
    inhibited = replace(spiking_cost, layers={"only": replace(layer, pathways=(*layer.pathways, lateral))})
    assert artificial(inhibited).total.multiply_accumulates == 1000


@pytest.mark.parametrize("name", ["add", "multiply"])
def test_constants_are_positive(name):
    constants = {"add": 0.1, "multiply": 0.1, name: 0.0}
    with pytest.raises(ValueError, match=rf"Horowitz45nm.{name}: must be > 0 pJ; got 0"):
        Horowitz45nm("free", **constants)
    with pytest.raises(ValueError, match=rf"Lemaire2022.{name}: must be > 0 pJ; got 0"):
        Lemaire2022(**constants)


def test_wrong_constants():
    with pytest.raises(ValueError, match=r"Lemaire2022\.bits: must be >= 1; got 0"):
        Lemaire2022(bits=0)
    with pytest.raises(ValueError, match=r"MemoryTraffic45nm\.state_bits: must be >= 1; got 0"):
        MemoryTraffic45nm(HOROWITZ_INT8, state_bits=0)
    with pytest.raises(ValueError, match=r"DataMovement22nm\.sparse: must be > 0 pJ; got 0"):
        DataMovement22nm(sparse=0.0)
    with pytest.raises(ValueError, match=r"DataMovement22nm\.hops: must be > 0 hops; got -1"):
        DataMovement22nm(hops=-1)
    with pytest.raises(ValueError, match=r"DataMovement22nm\.weight_bits: must be >= 1; got 0"):
        DataMovement22nm(weight_bits=0)
