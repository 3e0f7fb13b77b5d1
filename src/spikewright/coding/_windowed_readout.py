"""Windowed readout: a linear classifier on the spike counts of successive windows of a run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spikewright.checks import Scores, ScoresOverTime, Sequence, check_count
from spikewright.coding._readout import Readout


@dataclass(frozen=True, eq=False)
class WindowedReadout(Readout):
    """A spike of a neuron adds to each score what the window of the run in which it falls gives it.

    A linear classifier on one spike count for each neuron and window, so it can tell apart what comes in another order.
    Window ``k`` holds the steps from ``k * width`` to before ``(k + 1) * width``. After a part of a run, the spikes so
    far count, and the bias does in full. With one window it is :class:`LinearReadout`.

    Parameters
    ----------
    weight : Tensor, shape (class, window, neuron)
        What a spike adds to each score.
    bias : Tensor, shape (class,)
        Score without spikes.
    width : int
        Steps of a window. A run may end early, in any window, but not last longer than all windows.
    """

    weight: Tensor
    bias: Tensor
    width: int

    def __post_init__(self) -> None:
        check_count("WindowedReadout.width", self.width)
        if self.weight.ndim != 3 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(
                "WindowedReadout: weight must have shape (class, window, neuron) and bias (class,); "
                f"got {tuple(self.weight.shape)} and {tuple(self.bias.shape)}."
            )

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the scores of the spikes so far, shape (time, batch, class)."""
        weight = self.weight.to(outputs)
        added = [part @ weight[:, window].T for window, part in enumerate(self._parts(outputs))]
        return torch.cat(added).cumsum(0) + self.bias.to(outputs)

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the scores of the counts, shape (batch, class)."""
        counts = self.counts(outputs)
        weight = self.weight[:, : counts.shape[1]].to(outputs)
        return counts.flatten(1) @ weight.flatten(1).T + self.bias.to(outputs)

    def counts(self, outputs: Sequence) -> Tensor:
        """Return the spike counts, shape (batch, window, neuron), of the windows that have begun."""
        return torch.stack([part.sum(0) for part in self._parts(outputs)], dim=1)

    def _parts(self, outputs: Sequence) -> tuple[Tensor, ...]:
        """Cut the run into windows."""
        windows, neurons = self.weight.shape[1:]
        if outputs.shape[-1] != neurons:
            raise ValueError(f"WindowedReadout: has weights for {neurons} neurons; got {outputs.shape[-1]}.")
        if len(outputs) > windows * self.width:
            raise ValueError(
                f"WindowedReadout: has {windows} windows of {self.width} steps; got a run of {len(outputs)} steps."
            )
        return torch.split(outputs, self.width)
