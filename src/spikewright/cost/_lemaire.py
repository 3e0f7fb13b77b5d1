"""Energy of operations, memory and addressing by the analytical estimation of Lemaire et al."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import check_count, check_positive
from spikewright.cost import _lemaire_equations as equations
from spikewright.cost._cost import Cost, LayerCost
from spikewright.cost._energy_model import EnergyModel
from spikewright.cost._lemaire_equations import Accesses, Operations


@dataclass(frozen=True)
class Lemaire2022(EnergyModel):
    r"""Operations, memory and addressing of each layer, with the authors' corrections for fully connected layers.

    .. math:: E = (E_{mult} + E_{add})\,N_{MAC} + E_{add}\,N_{ACC} + \sum_m E_{RAM}(\mathrm{words}_m)\,N_m

    with the counts of :mod:`spikewright.cost._lemaire_equations`, and an on-chip memory for each of a layer's inputs,
    parameters, potentials and outputs. Their counts take kernels in full at the borders, and round windows up, so they
    differ from ours in :class:`~spikewright.cost.LayerCost`. A layer of spiking neurons with analog inputs computes its
    products as an artificial one, then its neurons as a spiking one.

    The authors find their spiking networks 6 to 8 times more efficient: the optimistic side of counting memory.

    Parameters
    ----------
    add, multiply : float
        Energy of one integer operation in pJ, > 0.
    bits : int
        Width of every word.

    References
    ----------
    Lemaire, Cordone, Castagnetti, Novac, Courtois, Miramond, An analytical estimation of spiking neural networks energy
    efficiency, ICONIP 2022.
    """

    add: float = 0.1
    multiply: float = 3.1
    bits: int = 32

    def __post_init__(self) -> None:
        check_positive("Lemaire2022.add", self.add, "pJ")
        check_positive("Lemaire2022.multiply", self.multiply, "pJ")
        check_count("Lemaire2022.bits", self.bits)

    @property
    def name(self) -> str:
        """``"lemaire-2022-int"`` and the width."""
        return f"lemaire-2022-int{self.bits}"

    @property
    def constants(self) -> dict[str, float]:
        """Operations, and the line of the energy of a memory access over the memory's bits."""
        return {
            "add": self.add,
            "multiply": self.multiply,
            "memory_access": 13.2,
            "memory_access_per_bit_kept": 1.09e-5,
            "bits": self.bits,
        }

    @property
    def source(self) -> str:
        """The paper."""
        return (
            "Lemaire et al., An analytical estimation of spiking neural networks energy efficiency, ICONIP 2022, fully "
            "connected terms as corrected by the authors; 45 nm"
        )

    def energy(self, cost: Cost) -> float:
        """Return the energy of one inference in pJ."""
        return sum(self._of(part, cost.steps) for part in cost.parts)

    def _of(self, layer: LayerCost, steps: int) -> float:
        """Return the energy of a layer in pJ: what comes through its connections, then its neurons."""
        total = 0.0
        for path in layer.pathways:
            form = path.form
            kept = form.sources, form.weights + form.biases, layer.states, form.targets
            if path.spiking:
                words = equations.reached_words(path)
                total += self._computing(equations.delivered_operations(path))
                total += self._computing(equations.spiking_addressing(path))
                total += self._accessing(equations.spiking_accesses(words, path.events, 0.0, steps, 0.0), *kept)
            else:
                total += path.times * self._computing(equations.artificial_operations(form))
                total += path.times * self._computing(equations.artificial_addressing(form))
                total += path.times * self._accessing(equations.artificial_accesses(form), *kept)
        neurons = layer.neuron_updates / steps
        if not neurons:
            return total
        leaky = layer.update_multiplications > 0
        accesses = equations.spiking_accesses(0.0, 0.0, neurons, steps, layer.spikes)
        total += self._computing(equations.neuron_operations(neurons, steps, layer.spikes, leaky=leaky))
        return total + self._accessing(accesses, 0, layer.parameters, layer.states, round(neurons))

    def _computing(self, operations: Operations) -> float:
        multiply_accumulate = self.add + self.multiply
        return multiply_accumulate * operations.multiply_accumulates + self.add * operations.additions

    def _accessing(self, accesses: Accesses, inputs: int, parameters: int, potentials: int, outputs: int) -> float:
        """Return the energy of accesses to memories that keep so many words."""
        return (
            accesses.inputs * equations.memory_access(inputs, self.bits)
            + (accesses.weights + accesses.biases) * equations.memory_access(parameters, self.bits)
            + accesses.potentials * equations.memory_access(potentials, self.bits)
            + accesses.outputs * equations.memory_access(outputs, self.bits)
        )


LEMAIRE_INT32 = Lemaire2022()
