"""The data files of chips: all can be read, and nothing unsourced, unknown or ill-typed gets through."""

from __future__ import annotations

from dataclasses import fields

import pytest

from spikewright import chips, neurons
from spikewright.chips import Chip, ConvolutionCores, Energy, LayerRules

TEXT = """
title = "A"
maker = "B"
year = 2000
[sources]
paper = "A paper"
[figures]
{figures}
"""
PLAIN = {
    "cores": "1",
    "axons_per_source": "1",
    "neurons": '["IF"]',
    "resets": '["zero"]',
    "analog_input": "false",
    "bias": "true",
    "weight_sharing": "false",
    "recurrent": "false",
    "learning": '""',
    "arithmetic": '""',
}
HEAD = {"name", "title", "maker", "year", "convolution", "energy", "layers", "sources"}


def text(**changes: str | None) -> str:
    """Return a small chip with some figures changed, or left out."""
    names = [field.name for field in fields(Chip) if field.name not in HEAD]
    entries = {name: f"{{ value = {PLAIN[name]}, source = 'paper' }}" for name in names if name in PLAIN}
    entries |= {name: "{ source = 'paper' }" for name in names if name not in PLAIN}
    entries |= changes
    return TEXT.format(figures="\n".join(f"{key} = {entry}" for key, entry in entries.items() if entry is not None))


@pytest.mark.parametrize("name", chips.NAMES)
def test_every_file_is_good_and_every_figure_has_a_source(name):
    chip = chips.load(name)
    assert chip.name == name
    figures = {field.name for field in fields(Chip)} - HEAD
    assert figures <= set(chip.sources)
    published = {field.name for field in fields(Energy) if getattr(chip.energy, field.name) is not None}
    assert published <= set(chip.sources)
    if chip.convolution is not None:
        assert {field.name for field in fields(ConvolutionCores)} <= set(chip.sources)
        assert len(chip.convolution.kernel_memory) == len(chip.convolution.neuron_memory) == chip.cores
    if chip.layers is not None:
        rules = chip.layers
        assert {field.name for field in fields(LayerRules)} <= set(chip.sources)
        assert len(rules.input_filters) == len(rules.input_filters_in_colour) == len(rules.input_kernel_sizes)
    assert set(chip.neurons) <= set(neurons.__all__)
    assert set(chip.resets) <= {"none", "subtract", "zero", "value"}
    assert chip.weight_bits is None or list(chip.weight_bits) == sorted(chip.weight_bits)


def test_the_chips_that_are_promised():
    assert chips.NAMES == (
        "akida-1",
        "brainscales-2",
        "loihi-1",
        "loihi-2",
        "odin",
        "reckon",
        "speck",
        "spinnaker-1",
        "spinnaker-2",
        "truenorth",
        "xylo-audio-2",
        "xylo-audio-3",
        "xylo-imu",
    )


def test_totals_of_speck_add_up():
    """272 Ki weights and 320 Ki neurons in all, as the overview of the family says."""
    cores = chips.load("speck").convolution
    assert (sum(cores.kernel_memory), sum(cores.neuron_memory)) == (272 * 1024, 320 * 1024)


def test_a_small_chip_is_read():
    chip = chips.read(text(), "small")
    assert (chip.cores, chip.neurons, chip.delay, chip.convolution) == (1, ("IF",), None, None)
    assert chip.sources["cores"] == "A paper"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cores": None}, "chip small.figures: 'cores' is missing"),
        ({"horns": "{ value = 2, source = 'paper' }"}, "chip small.figures: 'horns' is unknown"),
        ({"cores": "{ value = 1 }"}, "chip small.figures.cores: 'source' is missing"),
        ({"cores": "{ value = 1, source = 'rumour' }"}, "there is no source 'rumour'"),
        ({"cores": "{ value = -1, source = 'paper' }"}, "chip small.figures.cores: must be int; got -1"),
        ({"cores": "{ value = true, source = 'paper' }"}, "must be int; got True"),
        ({"cores": "1"}, "chip small.figures.cores: must be a table; got 1"),
        ({"weight_bits": "{ value = [], source = 'paper' }"}, r"weight_bits: must be .*; got \(\)"),
        ({"neurons": "{ value = 'IF', source = 'paper' }"}, "neurons: must be .*; got 'IF'"),
    ],
)
def test_a_bad_figure_gets_one_clear_line(changes, message):
    with pytest.raises(ValueError, match=message):
        chips.read(text(**changes), "small")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("year = 2000", "year = '2000'", "chip small.year: must be int; got '2000'"),
        ("[sources]", "[sources]\nidle = 'x'", "source 'idle' is not used by any figure"),
        ("title", "subtitle", "chip small: 'title' is missing"),
        ("[sources]", "[sources", "chip small: is no TOML"),
    ],
)
def test_a_bad_file_gets_one_clear_line(old, new, message):
    with pytest.raises(ValueError, match=message):
        chips.read(text().replace(old, new), "small")


def test_an_unknown_chip_is_refused_with_the_names():
    with pytest.raises(ValueError, match=r"chips.load: must be one of akida-1, .*xylo-imu; got 'pentium'"):
        chips.load("pentium")
