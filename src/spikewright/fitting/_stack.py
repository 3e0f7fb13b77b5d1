"""The layers of an architecture, for any kind of unit."""

from __future__ import annotations

from torch import nn

from spikewright.network import Architecture, Dropout, Layer
from spikewright.neurons import NeuronModel


def stack(
    architecture: str,
    shape: tuple[int, ...],
    classes: int,
    *,
    hidden: NeuronModel,
    output: NeuronModel | None,
    dropout: float = 0.0,
    batch_norm: bool = False,
    bias: bool = True,
) -> list[Layer]:
    """Build the layers of an architecture.

    Units stand behind every weighted connection, or behind the average pooling that follows it, so that what travels
    between layers is always what units give.

    Parameters
    ----------
    architecture : str
        See :class:`~spikewright.network.Architecture`.
    shape : tuple of int
        Shape of one sample.
    classes : int
        Units of the last layer.
    hidden, output : NeuronModel
        Units of the hidden layers, and of the last one (None passes its charges on).
    dropout : float
        Fraction of the hidden dense units that is silenced in training.
    batch_norm : bool
        Whether hidden charges are normalised over batch and time in training.
    bias : bool
        Whether connections have a bias.
    """
    connections = Architecture(architecture).connections(shape, classes, bias=bias)
    layers: list[Layer] = []
    for connection, after in zip(connections, [*connections[1:], None], strict=True):
        last = after is None
        unit = output if last else hidden
        if isinstance(after, nn.AvgPool2d) or isinstance(connection, nn.Flatten | nn.MaxPool2d):
            unit = None
        normalise = batch_norm and not last and isinstance(connection, nn.Linear | nn.Conv2d)
        if normalise:
            layers += [Layer(connection), Layer(_norm(connection), unit)]
        else:
            layers.append(Layer(connection, unit))
        if dropout and not last and isinstance(connection, nn.Linear):
            layers.append(Layer(Dropout(dropout)))
    return layers


def _norm(connection: nn.Module) -> nn.Module:
    if isinstance(connection, nn.Conv2d):
        return nn.BatchNorm2d(connection.out_channels)
    return nn.BatchNorm1d(int(connection.out_features))  # type: ignore[arg-type] # torch types attributes as Tensor | Module
