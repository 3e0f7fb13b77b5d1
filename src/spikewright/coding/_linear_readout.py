"""Linear readout: a linear classifier on spike counts."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from spikewright.checks import Scores, ScoresOverTime, Sequence
from spikewright.coding._readout import Readout


@dataclass(frozen=True, eq=False)
class LinearReadout(Readout):
    """Scores are ``weight @ counts + bias``, with the spike counts of the last layer.

    The weights were fitted to the counts of a whole run. After fewer steps they meet the counts so far, and the bias is
    there in full from the first step on: what the classifier would say were the run to end there. A scaling of the
    counts that the classifier was fitted with belongs into ``weight`` and ``bias``.

    Parameters
    ----------
    weight : Tensor, shape (class, neuron)
        What a spike adds to each score.
    bias : Tensor, shape (class,)
        Score without spikes.
    """

    weight: Tensor
    bias: Tensor

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(
                "LinearReadout: weight must have shape (class, neuron) and bias (class,); "
                f"got {tuple(self.weight.shape)} and {tuple(self.bias.shape)}."
            )

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the scores of the running counts, shape (time, batch, class)."""
        # Classes first: they are fewer than neurons.
        return self._added(outputs).cumsum(0) + self.bias.to(outputs)

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the scores of the counts, shape (batch, class)."""
        return self._added(outputs.sum(0)) + self.bias.to(outputs)

    def _added(self, counts: Tensor) -> Tensor:
        if counts.shape[-1] != self.weight.shape[1]:
            raise ValueError(f"LinearReadout: has weights for {self.weight.shape[1]} neurons; got {counts.shape[-1]}.")
        return functional.linear(counts, self.weight.to(counts))
