"""Operations of a neuron, counted in its equation by hand."""

import pytest
import torch

from spikewright import neurons
from spikewright.cost import operations_of


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [
        # v + x, v - threshold, v - reset.
        (neurons.IF(), (3, 0)),
        # (v - leak) * decay + leak + x, v - threshold, v - reset.
        (neurons.LIF(tau_mem=0.02), (5, 1)),
        # The same from the current, which is scaled before it enters, and the current's own decay and input.
        (neurons.CUBA(tau_mem=0.02, tau_syn=0.01), (6, 3)),
        (neurons.Integrator(), (1, 0)),
        # max(x, 0)
        (neurons.ReLU(), (1, 0)),
        # Towards v_reset: a subtraction more.
        (neurons.IF(v_reset=0.0), (4, 0)),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_operations_by_hand(neuron, expected, dtype):
    assert operations_of(neuron, torch.zeros(1, 3, dtype=dtype), dt=1e-3) == expected


def test_what_only_gradients_need_does_not_count():
    for surrogate in (neurons.FastSigmoid(slope=5.0), neurons.ArcTan(), neurons.Boxcar()):
        assert operations_of(neurons.IF(surrogate=surrogate), torch.zeros(1, 3), dt=1e-3) == (3, 0)
