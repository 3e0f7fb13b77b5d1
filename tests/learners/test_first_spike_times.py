"""The gradient of first-spike times is the exact one."""

import numpy as np
import pytest
import torch

from spikewright.learners._first_spike_times import spike_times, spike_times_of_levels

LATE = 20.0


def draw(*, batch=6, inputs=30, neurons=9):
    """Times from 1 to 6, some silent, and weights for which about half of the neurons fire."""
    generator = torch.Generator().manual_seed(0)
    z = 1 + 5 * torch.rand(batch, inputs, generator=generator, dtype=torch.float64)
    z[torch.rand(z.shape, generator=generator) < 0.1] = torch.inf
    weight = 0.05 + 0.2 * torch.randn(neurons, inputs, generator=generator, dtype=torch.float64)
    return z, weight


def explicit_times(z, weight):
    """The definition in plain tensor operations, for autograd: the earliest of the fractions that respect causality."""
    batches = []
    for times in z:
        order = times.argsort()[: int(times.isfinite().sum())]
        ordered, following = times[order], torch.cat([times[order][1:], times.new_tensor([LATE])])
        total = weight[:, order].cumsum(1)
        fraction = (weight[:, order] * ordered).cumsum(1) / (total - 1)
        causal = (total > 1) & (fraction >= ordered) & (fraction <= following)
        batches.append(torch.where(causal, fraction, torch.inf).amin(1))
    return torch.stack(batches)


def seen(z):
    """A smooth loss that weighs every spike differently; a silent neuron counts as one that fires at the end."""
    early = z.clamp(max=LATE)
    return (early * torch.arange(1, early.numel() + 1).reshape(early.shape)).sum()


def test_agrees_with_autograd_through_the_definition():
    """Both in float64: what is left is the order of sums of 30 numbers."""
    z, weight = (tensor.requires_grad_() for tensor in draw())
    ours, theirs = spike_times(z, weight, LATE), explicit_times(z, weight)
    assert 0.3 < ours.isfinite().double().mean() < 0.9
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    seen(ours).backward()
    found = z.grad.clone(), weight.grad.clone()
    z.grad, weight.grad = None, None
    seen(theirs).backward()
    torch.testing.assert_close(found[0], z.grad.nan_to_num(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(found[1], weight.grad, rtol=1e-9, atol=1e-9)


def test_agrees_with_finite_differences():
    """Central differences in float64, of inputs that all fire, for a difference of infinite times is no number."""
    z, weight = draw()
    z = z.clamp(max=6.0).requires_grad_()
    weight.requires_grad_()

    def times(z, weight):
        return spike_times(z, weight, LATE).clamp(max=LATE)

    assert torch.autograd.gradcheck(times, (z, weight), eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("levels", [2, 4])
def test_levels_are_a_short_cut(levels):
    """Inputs that share a few times give the same spikes and the same gradient as if each had its own."""
    _, weight = draw()
    generator = torch.Generator().manual_seed(1)
    level = torch.randint(levels, (7, 30), generator=generator)
    z = torch.linspace(1, 6, levels, dtype=torch.float64)
    found = []
    for times in (lambda w: spike_times_of_levels(level, z, w, LATE), lambda w: spike_times(z[level], w, LATE)):
        own = weight.clone().requires_grad_()
        z_out = times(own)
        seen(z_out).backward()
        found.append((z_out.detach(), own.grad))
    assert 0.3 < found[0][0].isfinite().double().mean() < 0.9
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-12, atol=0)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-9, atol=1e-9)


def test_silent_neurons_have_no_gradient():
    """Weights of sum 1 never fire, and infinite times do not become NaN on the way back."""
    weight = torch.full((2, 4), 0.25, requires_grad=True)
    z = torch.ones(3, 4, requires_grad=True)
    for z_out in (
        spike_times(z, weight, LATE),
        spike_times_of_levels(torch.zeros(3, 4).long(), torch.ones(1), weight, LATE),
    ):
        assert z_out.isinf().all()
        z_out.clamp(max=LATE).sum().backward()
        np.testing.assert_array_equal(weight.grad, np.zeros((2, 4)))
