"""What training costs, in counts."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class TrainingCost:
    """Counts of a whole fit, over all presentations of samples; what chooses or names afterwards is not training.

    Two kinds of use of a synapse are told apart, as in :class:`~spikewright.cost.LayerCost`: an *accumulate* adds a
    weight, or an error, because a spike came; a *multiply-accumulate* multiplies a weight, or an error, by an analog
    value. Accumulates are counted from the spikes that occurred, also where a matrix product with many zeros does the
    work; multiply-accumulates are dense, zeros included. A synapse whose weight happens to be 0 counts, because it may
    learn.

    The history is what a rule must remember of a sample to learn from it. It does not add up: that of two fits is the
    larger one. Backpropagation through time keeps every step of every neuron, a local rule a trace a neuron.

    Parameters
    ----------
    forward_accumulates, forward_multiply_accumulates : int
        Uses of a synapse on the way from samples to decisions, those of a second run to save memory included.
    backward_multiply_accumulates : int
        Errors sent back through a synapse to the neuron before it.
    gradient_accumulates, gradient_multiply_accumulates : int
        What changes of weights are made of: a neuron's error, or what a rule takes for it, added for each spike that
        came through a synapse or multiplied by the value that came, and products of a closed solution.
    weight_updates : int
        Weights and biases that were written.
    optimizer_updates : int
        Numbers that were written to find the size of a step: moments of gradients, last changes of weights.
    trace_updates : int
        Traces of spikes and adaptive thresholds that were written.
    neuron_updates : int
        Steps of neurons with a state, also those that a backward pass takes.
    history_values, history_bytes : int
        Numbers that must be kept at once to learn from one sample, and their bytes; neither weights nor the states
        that neurons need to run.
    """

    forward_accumulates: int = 0
    forward_multiply_accumulates: int = 0
    backward_multiply_accumulates: int = 0
    gradient_accumulates: int = 0
    gradient_multiply_accumulates: int = 0
    weight_updates: int = 0
    optimizer_updates: int = 0
    trace_updates: int = 0
    neuron_updates: int = 0
    history_values: int = 0
    history_bytes: int = 0

    def __add__(self, other: TrainingCost) -> TrainingCost:
        return TrainingCost(
            **{
                name: (max if name in _AT_ONCE else sum)((getattr(self, name), getattr(other, name)))
                for name in (entry.name for entry in fields(TrainingCost))
            }
        )

    @property
    def forward(self) -> int:
        """Uses of a synapse on the way forward."""
        return self.forward_accumulates + self.forward_multiply_accumulates

    @property
    def backward(self) -> int:
        """Uses of a synapse on the way back: errors to the neuron before it, parts of its weight's gradient."""
        return self.backward_multiply_accumulates + self.gradient_accumulates + self.gradient_multiply_accumulates

    @property
    def synaptic_operations(self) -> int:
        """All uses of a synapse: forward, backward, and updates of its weight."""
        return self.forward + self.backward + self.weight_updates

    def per_sample(self, samples: int) -> dict[str, float]:
        """Return the means over so many presentations of a sample, by name; the history is that of one as it is."""
        counts = {entry.name: getattr(self, entry.name) for entry in fields(TrainingCost)}
        return {name: float(value if name in _AT_ONCE else value / samples) for name, value in counts.items()}


_AT_ONCE = frozenset({"history_values", "history_bytes"})
"""What is there at once, and does not add up."""
