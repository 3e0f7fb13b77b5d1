r"""First-spike times of layers as differentiable functions, in :math:`z = e^{t / \tau}`; ``inf`` is no spike."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikewright.kernels import first_spike_backward, first_spike_forward


def spike_times(z: Tensor, weight: Tensor, z_end: float) -> Tensor:
    """Return when neurons fire first, for inputs that fire at any times.

    Parameters
    ----------
    z : Tensor, shape (batch, in)
        Times of the inputs' spikes; ``inf`` for none.
    weight : Tensor, shape (out, in)
        Weights, of the dtype of ``z``.
    z_end : float
        Spikes after this time do not count.

    Returns
    -------
    Tensor, shape (batch, out)
        Differentiable with respect to ``z`` and ``weight``; a neuron that does not fire has the gradient 0.
    """
    return _SpikeTimes.apply(z, weight, z_end)  # type: ignore[no-any-return, no-untyped-call]


def spike_times_of_levels(level: Tensor, z: Tensor, weight: Tensor, z_end: float) -> Tensor:
    """Return when neurons fire first, for inputs that share a few times: matrix products take the place of a sort.

    Parameters
    ----------
    level : Tensor of int64, shape (batch, in)
        Which of the times each input fires at.
    z : Tensor, shape (level,)
        The times, rising and before ``z_end``.
    weight : Tensor, shape (out, in)
        Weights, of the dtype of ``z``.
    z_end : float
        Spikes after this time do not count.

    Returns
    -------
    Tensor, shape (batch, out)
        Differentiable with respect to ``weight``.
    """
    return _SpikeTimesOfLevels.apply(level, z, weight, z_end)  # type: ignore[no-any-return, no-untyped-call]


class _SpikeTimes(torch.autograd.Function):
    """Compiled loops, both ways."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(ctx: Any, z: Tensor, weight: Tensor, z_end: float) -> Tensor:
        ordered = weight.detach().T.contiguous()
        times = z.detach().numpy()
        fired = first_spike_forward(times, np.argsort(times, axis=1), ordered.numpy(), z_end)
        z_out, slope = map(torch.from_numpy, fired)
        ctx.save_for_backward(z, ordered, z_out, slope)
        return z_out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        z, ordered, z_out, slope = ctx.saved_tensors
        pull = grads[0] * slope
        z_grad, weight_grad = first_spike_backward(z.detach().numpy(), ordered.numpy(), z_out.numpy(), pull.numpy())
        return torch.from_numpy(z_grad), torch.from_numpy(weight_grad).T, None


class _SpikeTimesOfLevels(torch.autograd.Function):
    """The same sums as in the compiled loops, over all inputs of a level at once."""

    @staticmethod
    def forward(ctx: Any, level: Tensor, z: Tensor, weight: Tensor, z_end: float) -> Tensor:
        ends = [*z.tolist()[1:], z_end]
        z_out = weight.new_full((len(level), len(weight)), torch.inf)
        slope = torch.zeros_like(z_out)
        total = torch.zeros_like(z_out)
        moment = torch.zeros_like(z_out)
        everything = weight.sum(1)
        for number, end in enumerate(ends):
            # The inputs of the last level are those that are left.
            last = number == len(ends) - 1
            charge = everything - total if last else (level == number).to(weight) @ weight.T
            total += charge
            moment += charge * z[number]
            excess = total - 1
            fires = (excess > 0) & (moment <= end * excess) & (slope == 0)
            z_out = torch.where(fires, moment / excess, z_out)
            slope = torch.where(fires, 1 / excess, slope)
        ctx.save_for_backward(level, z, z_out, slope)
        return z_out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, None, Tensor, None]:
        level, z, z_out, slope = ctx.saved_tensors
        pull = grads[0] * slope
        # Not products with the mask: where nothing fires z_out is inf, and inf * 0 is no number.
        changes = [torch.where((now < z_out) & (slope > 0), pull * (now - z_out), 0.0) for now in z]
        weight_grad = changes[-1].sum(0).unsqueeze(1).repeat(1, level.shape[1])
        for number, change in enumerate(changes[:-1]):
            weight_grad.addmm_((change - changes[-1]).T, (level == number).to(change))
        return None, None, weight_grad, None
