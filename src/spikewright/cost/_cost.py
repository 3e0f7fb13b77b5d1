"""What one inference costs, in counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import add
from typing import Self

from torch import Tensor

from spikewright.cost._pathway import Pathway


@dataclass(frozen=True)
class LayerCost:
    """Counts of one layer, the mean over the samples of a run, each for one whole inference.

    Operations on synapses come in two counts. The *effective* ones are those in which neither input nor weight is 0.
    The *dense* ones are all: every synapse in every step (once in all, where an analog input is constant over time).
    Spikes are delivered one by one, so ``synaptic_operations`` is effective; a product with analog values is computed
    whole, so ``multiply_accumulates`` is dense. The other count stands beside each.

    Memory accesses follow from the counts, without caches or reuse: see the properties.

    Parameters
    ----------
    synaptic_operations : float
        Additions of a weight because a spike came; weights of 0 are left out.
    multiply_accumulates : float
        Multiplications of a weight with an analog value, zeros included.
    neuron_updates : float
        Steps of units that have a state.
    spikes : float
        Spikes of the layer's neurons.
    parameters : int
        Numbers that the layer keeps: weights, biases, delays, constants per neuron; zeros included.
    weight_bytes : int
        Bytes of these.
    state_bytes : int
        Bytes of the neurons' state for one sample.
    dense_synaptic_operations : float
        Every synapse to which spikes may come, in every step.
    effective_multiply_accumulates : float
        Those of ``multiply_accumulates`` in which neither value nor weight is 0.
    bias_additions : float
        Additions of what is the same in every step: a bias, or the charge of a constant analog input.
    update_additions, update_multiplications : float
        Operations inside the neurons: see :func:`~spikewright.cost.operations_of`.
    state_updates : float
        Numbers of state that neurons read and write as they advance: ``neuron_updates`` times the numbers of each.
    values : float
        Analog values that the layer writes for its targets.
    states : int
        Numbers of the neurons' state for one sample.
    pathways : tuple of Pathway
        Each connection with what came through it.
    """

    synaptic_operations: float = 0.0
    multiply_accumulates: float = 0.0
    neuron_updates: float = 0.0
    spikes: float = 0.0
    parameters: int = 0
    weight_bytes: int = 0
    state_bytes: int = 0
    dense_synaptic_operations: float = 0.0
    effective_multiply_accumulates: float = 0.0
    bias_additions: float = 0.0
    update_additions: float = 0.0
    update_multiplications: float = 0.0
    state_updates: float = 0.0
    values: float = 0.0
    states: int = 0
    pathways: tuple[Pathway, ...] = ()

    def __add__(self, other: LayerCost) -> LayerCost:
        return LayerCost(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(LayerCost)))

    @classmethod
    def of(cls, path: Pathway) -> Self:
        """Return the operations of a connection in use: those that what comes through it asks for."""
        if path.spiking:
            return cls(synaptic_operations=path.effective, dense_synaptic_operations=path.dense, pathways=(path,))
        return cls(multiply_accumulates=path.dense, effective_multiply_accumulates=path.effective, pathways=(path,))

    @classmethod
    def kept(cls, tensors: Iterable[Tensor]) -> Self:
        """Return the memory of parameters."""
        listed = list(tensors)
        return cls(parameters=sum(t.numel() for t in listed), weight_bytes=sum(t.nbytes for t in listed))

    @property
    def weight_reads(self) -> float:
        """Reads of a weight or a bias: one for each operation that needs it."""
        return self.synaptic_operations + self.multiply_accumulates + self.bias_additions

    @property
    def potential_reads(self) -> float:
        """Reads of a number of state: one for each weight that a spike adds to it, and those of the neurons' updates.

        Sums of products with analog values stay in a register until they are whole.
        """
        return self.synaptic_operations + self.state_updates

    @property
    def potential_writes(self) -> float:
        """Writes of a number of state: each that is read is written again."""
        return self.potential_reads

    @property
    def event_reads(self) -> float:
        """Reads of a spike that arrived: each once, whatever number of synapses it reaches."""
        return sum((path.events for path in self.pathways if path.spiking), 0.0)

    @property
    def event_writes(self) -> float:
        """Writes of a spike for the layer's targets."""
        return self.spikes

    @property
    def value_reads(self) -> float:
        """Reads of an analog value: one for each multiplication."""
        return self.multiply_accumulates

    @property
    def value_writes(self) -> float:
        """Writes of an analog value for the layer's targets."""
        return self.values

    def scaled(self, factor: float) -> LayerCost:
        """Return the counts with ``factor`` times as many spikes in and out; what does not depend on them stays."""
        return replace(
            self,
            synaptic_operations=factor * self.synaptic_operations,
            spikes=factor * self.spikes,
            pathways=tuple(path.scaled(factor) for path in self.pathways),
        )


@dataclass(frozen=True)
class Cost:
    """Counts of a network, the mean over the samples of a run.

    Parameters
    ----------
    layers : dict of LayerCost
        By the layer's name.
    readout : LayerCost
        What the readout adds.
    input_events : float
        Spikes that the encoder sends; 0 if its values are analog.
    steps : int
        Time steps of a run.
    latency_steps : float
        Steps until the decision is the final one and stays so.
    """

    layers: dict[str, LayerCost]
    readout: LayerCost
    input_events: float
    steps: int
    latency_steps: float

    @property
    def total(self) -> LayerCost:
        """The sum over all layers and the readout."""
        return reduce(add, self.layers.values(), self.readout)

    @property
    def parts(self) -> tuple[LayerCost, ...]:
        """Every layer, then the readout."""
        return (*self.layers.values(), self.readout)

    @property
    def spiking(self) -> bool:
        """Whether spikes come through any connection; if not, this is an artificial network."""
        return any(path.spiking for part in self.parts for path in part.pathways)

    @property
    def spikes_per_synapse(self) -> float | None:
        """Spikes that came through a synapse in an inference, the mean over all synapses to which spikes may come.

        ``None`` if there are none: an artificial network, or one whose only synapses receive analog values.
        """
        paths = [path for part in self.parts for path in part.pathways if path.spiking]
        synapses = sum(path.form.synapses for path in paths)
        return sum(path.effective for path in paths) / synapses if synapses else None

    def scaled(self, factor: float) -> Cost:
        """Return the counts of a run with ``factor`` times as many spikes everywhere, in as many steps."""
        return replace(
            self,
            layers={name: layer.scaled(factor) for name, layer in self.layers.items()},
            readout=self.readout.scaled(factor),
            input_events=factor * self.input_events,
        )

    def skipping_zeros(self) -> Cost:
        """Return the counts on a machine that does no multiplication by 0 and reads nothing for it."""
        return replace(
            self,
            layers={name: _skipping(layer) for name, layer in self.layers.items()},
            readout=_skipping(self.readout),
        )


def _skipping(layer: LayerCost) -> LayerCost:
    return replace(layer, multiply_accumulates=layer.effective_multiply_accumulates)
