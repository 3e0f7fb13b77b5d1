"""Energy of moving data beside that of computing, with a quantised network of matching capacity as the opponent."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from spikewright.checks import check_count, check_positive
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._energy_model import EnergyModel


def matching_bits(steps: int) -> int:
    """Return the bits of an activation that takes as many values as a spike count of ``steps`` steps has."""
    return ceil(log2(steps + 1))


@dataclass(frozen=True)
class DataMovement22nm(EnergyModel):
    r"""Computing, reading weights and moving data between cores, at 22 nm.

    For each synapse of a spiking layer, with ``s`` spikes through it in an inference, and of the quantised network with
    :math:`b = \lceil\log_2(T + 1)\rceil` bits an activation:

    .. math::
        E_{spiking} &= s\,(E_{acc} + w\,E_{weight} + h\,E_{sparse}) \\
        E_{quantised} &= b\,E_{acc} + w\,E_{weight} + b\,h\,E_{dense}

    with ``w`` bits a weight and ``h`` hops. A spike is an event that finds its way by an address, which is what makes
    its one bit expensive; a dense activation is expected where it arrives. A weight is read for each spike, and once
    by the quantised network. A product is taken as ``b`` additions. To it come the additions inside the neurons.
    Control is left out, which favours spikes.

    Parameters
    ----------
    accumulate : float
        Energy of one addition in pJ, > 0.
    sparse, dense : float
        Energy in pJ of moving one bit over one hop, as an event with its address and in a stream.
    weight : float
        Energy in pJ of reading one bit of a weight. The papers do not print it; it is inferred from the sensitivity of
        their break-even to it (0.69 points between half and one and a half times its value, at 4 bits).
    weight_bits : int
        Width of a weight.
    hops : float
        Hops of an event, > 0.
    analog_bits : int
        Width of an activation of an artificial network that stands alone.

    References
    ----------
    Yan, Bai, Tang, Wong, Reconsidering the energy efficiency of spiking neural networks inference from analytical
    perspectives, arXiv 2409.08290: at T = 5, 4-bit weights and 4096 inputs a neuron they find the break-even at an
    average rate of 5.7 % (version 4) or 6.4 % (version 2), that is 0.29 or 0.32 spikes a synapse.
    """

    accumulate: float = 0.05448
    sparse: float = 3.0
    dense: float = 0.25
    weight: float = 0.04
    weight_bits: int = 8
    hops: float = 1.0
    analog_bits: int = 8

    def __post_init__(self) -> None:
        for name in ("accumulate", "sparse", "dense", "weight"):
            check_positive(f"DataMovement22nm.{name}", getattr(self, name), "pJ")
        check_positive("DataMovement22nm.hops", self.hops, "hops")
        check_count("DataMovement22nm.weight_bits", self.weight_bits)
        check_count("DataMovement22nm.analog_bits", self.analog_bits)

    @property
    def name(self) -> str:
        """``"data-movement-22nm"``."""
        return "data-movement-22nm"

    @property
    def constants(self) -> dict[str, float]:
        """Addition, one bit moved or read, and widths."""
        return {
            "accumulate": self.accumulate,
            "sparse_bit_hop": self.sparse,
            "dense_bit_hop": self.dense,
            "weight_bit": self.weight,
            "weight_bits": self.weight_bits,
            "hops": self.hops,
        }

    @property
    def source(self) -> str:
        """The paper."""
        return (
            "after Yan, Bai, Tang, Wong, arXiv 2409.08290 (22 nm; hops of events from Loihi's), energy of a bit of a "
            "weight inferred from their break-even"
        )

    @property
    def opponent(self) -> str:
        """The quantised network."""
        return "a quantised network with ceil(log2(T + 1)) bits an activation"

    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ; analog values that enter a spiking network match its steps."""
        bits = matching_bits(cost.steps) if cost.spiking else self.analog_bits
        return sum(self._of(part, bits) for part in cost.parts)

    def artificial_energy(self, cost: Cost, steps: int) -> float:
        """Return the energy of the quantised network of matching capacity."""
        return sum(self._of(part, matching_bits(steps)) for part in cost.parts)

    def _of(self, layer: LayerCost, bits: int) -> float:
        fetch = self.weight_bits * self.weight
        spike = self.accumulate + fetch + self.hops * self.sparse
        product = bits * self.accumulate + fetch + bits * self.hops * self.dense
        return (
            spike * layer.synaptic_operations
            + product * layer.multiply_accumulates
            + self.accumulate * (layer.bias_additions + layer.update_additions)
            + bits * self.accumulate * layer.update_multiplications
        )


DATA_MOVEMENT = DataMovement22nm()
