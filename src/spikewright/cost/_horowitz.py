"""Energy of arithmetic in a 45 nm process."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import check_positive
from spikewright.cost._cost import Cost
from spikewright.cost._energy_model import EnergyModel


@dataclass(frozen=True)
class Horowitz45nm(EnergyModel):
    r"""Arithmetic alone, at 45 nm and 0.9 V: the estimate that most papers on spiking networks print.

    .. math:: E = (E_{mult} + E_{add})\,N_{MAC} + E_{add}\,N_{SOP}

    It leaves out memory, neuron updates and communication, which dominate on real hardware, so it favours spikes: the
    ratio of the two operations is 5.1 in fp32, 3.75 in fp16 and 7.7 in int8. An optimistic bound, to be read beside the
    other models.

    Parameters
    ----------
    precision : str
        Name of the number format, such as ``"fp32"``.
    add, multiply : float
        Energy of one operation in pJ, > 0.

    References
    ----------
    Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014.
    """

    precision: str
    add: float
    multiply: float

    def __post_init__(self) -> None:
        check_positive("Horowitz45nm.add", self.add, "pJ")
        check_positive("Horowitz45nm.multiply", self.multiply, "pJ")

    @property
    def name(self) -> str:
        """``"horowitz-45nm-"`` and the precision."""
        return f"horowitz-45nm-{self.precision}"

    @property
    def constants(self) -> dict[str, float]:
        """Addition, multiplication, and the two operations that are counted."""
        return {
            "add": self.add,
            "multiply": self.multiply,
            "multiply_accumulate": self.add + self.multiply,
            "synaptic_operation": self.add,
        }

    @property
    def source(self) -> str:
        """The paper."""
        return "Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014; 45 nm, 0.9 V"

    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ."""
        total = cost.total
        each = self.constants
        return (
            each["multiply_accumulate"] * total.multiply_accumulates
            + each["synaptic_operation"] * total.synaptic_operations
        )


HOROWITZ_FP32 = Horowitz45nm("fp32", add=0.9, multiply=3.7)
HOROWITZ_FP16 = Horowitz45nm("fp16", add=0.4, multiply=1.1)
HOROWITZ_INT8 = Horowitz45nm("int8", add=0.03, multiply=0.2)
