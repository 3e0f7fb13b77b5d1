"""What the contract of readouts does not ask: windows that have not begun, one window, and what is refused."""

import pytest
import torch

from spikewright.coding import LinearReadout, WindowedReadout


def readout(*, classes=2, windows=3, neurons=4, width=2) -> WindowedReadout:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(classes, windows, neurons, dtype=torch.float64, generator=generator)
    return WindowedReadout(weight, torch.arange(classes, dtype=torch.float64), width)


def spikes(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)).lt(0.5).double()


def test_counts_are_those_of_each_window():
    """Five steps in windows of two: steps 0 and 1, 2 and 3, and step 4 alone."""
    outputs = spikes(5, 3, 4)
    counts = readout().counts(outputs)
    by_hand = torch.stack([outputs[0] + outputs[1], outputs[2] + outputs[3], outputs[4]], dim=1)
    assert torch.equal(counts, by_hand)


def test_windows_that_have_not_begun_count_nothing():
    outputs = spikes(3, 3, 4)
    assert readout().counts(outputs).shape == (3, 2, 4)
    silent = torch.cat([outputs, torch.zeros(3, 3, 4, dtype=torch.float64)])
    torch.testing.assert_close(readout()(outputs), readout()(silent), rtol=0, atol=1e-12)


def test_one_window_is_a_linear_readout():
    windowed = readout(windows=1, width=7)
    linear = LinearReadout(windowed.weight[:, 0], windowed.bias)
    outputs = spikes(7, 3, 4)
    torch.testing.assert_close(windowed.over_time(outputs), linear.over_time(outputs), rtol=0, atol=1e-12)


def test_order_matters():
    """The same counts in other windows give other scores, which no readout of the whole run could."""
    outputs = spikes(6, 3, 4)
    assert not torch.allclose(readout()(outputs), readout()(outputs.flip(0)))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"WindowedReadout: weight must have shape .* got \(2, 4\) and \(2,\)"):
        WindowedReadout(torch.zeros(2, 4), torch.zeros(2), 3)
    with pytest.raises(ValueError, match=r"WindowedReadout: weight must have shape .* got \(2, 3, 4\) and \(3,\)"):
        WindowedReadout(torch.zeros(2, 3, 4), torch.zeros(3), 3)
    with pytest.raises(ValueError, match=r"WindowedReadout\.width: must be >= 1; got 0\."):
        WindowedReadout(torch.zeros(2, 3, 4), torch.zeros(2), 0)


@pytest.mark.parametrize("ask", [WindowedReadout.__call__, WindowedReadout.over_time, WindowedReadout.counts])
def test_outputs_are_checked(ask):
    with pytest.raises(ValueError, match="WindowedReadout: has weights for 4 neurons; got 5"):
        ask(readout(), spikes(5, 3, 5))
    with pytest.raises(ValueError, match="WindowedReadout: has 3 windows of 2 steps; got a run of 7 steps"):
        ask(readout(), spikes(7, 3, 4))
