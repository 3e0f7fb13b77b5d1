"""The network: what every method trains and everything else runs, counts, places and saves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError, Raster, Scores, Sequence, check_positive
from spikewright.coding import Encoder, Readout, Samples
from spikewright.network._explain import explained, machine
from spikewright.network._gather import INPUT, gather
from spikewright.network._in_order import Watch, run_in_order
from spikewright.network._layer import Layer
from spikewright.network._owned import Owned
from spikewright.network._pieces import run_in_pieces


class Network(nn.Module):
    """An encoder, layers and a readout, in this order, and the length of a time step.

    Parameters
    ----------
    encoder : Encoder
        Turns samples into the raster that the first layer receives.
    *layers : Layer
        In an order in which each comes after its inputs; by default each receives the output of the one before.
    readout : Readout
        The last positional argument: turns the last layer's output into scores.
    dt : float
        Length of a time step in seconds.

    Raises
    ------
    ModelError
        If the parts come in another order, names repeat, or a layer names an input that does not come before it.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> import spikewright as sw
    >>> net = sw.Network(
    ...     sw.coding.Direct(steps=10),
    ...     sw.Layer(nn.Linear(64, 100), sw.LIF(tau_mem=0.02)),
    ...     sw.Layer(nn.Linear(100, 10), sw.LIF(tau_mem=0.02)),
    ...     sw.coding.SpikeCount(),
    ...     dt=1e-3,
    ... )
    >>> net(torch.rand(5, 64)).shape
    torch.Size([5, 10])
    """

    def __init__(self, encoder: Encoder, *layers_and_readout: Layer | Readout, dt: float) -> None:
        super().__init__()
        check_positive("Network.dt", dt, "seconds")
        *layers, readout = layers_and_readout or (None,)
        if not isinstance(encoder, Encoder) or not isinstance(readout, Readout) or not layers:
            raise ModelError("Network: takes an encoder, one or more layers, then a readout, in this order.")
        self.dt = dt
        self._encoder = Owned(encoder)
        self._readout = Owned(readout)
        self.layers = nn.ModuleDict(dict(_named(layers)))
        # Where the network lives even if no layer has a parameter.
        self.register_buffer("_like", torch.zeros(()), persistent=False)

    @property
    def encoder(self) -> Encoder:
        """The encoder with its tensors as they are now."""
        return self._encoder.value

    @property
    def readout(self) -> Readout:
        """The readout with its tensors as they are now."""
        return self._readout.value

    @property
    def like(self) -> Tensor:
        """An empty tensor of the network's dtype and device."""
        like = self._like
        assert isinstance(like, Tensor)  # torch types every attribute of a module as Tensor or Module
        return like

    @property
    def last(self) -> str:
        """Name of the last layer, whose output is read out."""
        return list(self.layers)[-1]

    def sources(self) -> Iterator[tuple[str, Layer, tuple[str, ...]]]:
        """Yield each layer in order with its name and the names of its inputs."""
        before = INPUT
        for name, layer in self.layers.items():
            assert isinstance(layer, Layer)  # nothing else is ever put into the ModuleDict
            yield name, layer, layer.inputs or (before,)
            before = name

    def encode(self, samples: Samples, *, generator: torch.Generator | None = None) -> Raster:
        """Return what the first layer receives, shape (time, batch, neuron...)."""
        return self.encoder(samples, dt=self.dt, like=self.like, generator=generator)

    def propagate(self, raster: Raster) -> dict[str, Sequence]:
        """Return the output of every layer by name, the raster itself as ``"input"``, each (time, batch, neuron...)."""
        outputs = {INPUT: raster}
        for name, layer, sources in self.sources():
            outputs[name] = layer(gather(outputs, sources), dt=self.dt)
        return outputs

    def forward(
        self, samples: Samples, *, generator: torch.Generator | None = None, recompute_every: int | None = None
    ) -> Scores:
        """Return the scores, shape (batch, class), differentiable with respect to every parameter.

        Parameters
        ----------
        samples : array, Tensor or sequence of Events
            One batch.
        generator : torch.Generator, optional
            Source of randomness of the encoder.
        recompute_every : int, optional
            See :meth:`score`.
        """
        return self.score(self.encode(samples, generator=generator), recompute_every=recompute_every)

    def score(self, raster: Raster, *, recompute_every: int | None = None, watch: Watch | None = None) -> Scores:
        """Return the scores for what an encoder gave.

        Parameters
        ----------
        raster : Tensor, shape (time, batch, neuron...)
            What the first layer receives.
        recompute_every : int, optional
            Steps of a piece of time: nothing inside a piece is kept for the backward pass, which runs it a second time.
            Training then takes half as much time again or more, and memory for one piece and the states between pieces.
            With ``None`` all that gradients need of every step is kept.
        watch : callable, optional
            Called with the name and the output of every layer, ``"input"`` for the raster: once, or once for each
            piece, but not when a piece is run a second time.

        Returns
        -------
        Tensor, shape (batch, class)

        Raises
        ------
        ModelError
            If time cannot be cut into pieces because a layer looks back, or has one statistic or mask for all steps.
        """
        layers = tuple(self.sources())
        if recompute_every is None:
            output = run_in_order(layers, raster, dt=self.dt, watch=watch)
        else:
            output = run_in_pieces(layers, raster, steps=recompute_every, dt=self.dt, watch=watch)
        # Under automatic mixed precision spikes are in bfloat16, in which sums over time would be rounded.
        return self.readout(output.to(self.like.dtype))

    def explain(self, samples: Samples, *, generator: torch.Generator | None = None) -> tuple[str, ...]:
        """Run some samples and say, in a line for the machine and one for each layer, which way each takes, and why.

        Parameters
        ----------
        samples : array, Tensor or sequence of Events
            One batch; how many of its values are not zero decides how some products are computed.
        generator : torch.Generator, optional
            Source of randomness of the encoder.

        Examples
        --------
        >>> import torch
        >>> from torch import nn
        >>> import spikewright as sw
        >>> net = sw.Network(
        ...     sw.coding.Direct(steps=10),
        ...     sw.Layer(nn.Linear(9, 5), sw.LIF(tau_mem=0.02)),
        ...     sw.coding.SpikeCount(),
        ...     dt=1e-3,
        ... )
        >>> print(net.explain(torch.rand(5, 9))[1])
        layer1: Linear once, because all steps are equal; LIF in one compiled scan, 1 value a step kept for gradients
        """
        with torch.no_grad():
            raster = self.encode(samples, generator=generator)
            return machine(self.like), *explained(self.sources(), raster, dt=self.dt)


def _named(layers: Iterable[Layer | Readout | None]) -> Iterator[tuple[str, Layer]]:
    known = {INPUT}
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, Layer):
            raise ModelError(f"Network: part {number} after the encoder must be a Layer; got {type(layer).__name__}.")
        name = layer.name or f"layer{number}"
        if name in known:
            raise ModelError(f"Network: layer names must differ; got {name!r} twice.")
        unknown = [source for source in layer.inputs if source not in known]
        if unknown:
            raise ModelError(
                f"Network: layer {name!r} takes its input from {unknown[0]!r}, which does not come before it."
            )
        known.add(name)
        yield name, layer
