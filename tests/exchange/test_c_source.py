"""The C text gives the spikes of the fixed-point engine, compiled with every warning and sanitizer."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright.cli._app import run
from spikewright.engines import FixedPoint, whole_input
from spikewright.network import AllButSelf, Delay, SumPool2d
from spikewright.neurons import CUBA, IF, LIF, Integrator
from spikewright.quantised import FixedPointArithmetic, quantise

GCC = shutil.which("gcc")
FLAGS = "-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror -fsanitize=undefined,address -O1"
MAIN = """
#include <stdio.h>
#include "network.c"
int main(void) {
    static int32_t input[NETWORK_INPUTS], output[NETWORK_OUTPUTS];
    int samples, steps;
    if (scanf("%d %d", &samples, &steps) != 2) return 1;
    for (int sample = 0; sample < samples; sample++) {
        network_reset();
        for (int step = 0; step < steps; step++) {
            for (int k = 0; k < NETWORK_INPUTS; k++) if (scanf("%d", &input[k]) != 1) return 1;
            network_step(input, output);
            for (int k = 0; k < NETWORK_OUTPUTS; k++) printf("%d ", output[k]);
        }
    }
    return 0;
}
"""
GENERATOR = torch.Generator().manual_seed(5)


def networks():
    """Yield networks that use every part of the C text, with a shape of a sample."""
    dense = sw.Network(
        sw.coding.Direct(steps=9),
        sw.Layer(nn.Linear(6, 11), LIF(tau_mem=4e-3, v_leak=0.1, v_reset=-0.2)),
        sw.Layer(nn.Linear(11, 7), IF(v_threshold=0.4, v_start=0.2), recurrent=AllButSelf(-0.3)),
        sw.Layer(nn.Linear(7, 3), Integrator(tau_mem=0.01)),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    images = sw.Network(
        sw.coding.Poisson(steps=12, max_rate=500.0),
        sw.Layer(nn.Conv2d(1, 3, 3, padding=1), LIF(tau_mem=8e-3, v_threshold=0.3)),
        sw.Layer(SumPool2d(2)),
        sw.Layer(nn.Flatten()),
        sw.Layer(nn.Linear(27, 4), LIF(tau_mem=8e-3, v_threshold=0.2)),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    return {"dense": (dense, (6,)), "images": (images, (1, 6, 6))}


@pytest.mark.skipif(GCC is None, reason="needs gcc")
@pytest.mark.parametrize("name", ["dense", "images"])
@pytest.mark.parametrize("arithmetic", [FixedPointArithmetic(), FixedPointArithmetic(weight_bits=4, state_bits=12)])
def test_the_c_text_gives_the_same_in_every_step(tmp_path, name, arithmetic):
    net, shape = networks()[name]
    samples = torch.rand(4, *shape, generator=GENERATOR) * 2 - int(name == "dense")
    raster = net.encode(samples, generator=GENERATOR)
    integer = quantise(net, tuple(raster.shape[2:]), arithmetic)
    (tmp_path / "network.c").write_text(sw.exchange.c_source(integer))
    (tmp_path / "main.c").write_text(MAIN)
    # Alone too, because of a text that is included a compiler does not say what is not used.
    subprocess.run([GCC, *FLAGS.split(), "-c", "network.c", "-o", "network.o"], cwd=tmp_path, check=True)
    subprocess.run([GCC, *FLAGS.split(), "main.c", "-o", "main"], cwd=tmp_path, check=True)
    sent = whole_input(integer, raster).swapaxes(0, 1)
    words = " ".join(map(str, [*sent.shape[:2], *sent.ravel().tolist()]))
    done = subprocess.run([str(tmp_path / "main")], input=words, capture_output=True, text=True, check=True)
    printed = np.array(done.stdout.split(), np.int64).reshape(*sent.shape[:2], -1)
    ours = integer.run(np.ascontiguousarray(sent.swapaxes(0, 1)))[net.last].swapaxes(0, 1)
    np.testing.assert_array_equal(printed, ours)
    assert len(np.unique(ours)) > 1
    engine = sw.run(net, samples, FixedPoint(arithmetic), rasters=True).rasters[net.last]
    assert engine.shape == (*raster.shape[:2], ours.shape[-1])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (sw.Layer(nn.Linear(4, 3), CUBA(tau_mem=0.01, tau_syn=0.01)), "'layer1' is of FixedPointCUBA; the C text has"),
        (sw.Layer(Delay(2), IF()), "layer 'layer1' has delays"),
    ],
)
def test_what_c_does_not_hold_is_refused(layer, message):
    net = sw.Network(sw.coding.Poisson(steps=3, max_rate=100.0), layer, sw.coding.SpikeCount(), dt=1e-3)
    with pytest.raises(ValueError, match=message):
        sw.exchange.c_source(quantise(net, (4,), FixedPointArithmetic()))


def test_a_prefix_is_an_identifier():
    net, shape = networks()["images"]
    integer = quantise(net, shape, FixedPointArithmetic())
    assert "void tiny_step(const int32_t input[TINY_INPUTS]" in sw.exchange.c_source(integer, prefix="tiny")
    with pytest.raises(ValueError, match=r"c_source.prefix: must be a C identifier; got '1; int'"):
        sw.exchange.c_source(integer, prefix="1; int")


def test_the_command_writes_the_text(tmp_path, capsys):
    net, shape = networks()["images"]
    model, text = tmp_path / "model.safetensors", tmp_path / "new" / "model.c"
    sw.exchange.save(net, model, {"sample": list(shape)})
    assert run(["export", str(model), "--to", "c", "--out", str(text), "--bits", "4"]) == 0
    *layers, last = capsys.readouterr().out.splitlines()
    assert layers == ["layer1: FixedPointLIF, 108 neurons", "layer4: FixedPointLIF, 4 neurons"]
    assert last == f"{text.stat().st_size:,} bytes: {text}"
    arithmetic = FixedPointArithmetic(weight_bits=4)
    assert text.read_text() == sw.exchange.c_source(quantise(net, shape, arithmetic))
    sw.exchange.save(net, model)
    assert run(["export", str(model), "--to", "c", "--out", str(text)]) == 2
    assert "does not say the shape of a sample" in capsys.readouterr().err
    size = "x".join(map(str, shape))
    assert run(["export", str(model), "--to", "c", "--out", str(text), "--sample", size, "--bits", "4"]) == 0
    assert text.read_text() == sw.exchange.c_source(quantise(net, shape, arithmetic))


def test_raster_shape_asks_the_encoder():
    frames = sw.Network(sw.coding.EventFrames(steps=3), sw.Layer(nn.Flatten()), sw.coding.SpikeCount(), dt=1e-3)
    assert sw.network.raster_shape(frames, (2, 5, 4)) == (2, 5, 4)
    sweep = sw.Network(
        sw.coding.Sweep(steps=6, encoder=sw.coding.Direct(steps=1)),
        sw.Layer(nn.Linear(4, 2)),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    assert sw.network.raster_shape(sweep, (1, 6, 4)) == (4,)
    with pytest.raises(ValueError, match=r"blank: Sweep takes no samples of \(1, 5, 4\)"):
        sw.network.raster_shape(sweep, (1, 5, 4))
