"""Energy of events on Intel's Loihi."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._memory_traffic import MEMORY_INT8_SRAM, MemoryTraffic45nm

SYNAPSE = MappingProxyType({
    "dense": 35.5,
    "lateral": 35.5,
    "sparse": 33.6,
    "convolution": 24.0,
    "pool": 24.0,
})  # fmt: skip
"""Energy in pJ of a synaptic operation by how the chip keeps the synapses."""


@dataclass(frozen=True)
class Loihi1(EnergyModel):
    r"""Events on the first Loihi, 14 nm, as fitted to measurements on the chip.

    .. math:: E = \sum_k E_k N_{SOP,k} + (E_{access} + E_{update})\,N_{update} + (E_{spike} + E_{message})\,N_{spike}

    with ``k`` the form in which synapses are kept: dense, sparse or shared. Every neuron is visited in every step, and
    each spike is one message. Hops between cores are left out, because they depend on the placement: 3 to 4 pJ each
    beside 111 pJ for the message. Static power and the host are left out too, so this is a lower bound.

    The chip has no multiplier for analog inputs: a layer that receives them is computed beside the chip, by ``host``,
    and so is the artificial network, which does not run there.

    Parameters
    ----------
    access, update : float
        Energy in pJ of reading a neuron's state in a step and of updating it.
    spike, message : float
        Energy in pJ of a spike that a neuron emits, and of sending it to a core.
    host : MemoryTraffic45nm
        What computes products with analog values.

    References
    ----------
    Boyle, Plagge, Cardwell, Chance, Gerstlauer, SANA-FE: simulating advanced neuromorphic architectures for fast
    exploration, IEEE TCAD 44, 2025: fitted by micro-benchmarks on the chip, error of energies up to 11.7 %. Davies et
    al., Loihi: a neuromorphic manycore processor with on-chip learning, IEEE Micro 38, 2018, gives 23.6 pJ as the least
    energy of a synaptic operation, from circuit simulation.
    """

    access: float = 51.2
    update: float = 21.6
    spike: float = 69.3
    message: float = 111.0
    host: MemoryTraffic45nm = MEMORY_INT8_SRAM

    @property
    def name(self) -> str:
        """``"loihi-1"``."""
        return "loihi-1"

    @property
    def constants(self) -> dict[str, float]:
        """Of each event; those of the host are its own."""
        return {
            **{f"{kind}_synaptic_operation": SYNAPSE[kind] for kind in ("dense", "sparse", "convolution")},
            "neuron_access": self.access,
            "neuron_update": self.update,
            "spike": self.spike,
            "message": self.message,
        }

    @property
    def source(self) -> str:
        """The papers."""
        return (
            "Boyle et al., SANA-FE, IEEE TCAD 44, 2025, fitted to measurements on the chip (error up to 11.7 %); "
            f"analog inputs and the artificial network under {self.host.name}"
        )

    @property
    def opponent(self) -> str:
        """The host."""
        return f"a digital accelerator under {self.host.name}"

    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ."""
        return sum(self._on_chip(part) for part in cost.parts) + self.host.energy(_analog(cost))

    def artificial_energy(self, cost: Cost, steps: int) -> float:  # noqa: ARG002 - the host has none
        """Return the energy of the artificial network on the host."""
        return self.host.energy(cost)

    def _on_chip(self, layer: LayerCost) -> float:
        delivered = sum(SYNAPSE[path.form.kind] * path.effective for path in layer.pathways if path.spiking)
        return (
            delivered + (self.access + self.update) * layer.neuron_updates + (self.spike + self.message) * layer.spikes
        )


def _analog(cost: Cost) -> Cost:
    """Return the products with analog values alone."""
    return replace(
        cost, layers={name: _products(layer) for name, layer in cost.layers.items()}, readout=_products(cost.readout)
    )


def _products(layer: LayerCost) -> LayerCost:
    paths = tuple(path for path in layer.pathways if not path.spiking)
    if not paths:
        return LayerCost()
    return LayerCost(
        multiply_accumulates=layer.multiply_accumulates,
        values=layer.values,
        parameters=sum(path.form.weights + path.form.biases for path in paths),
        pathways=paths,
    )


LOIHI_1 = Loihi1()
