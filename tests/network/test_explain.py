"""What a network says of the ways it takes."""

from __future__ import annotations

import torch
from torch import nn

from spikewright import LIF, Layer, Network, coding, kernels
from spikewright.network import AllButSelf, Delay
from spikewright.neurons import HodgkinHuxley


def test_each_layer_names_its_way_and_the_reason(monkeypatch):
    monkeypatch.setattr(kernels, "densest", lambda targets: 0.05 if targets >= 64 else 0.0)
    torch.manual_seed(0)
    net = Network(
        coding.Poisson(steps=20, max_rate=20.0),
        Layer(nn.Linear(300, 100), LIF(tau_mem=0.02), name="sparse"),
        Layer(nn.Linear(100, 50), LIF(tau_mem=0.02), recurrent=nn.Linear(50, 50), name="recurrent"),
        Layer(Delay(2), LIF(tau_mem=0.02), recurrent=AllButSelf(-1.0), name="lateral"),
        Layer(None, HodgkinHuxley(dt_max=1e-6), name="fine"),
        Layer(nn.Flatten(), name="flat"),
        coding.SpikeCount(),
        dt=1e-3,
    )
    machine, sparse, recurrent, lateral, fine, flat = net.explain(torch.rand(50, 300))
    assert machine.startswith("float32 on cpu, ")
    assert "Linear by adding the rows of what is not zero; LIF in one compiled scan" in sparse
    assert "as one dense product for all steps (" in recurrent
    assert "LIF with its Linear feedback in one compiled scan, 1 value a step kept" in recurrent
    assert lateral.startswith(
        "lateral: Delay on the whole sequence; LIF with its AllButSelf feedback in one compiled scan"
    )
    assert "HodgkinHuxley step by step (the step has a step of" in fine
    assert flat == "flat: Flatten in one call for all steps"


def test_it_sees_what_is_so_now():
    """Mixed precision, and a time axis on which all steps are equal."""
    net = Network(coding.Direct(steps=5), Layer(nn.Linear(4, 3), LIF(tau_mem=0.02)), coding.SpikeCount(), dt=1e-3)
    assert "once, because all steps are equal" in net.explain(torch.rand(2, 4))[1]
    with torch.autocast("cpu", torch.bfloat16):
        machine, layer = net.explain(torch.rand(2, 4))
    assert "compiled scan" in layer
    assert "under torch.autocast only" not in machine


def test_each_connection_runs_once():
    """So that what is said is of the run that the next layer sees, as after a mask that is drawn anew each time."""
    calls = []
    connection = nn.Linear(4, 3)
    connection.register_forward_hook(lambda *_: calls.append(1))
    net = Network(coding.Direct(steps=5), Layer(connection, LIF(tau_mem=0.02)), coding.SpikeCount(), dt=1e-3)
    assert "in one compiled scan" in net.explain(torch.rand(2, 4))[1]
    assert len(calls) == 1
