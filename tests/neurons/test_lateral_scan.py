"""Layers whose neurons act on all others: the compiled pass gives what the loop over steps gives."""

from __future__ import annotations

import pytest
import torch

from spikewright.network import AllButSelf, Layer
from spikewright.neurons import ALIF, CUBA, LIF, ConductanceLIF, ReLU, lateral_scan, plan_lateral_scan

DT = 5e-4
MODELS = (
    (ConductanceLIF(theta=torch.linspace(15, 22, 37, dtype=torch.float64), theta_plus=0.5, tau_theta=0.1), 8.0, -3.0),
    (LIF(tau_mem=0.02), 0.5, -0.1),
    (LIF(tau_mem=torch.linspace(0.01, 0.03, 37, dtype=torch.float64), v_reset=0.1), 0.5, -0.1),
    (ALIF(tau_mem=0.02, tau_adapt=0.1), 0.5, 0.01),
    (CUBA(tau_mem=0.02, tau_syn=0.01), 0.2, -0.05),
)


@pytest.mark.parametrize(("model", "drive", "weight"), MODELS)
def test_spikes_are_those_of_the_loop(model, drive, weight):
    """In float64; gradients make the layer go step by step."""
    x = torch.rand(120, 3, 37, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * drive
    layer = Layer(None, model, recurrent=AllButSelf(weight)).double()
    with torch.no_grad():
        assert not isinstance(plan_lateral_scan(model, x, layer.recurrent.weight, dt=DT), str)
        compiled = layer(x, dt=DT)
    looped = layer(x.clone().requires_grad_(), dt=DT)
    assert looped.requires_grad
    assert compiled.sum() > 20
    torch.testing.assert_close(compiled, looped.detach(), rtol=0, atol=0)


def test_charges_that_are_not_contiguous():
    """A view gives what its copy gives."""
    x = torch.rand(37, 3, 120, generator=torch.Generator().manual_seed(0)).permute(2, 1, 0)
    layer = Layer(None, LIF(tau_mem=0.02), recurrent=AllButSelf(-0.1))
    torch.testing.assert_close(layer(x, dt=DT), layer(x.contiguous(), dt=DT), rtol=0, atol=0)


def test_a_sample_does_not_depend_on_others():
    """Each sample has a sum of its own."""
    x = torch.rand(50, 3, 9, generator=torch.Generator().manual_seed(0))
    layer = Layer(None, LIF(tau_mem=0.02), recurrent=AllButSelf(-0.2))
    torch.testing.assert_close(layer(x, dt=DT)[:, 1:2], layer(x[:, 1:2], dt=DT), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("model", "x", "reason"),
    [
        (LIF(tau_mem=0.02), torch.rand(5, 2, 3, dtype=torch.bfloat16), "float32 and float64; got cpu, torch.bfloat16"),
        (LIF(tau_mem=0.02), torch.rand(5, 2, 3, 4), "one row a sample"),
        (LIF(tau_mem=0.02), torch.rand(0, 2, 3), "one row a sample"),
        (ReLU(), torch.rand(5, 2, 3), "spiking neurons"),
        (LIF(tau_mem=0.02), torch.rand(5, 2, 3).requires_grad_(), "gradients"),
        (LIF(tau_mem=torch.tensor(0.02, requires_grad=True)), torch.rand(5, 2, 3), "gradients"),
    ],
)
def test_reasons_to_go_step_by_step(model, x, reason):
    """Each says what stands in the way."""
    assert reason in plan_lateral_scan(model, x, torch.tensor(-0.1), dt=DT)


def test_states_do_not_share_memory():
    """A model may start two entries of its state with one tensor; the start state is not changed either."""
    model = ConductanceLIF(theta=torch.full((4,), 20.0), theta_plus=0.5)
    x = torch.full((40, 1, 4), 9.0)
    weight = torch.tensor(-2.0)
    traced = plan_lateral_scan(model, x, weight, dt=DT)
    first = lateral_scan(model, traced, x, weight)
    assert first.sum() > 0
    assert torch.equal(first, lateral_scan(model, traced, x, weight))
    assert torch.equal(model.theta, torch.full((4,), 20.0))
