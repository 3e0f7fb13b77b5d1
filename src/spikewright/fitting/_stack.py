"""The layers of an architecture, for any kind of unit."""

from __future__ import annotations

from torch import nn

from spikewright.checks import ModelError
from spikewright.network import Architecture, Dropout, Layer, SumPool2d
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
    feedback: bool = False,
    sums: bool = False,
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
        Whether connections have a bias; those of units to themselves have none.
    feedback : bool
        Whether the units take connections to themselves, ``R`` in the architecture.
    sums : bool
        Whether all pools add up what the units before them give.

    Raises
    ------
    ModelError
        If the text is no architecture, asks for feedback that the units do not take, or does not suit the shape.
    """
    form = Architecture(architecture)
    if any(form.feedback) and not feedback:
        raise ModelError(
            f"Architecture: {architecture!r} feeds back, which the units of this method do not; "
            f"write {form.feedforward.text!r}, or train with SurrogateGradient."
        )
    connections = form.connections(shape, classes, bias=bias, sums=sums)
    feeds_back = iter(form.feedback)
    layers: list[Layer] = []
    for connection, after in zip(connections, [*connections[1:], None], strict=True):
        last = after is None
        unit = output if last else hidden
        if isinstance(after, nn.AvgPool2d) or isinstance(connection, nn.Flatten | nn.MaxPool2d | SumPool2d):
            unit = None
        units = connection.out_features if isinstance(connection, nn.Linear) and next(feeds_back) else 0
        recurrent = nn.Linear(units, units, bias=False) if units else None
        normalise = batch_norm and not last and isinstance(connection, nn.Linear | nn.Conv2d)
        if normalise:
            layers += [Layer(connection), Layer(_norm(connection), unit, recurrent=recurrent)]
        else:
            layers.append(Layer(connection, unit, recurrent=recurrent))
        if dropout and not last and isinstance(connection, nn.Linear):
            layers.append(Layer(Dropout(dropout)))
    return layers


def _norm(connection: nn.Module) -> nn.Module:
    if isinstance(connection, nn.Conv2d):
        return nn.BatchNorm2d(connection.out_channels)
    return nn.BatchNorm1d(int(connection.out_features))  # type: ignore[arg-type] # torch types attributes as Tensor | Module
