"""What every readout is: the last layer's output in, scores after every step out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from spikewright.checks import Scores, ScoresOverTime, Sequence


class Readout(ABC):
    """Turns the output of the last layer into one score a class, for every length of the run up to the whole."""

    @abstractmethod
    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the scores after each step.

        Parameters
        ----------
        outputs : Tensor, shape (time, batch, neuron)
            Spikes, or the potentials of a unit that does not fire.

        Returns
        -------
        Tensor, shape (time, batch, class)
            Row ``t`` depends on the steps up to ``t`` only.
        """

    def __call__(self, outputs: Sequence) -> Scores:
        """Return the scores at the end, shape (batch, class)."""
        return self.over_time(outputs)[-1]
