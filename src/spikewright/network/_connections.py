"""Connections that torch lacks, and how any connection is applied to a sequence."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, Sequence, Step, check_count
from spikewright.network._deliver import deliver


class Temporal(nn.Module):
    """A connection that looks back in time: its ``forward`` takes whole sequences, (time, batch, neuron...)."""


class Delay(Temporal):
    """Spikes arrive ``steps`` later; a delay may differ per neuron.

    Parameters
    ----------
    steps : int or Tensor of int64, shape (neuron...)
        Delay in time steps, >= 0.
    """

    steps: Tensor

    def __init__(self, steps: int | Tensor) -> None:
        super().__init__()
        self.register_buffer("steps", _whole("Delay.steps", steps))

    def forward(self, x: Sequence) -> Sequence:
        """Shift ``x``, shape (time, batch, neuron...), later in time."""
        if self.steps.ndim == 0:
            return shift(x, int(self.steps))
        late = torch.zeros_like(x)
        for steps in set(self.steps.flatten().tolist()):
            late = late + shift(x, steps) * (self.steps == steps)
        return late


class DelayedLinear(Temporal):
    """A dense connection in which every synapse has a delay of its own; no bias.

    Parameters
    ----------
    weight : Tensor, shape (out, in)
        Charge that a spike delivers.
    delays : Tensor of int64, shape (out, in)
        Delay in time steps, >= 0.
    """

    delays: Tensor

    def __init__(self, weight: Tensor, delays: Tensor) -> None:
        super().__init__()
        if weight.shape != delays.shape:
            raise ModelError(
                f"DelayedLinear: weight and delays must have one shape (out, in); got {tuple(weight.shape)} and "
                f"{tuple(delays.shape)}."
            )
        self.weight = nn.Parameter(weight)
        self.register_buffer("delays", _whole("DelayedLinear.delays", delays))

    def forward(self, x: Sequence) -> Sequence:
        """Return the charges, shape (time, batch, out), of spikes ``x``, shape (time, batch, in)."""
        charges = x.new_zeros(*x.shape[:2], len(self.weight))
        for steps in set(self.delays.flatten().tolist()):
            charges = charges + shift(x, steps) @ (self.weight * (self.delays == steps)).T
        return charges


class MaxCountPool2d(Temporal):
    """Let each window's largest count of spikes through: a spike passes where it makes the largest count larger.

    So after any number of steps the output has as many spikes as the input of the window that had most, which is the
    maximum that rates stand for; ``nn.MaxPool2d`` on spikes lets one pass whenever any input fires, which is more.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, ceil_mode
        As of ``nn.MaxPool2d``.

    References
    ----------
    Rueckauer, Lungu, Hu, Pfeiffer, Liu, Frontiers in Neuroscience 11, 2017, section 2.2.6, where the input that fired
    most so far is let through: the same but for a spike when the lead changes.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.ceil_mode = ceil_mode

    def pool(self) -> nn.MaxPool2d:
        """Return the pool of counts."""
        window = self.kernel_size, self.stride, self.padding, self.dilation
        return nn.MaxPool2d(*window, ceil_mode=self.ceil_mode)

    def forward(self, x: Sequence) -> Sequence:
        """Pool spikes ``x``, shape (time, batch, channel, row, column)."""
        largest = over_time(self.pool(), x.cumsum(0))
        return torch.diff(largest, dim=0, prepend=torch.zeros_like(largest[:1]))

    def extra_repr(self) -> str:
        """Show the window where torch lists modules."""
        return f"{self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AllButSelf(nn.Module):
    """Each neuron acts on all others of its layer with one weight, and not on itself: one sum minus one's own.

    Parameters
    ----------
    weight : float
        Charge that a spike delivers to every other neuron; negative inhibits.
    """

    weight: Tensor

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.register_buffer("weight", torch.tensor(float(weight)))

    def forward(self, x: Step) -> Step:
        """Return the charges of spikes ``x``, both of shape (batch, neuron)."""
        return self.weight * (x.sum(-1, keepdim=True) - x)


class Dropout(Temporal):
    """Silence random neurons while training, the same ones of a sample in every time step; in evaluation pass all on.

    What is left is scaled by ``1 / (1 - probability)``. The mask is drawn from torch's default generator.

    Parameters
    ----------
    probability : float
        Of silencing a neuron, from 0 to below 1.

    References
    ----------
    Lee, Sarwar, Panda, Srinivasan, Roy, Enabling spike-based backpropagation for training deep neural network
    architectures, Frontiers in Neuroscience 14, 2020.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise ValueError(f"Dropout.probability: must be >= 0 and < 1; got {probability}.")
        self.probability = probability

    def forward(self, x: Sequence) -> Sequence:
        """Mask ``x``, shape (time, batch, neuron...)."""
        if not self.training:
            return x
        return x * nn.functional.dropout(torch.ones_like(x[0]), self.probability)

    def extra_repr(self) -> str:
        """Show the probability where torch lists modules."""
        return f"{self.probability}"


class SumPool2d(nn.Module):
    """Add up the spikes of each window.

    Parameters
    ----------
    kernel_size : int
        Height and width of a window, which is also the stride.
    """

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = check_count("SumPool2d.kernel_size", kernel_size)

    def forward(self, x: Step) -> Step:
        """Pool ``x``, shape (batch, channel, row, column)."""
        return nn.functional.avg_pool2d(x, self.kernel_size, divisor_override=1)


class Scale(nn.Module):
    """Multiply what each neuron sends by a factor of its own.

    Parameters
    ----------
    factor : Tensor, shape (neuron...)
        One factor a neuron, of the shape of one sample.
    """

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.factor = nn.Parameter(factor)

    def forward(self, x: Step) -> Step:
        """Return the charges of ``x``, both of shape (batch, neuron...)."""
        if x.shape[1:] != self.factor.shape:
            raise RuntimeError(f"Scale has factors of shape {tuple(self.factor.shape)}")
        return x * self.factor


def over_time(connection: nn.Module, x: Sequence) -> Sequence:
    """Apply a connection to all time steps at once.

    Where all steps are one (an expanded view, as the direct code makes) the connection is computed once. A linear
    connection adds rows of weights where few inputs differ from zero, and pools of four run in a compiled loop.

    Parameters
    ----------
    connection : nn.Module
        Takes (batch, neuron...), or whole sequences if it is :class:`Temporal`.
    x : Tensor, shape (time, batch, neuron...)

    Returns
    -------
    Tensor, shape (time, batch, neuron...)
    """
    if isinstance(connection, Temporal):
        return connection(x)  # type: ignore[no-any-return]
    if len(x) > 1 and x.stride(0) == 0:
        y = connection(x[0])
        return y.unsqueeze(0).expand(len(x), *y.shape)  # type: ignore[no-any-return]
    y = deliver(connection, x.flatten(0, 1))
    return y.reshape(*x.shape[:2], *y.shape[1:])


def output_shape(connection: nn.Module | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of one sample after the connection, for one of ``shape``; raise ModelError if it cannot be."""
    if connection is None:
        return shape
    tensors = chain(connection.parameters(), connection.buffers())
    like = next((tensor for tensor in tensors if tensor.is_floating_point()), torch.zeros(()))
    training = connection.training
    try:
        with torch.no_grad():
            # Batch normalisation of a single sample is defined in evaluation mode only.
            return tuple(over_time(connection.eval(), like.new_zeros(1, 1, *shape)).shape[2:])
    except RuntimeError as error:
        raise ModelError(f"{connection}: does not take samples of shape {shape}: {error}") from error
    finally:
        connection.train(training)


def shift(x: Sequence, steps: int) -> Sequence:
    """Return ``x`` delayed by ``steps``, of the same length."""
    if steps == 0:
        return x
    late = torch.zeros_like(x)
    late[steps:] = x[:-steps]
    return late


def _whole(where: str, steps: int | Tensor) -> Tensor:
    whole = torch.as_tensor(steps)
    if whole.is_floating_point() or whole.dtype == torch.bool or (whole.numel() and int(whole.min()) < 0):
        raise ValueError(f"{where}: must be whole numbers of time steps >= 0; got {steps}.")
    return whole.to(torch.int64)
