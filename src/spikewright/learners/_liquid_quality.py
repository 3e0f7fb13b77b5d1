"""How good a liquid is before any readout is trained: whether different inputs leave different states."""

from __future__ import annotations

from itertools import accumulate
from math import exp

import torch
from torch import Tensor

from spikewright.checks import check_in_range, check_positive
from spikewright.coding import Samples
from spikewright.engines import run
from spikewright.network import Network

_BATCH = 100


def liquid_states(net: Network, samples: Samples, *, tau: float = 0.03, step: int | None = None) -> Tensor:
    r"""Return the state of a network's last layer at one time of a run.

    The state of a neuron is what a leaky integrator of its spikes holds: :math:`\sum_k e^{-(t - t_k) / \tau}`.

    Parameters
    ----------
    net : Network
        Its last layer is the liquid.
    samples : array, Tensor or sequence of Events
        Inputs, first axis the samples.
    tau : float
        Time constant in seconds, > 0.
    step : int, optional
        When the state is read, from 0. If not given, when the states of all neurons and samples have the largest sum.

    Returns
    -------
    Tensor of float64, shape (sample, neuron)

    References
    ----------
    Maass, Natschlaeger, Markram, Neural Computation 14, 2002, section 2.
    """
    check_positive("liquid_states.tau", tau, "seconds")
    spikes = _spikes(net, samples)
    left = exp(-net.dt / tau)
    if step is None:
        step = max(range(len(spikes)), key=_leaky_sums(spikes.flatten(1).sum(1).tolist(), left).__getitem__)
    check_in_range("liquid_states.step", step, 0, len(spikes) - 1, "Steps are counted from 0.")
    states = torch.zeros(spikes.shape[1:], dtype=torch.float64)
    for fired in spikes[: step + 1]:
        states.mul_(left).add_(fired)
    return states


def separation(states: Tensor) -> float:
    r"""Return the pairwise separation: the mean Euclidean distance between the states that two inputs leave.

    .. math:: \frac{2}{m (m - 1)} \sum_{u < v} \lVert x_u(t) - x_v(t) \rVert

    Parameters
    ----------
    states : Tensor, shape (sample, neuron)
        From :func:`liquid_states`; one for each of at least two different inputs.

    Returns
    -------
    float
        0 if all inputs leave the same state.

    Raises
    ------
    ValueError
        If there are fewer than two states.

    References
    ----------
    Legenstein, Maass, Edge of chaos and prediction of computational performance for neural circuit models, Neural
    Networks 20, 2007.
    """
    if len(states) < 2:
        raise ValueError(f"separation.states: must be those of at least two samples; got {len(states)}.")
    return float(torch.pdist(states).mean())


def kernel_rank(states: Tensor) -> int:
    """Return the kernel quality: the rank of the matrix of the states that different inputs leave.

    With rank ``m`` on ``m`` inputs, a linear readout can give each of them any answer it likes.

    Parameters
    ----------
    states : Tensor, shape (sample, neuron)
        From :func:`liquid_states`, one for each input.

    Returns
    -------
    int
        At most the number of samples and the number of neurons. Singular values count if they are above the rounding
        error.

    References
    ----------
    Legenstein, Maass, Edge of chaos and prediction of computational performance for neural circuit models, Neural
    Networks 20, 2007.
    """
    return int(torch.linalg.matrix_rank(states))


def _spikes(net: Network, samples: Samples) -> Tensor:
    """Return the spikes of the last layer as truth values, shape (time, sample, neuron)."""
    last = net.last
    # In batches, because the rasters of all layers and samples together may not fit into the memory.
    parts = [samples[start : start + _BATCH] for start in range(0, len(samples), _BATCH)]
    return torch.cat([run(net, part, rasters=True).rasters[last].flatten(2).cpu() > 0 for part in parts], dim=1)


def _leaky_sums(values: list[float], left: float) -> list[float]:
    """Return after each value the sum of all so far, each of which decays by ``left`` a step."""
    return list(accumulate(values, lambda total, value: total * left + value))
