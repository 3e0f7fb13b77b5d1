"""The estimate of memory, against what the process really takes."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

import spikewright as sw
from spikewright import coding
from spikewright.fitting import training_memory

STEPS, BATCH, SIZES = 20, 64, (300, 400, 10)


def net(steps=STEPS):
    """A network of two layers."""
    torch.manual_seed(0)
    return sw.Network(
        coding.Poisson(steps=steps, max_rate=100.0),
        *(sw.Layer(nn.Linear(a, b), sw.LIF(tau_mem=0.02)) for a, b in pairwise(SIZES)),
        coding.SpikeCount(),
        dt=1e-3,
    )


def test_by_hand():
    """Three copies of the parameters; of each step the raster, in each layer spikes and potentials, and one charge."""
    parameters = 4 * (301 * 400 + 401 * 10)
    a_step = 4 * (300 + 2 * (400 + 10) + 400)
    whole = training_memory(net(), torch.rand(3, 300), BATCH)
    # The readout, and what depends on how zeros are skipped, may add little.
    assert whole == pytest.approx(3 * parameters + BATCH * STEPS * a_step, rel=0.05)


def test_recomputation_keeps_states_instead_of_steps():
    """For 20 times as many steps only the raster and the states at borders grow."""
    x = torch.rand(3, 300)
    short, long = (training_memory(net(steps), x, BATCH, recompute_every=5) for steps in (20, 400))
    raster, states = 4 * 300 * 380, 4 * (400 + 10) * 380 / 5
    assert long - short == pytest.approx(BATCH * (raster + states), rel=0.05)


def test_what_a_network_draws_is_not_drawn_for_the_estimate():
    """Masks of dropout come from torch's default generator."""
    layered = sw.Network(
        coding.Direct(steps=3),
        sw.Layer(sw.network.Dropout(0.5)),
        sw.Layer(nn.Linear(4, 2)),
        coding.SpikeCount(),
        dt=1.0,
    )
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    training_memory(layered, torch.rand(2, 4, generator=torch.Generator()), 8)
    assert torch.equal(torch.rand(3), expected)


PEAK = """
import torch
from pathlib import Path
from torch import nn
import spikewright as sw
from spikewright import coding, fitting

def resident(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

def network(steps, sizes):
    layers = [sw.Layer(nn.Linear(a, b), sw.LIF(tau_mem=0.02)) for a, b in zip(sizes, sizes[1:])]
    return sw.Network(coding.Poisson(steps=steps, max_rate=100.0), *layers, coding.SpikeCount(), dt=1e-3)

def train(net, x, every):
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        net(x, recompute_every=every).sum().backward()
        optimizer.step()

torch.set_num_threads(1)
fitting.return_freed_memory()
for every in (5, None):
    train(network(50, (16, 16, 16, 16)), torch.rand(128, 16), every)
    net = network(50, (784, 800, 800, 10))
    estimate = fitting.training_memory(net, torch.rand(2, 784), 128, recompute_every=every)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    train(net, torch.rand(128, 784), every)
    print(estimate, resident("VmHWM") - before)
    del net
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to reset the peak")
def test_what_a_process_takes():
    """Within a third, and 16 MB for what libraries and the kernels of the first full run take."""
    # The first process may have kernels to compile, which takes memory of its own.
    for _ in range(2):
        answer = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True).stdout
    found = [tuple(map(int, line.split())) for line in answer.splitlines()]
    for estimate, peak in found:
        assert 0.66 * estimate <= peak <= 1.33 * estimate + 16e6
    (_, recomputed), (_, kept) = found
    assert recomputed < 0.6 * kept
