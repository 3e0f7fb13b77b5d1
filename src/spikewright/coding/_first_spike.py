"""First spike: the neuron that fired first wins."""

from __future__ import annotations

from dataclasses import dataclass

from spikewright.checks import ScoresOverTime, Sequence
from spikewright.coding._readout import Readout


@dataclass(frozen=True)
class FirstSpike(Readout):
    r"""One output neuron a class; the score is the number of steps since its first spike, that step included.

    .. math:: y_t = \sum_{t' \le t} \Big( 1 - \prod_{t'' \le t'} (1 - s_{t''}) \Big)

    A neuron that has not fired scores 0. Neurons that first fired in the same step score the same, and the lowest index
    decides. The score is linear in each spike :math:`s_t`, so its derivative is exactly what one spike more or less
    would change: a spike before the first one gains its lead, and one after it gains nothing.

    References
    ----------
    Thorpe, Delorme, Van Rullen, Spike-based strategies for rapid processing, Neural Networks 14, 2001.
    """

    def over_time(self, outputs: Sequence) -> ScoresOverTime:
        """Return the steps since the first spike, shape (time, batch, class), for spikes that are 0 or 1."""
        return (1 - (1 - outputs).cumprod(0)).cumsum(0)
