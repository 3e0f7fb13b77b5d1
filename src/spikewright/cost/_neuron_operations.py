"""How many operations a neuron takes in a step, counted from its equation."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from spikewright import kernels
from spikewright.neurons import NeuronModel, plan_scan

ADDITIONS = frozenset({"add", "sub", "ge", "gt", "le", "lt", "eq", "ne", "maximum", "minimum"})
MULTIPLICATIONS = frozenset({"mul", "div", "square", "reciprocal", "exp", "expm1", "sigmoid"})
CHOICES = frozenset({"fire", "real"})
"""Operations that give 0 or 1, so that multiplying by their result is a choice."""


class NeuronOperations(NamedTuple):
    """Operations of one neuron in one step."""

    additions: int
    multiplications: int


def operations_of(neuron: NeuronModel, x: Tensor, *, dt: float) -> NeuronOperations | None:
    """Count what a neuron's ``step`` does, from the program it is compiled to.

    An addition, subtraction or comparison is an addition; a multiplication, division or exponential is a
    multiplication, but for one by a spike, which is a choice. What only gradients need does not count.

    Parameters
    ----------
    neuron : NeuronModel
        The model.
    x : Tensor, shape (batch, neuron...)
        One step of what :meth:`~spikewright.neurons.NeuronModel.receive` gives; its values do not matter.
    dt : float
        Length of a step in seconds.

    Returns
    -------
    NeuronOperations or None
        ``None`` if the step cannot be written down as a program.

    Examples
    --------
    >>> import torch
    >>> import spikewright as sw
    >>> sw.cost.operations_of(sw.LIF(tau_mem=0.02), torch.zeros(1, 5), dt=1e-3)
    NeuronOperations(additions=5, multiplications=1)
    """
    planned = plan_scan(neuron, x.unsqueeze(0), neuron.start(x), dt=dt)
    if isinstance(planned, str):
        return None
    program = planned.program
    needed = [program.nodes[number] for number in kernels.ancestors(program.nodes, program.outputs)]
    chosen = {number for number, node in enumerate(program.nodes) if node.operation in CHOICES}
    return NeuronOperations(
        additions=sum(node.operation in ADDITIONS for node in needed),
        multiplications=sum(node.operation in MULTIPLICATIONS and chosen.isdisjoint(node.arguments) for node in needed),
    )
