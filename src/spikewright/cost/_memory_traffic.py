"""Energy of arithmetic and of the memory that it reads and writes, in a 45 nm process."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import check_count
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._horowitz import HOROWITZ_INT8, Horowitz45nm

SRAM = ((8 * 2**10, 10.0), (32 * 2**10, 20.0), (2**20, 100.0))
"""Bytes of an on-chip memory, and energy in pJ of an access to 64 bits of it."""

DRAM = 640.0
"""Energy in pJ of an access to 32 bits of off-chip memory."""


def sram_access(size: float, bits: int) -> float:
    """Return the energy in pJ of reading or writing ``bits`` in an on-chip memory.

    That of the smallest memory of Horowitz's table that holds it; what is larger than 1 MiB is kept in banks of that
    size. An access to fewer than 64 bits costs its share, as if neighbours were read together.

    Parameters
    ----------
    size : float
        Bytes that are kept.
    bits : int
        Width of the access.
    """
    whole = next((energy for held, energy in SRAM if size <= held), SRAM[-1][1])
    return whole * bits / 64


@dataclass(frozen=True)
class MemoryTraffic45nm(EnergyModel):
    r"""Arithmetic, the inside of the neurons, and every access to memory, at 45 nm and 0.9 V.

    .. math:: E = E_{mult}\,N_{mult} + E_{add}\,N_{add} + \sum_m E_m(\mathrm{size}_m)\,N_m

    over the memories ``m`` of each layer: weights, potentials, events and analog values, each in on-chip memory of its
    own with the energy of its size. Accesses are those of :class:`~spikewright.cost.LayerCost`: each addition of a
    spike's weight reads the weight, and reads and writes a potential; each multiplication reads a weight and a value,
    and its sum stays in a register. No caches and no reuse on either side.

    Parameters
    ----------
    arithmetic : Horowitz45nm
        Energies of addition and multiplication.
    off_chip : bool
        Whether the weights are kept in off-chip memory, and brought onto the chip once an inference.
    weight_bits, state_bits, value_bits, event_bits : int
        Widths of a weight, a number of state, an analog value, and the address of a spike.

    References
    ----------
    Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014, for arithmetic and on-chip memory;
    640 pJ for 32 bits of DRAM: Han et al., EIE: efficient inference engine on compressed deep neural network, ISCA
    2016.
    """

    arithmetic: Horowitz45nm
    off_chip: bool = False
    weight_bits: int = 8
    state_bits: int = 16
    value_bits: int = 8
    event_bits: int = 16

    def __post_init__(self) -> None:
        for name in ("weight_bits", "state_bits", "value_bits", "event_bits"):
            check_count(f"MemoryTraffic45nm.{name}", getattr(self, name))

    @property
    def name(self) -> str:
        """``"memory-45nm-"``, the precision, and where the weights are."""
        return f"memory-45nm-{self.arithmetic.precision}-{'dram' if self.off_chip else 'sram'}"

    @property
    def constants(self) -> dict[str, float]:
        """Arithmetic, accesses to 64 bits of on-chip memory by its size, and the widths of what is accessed."""
        return {
            "add": self.arithmetic.add,
            "multiply": self.arithmetic.multiply,
            **{f"sram_{held // 2**10}_KiB_64_bits": energy for held, energy in SRAM},
            **({"dram_32_bits": DRAM} if self.off_chip else {}),
            "weight_bits": self.weight_bits,
            "state_bits": self.state_bits,
            "value_bits": self.value_bits,
            "event_bits": self.event_bits,
        }

    @property
    def source(self) -> str:
        """The papers."""
        dram = "; DRAM as in Han et al., EIE, ISCA 2016" if self.off_chip else ""
        return f"{self.arithmetic.source}{dram}; accesses without caches or reuse"

    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ."""
        return sum(self.computing(part) + self.accessing(part) for part in cost.parts)

    def computing(self, layer: LayerCost) -> float:
        """Return the energy of a layer's arithmetic in pJ, the inside of its neurons included."""
        additions = layer.synaptic_operations + layer.bias_additions + layer.update_additions
        multiply_accumulate = self.arithmetic.add + self.arithmetic.multiply
        return (
            multiply_accumulate * layer.multiply_accumulates
            + self.arithmetic.add * additions
            + self.arithmetic.multiply * layer.update_multiplications
        )

    def accessing(self, layer: LayerCost) -> float:
        """Return the energy of a layer's memory accesses in pJ."""
        sources = max((path.form.sources for path in layer.pathways), default=0)
        accesses = (
            (layer.weight_reads, layer.parameters, self.weight_bits),
            (layer.potential_reads + layer.potential_writes, layer.states, self.state_bits),
            (layer.event_reads + layer.event_writes, 0, self.event_bits),
            (layer.value_reads + layer.value_writes, sources, self.value_bits),
        )
        on_chip = sum(number * sram_access(kept * bits / 8, bits) for number, kept, bits in accesses)
        brought = DRAM * layer.parameters * self.weight_bits / 32 if self.off_chip else 0.0
        return on_chip + brought


MEMORY_INT8_SRAM = MemoryTraffic45nm(HOROWITZ_INT8)
MEMORY_INT8_DRAM = MemoryTraffic45nm(HOROWITZ_INT8, off_chip=True)
