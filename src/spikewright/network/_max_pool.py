"""Maximum pools of squares of four, through compiled loops."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spikewright import kernels
from spikewright.checks import is_plain

SQUARE = 2, (2, 2)
"""What torch's pools hold for a window of two by two."""

DTYPES = torch.float32, torch.float64, torch.bfloat16


def refuses_max_pool(connection: nn.MaxPool2d, x: Tensor) -> str:
    """Return why a pool goes through torch's own loops; an empty text if it goes through the compiled ones.

    Parameters
    ----------
    connection : nn.MaxPool2d
    x : Tensor, shape (batch, channel, row, column)
    """
    if not is_plain(connection, nn.MaxPool2d) or connection.return_indices:
        return "the connection does more than nn.MaxPool2d"
    if connection.kernel_size not in SQUARE or connection.stride not in SQUARE:
        return f"kernels pool squares of four; got {connection.kernel_size} every {connection.stride}"
    if connection.padding not in (0, (0, 0)) or connection.dilation not in (1, (1, 1)) or connection.ceil_mode:
        return "kernels pool without padding, dilation and ceil_mode"
    if x.device.type != "cpu" or x.dtype not in DTYPES:
        return f"kernels run on the CPU in float32, float64 and bfloat16; got {x.device.type}, {x.dtype}"
    if x.ndim != 4 or min(x.shape[2:]) < 2:
        return "the shape is left to torch"
    return ""


class MaxPool(torch.autograd.Function):
    """The pool forward and backward; kept are the places of the values alone, a byte each."""

    # ctx is Any: torch types it so, and its attributes are made up by the user of the class.
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Pool ``x``, shape (batch, channel, row, column)."""
        *lead, rows, columns = x.shape
        output, images = x.new_empty(*lead, rows // 2, columns // 2), x.detach().contiguous().flatten(0, 1)
        places = torch.empty(output.shape, dtype=torch.uint8).flatten(0, 1)
        arrays = (kernels.array_of(images), kernels.array_of(output.flatten(0, 1)), places.numpy())
        kernels.max_pool(*arrays, torch.get_num_threads())
        ctx.shape = x.shape
        ctx.save_for_backward(places)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient of ``x``."""
        (places,) = ctx.saved_tensors
        grad_x, given = gradient.new_empty(ctx.shape), gradient.contiguous().flatten(0, 1)
        arrays = (kernels.array_of(given), places.numpy(), kernels.array_of(grad_x.flatten(0, 1)))
        kernels.max_pool_backward(*arrays, torch.get_num_threads())
        return grad_x
