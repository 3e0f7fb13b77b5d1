"""A connection in use: what came through it in one inference."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spikewright.cost._form import Form


@dataclass(frozen=True)
class Pathway:
    """One connection of a layer and what came through it in an inference, the mean over the samples of a run.

    Parameters
    ----------
    form : Form
        What the connection is.
    spiking : bool
        Whether spikes arrive, each of which adds weights; analog values are multiplied by them.
    recurrent : bool
        Whether it leads from the layer back to itself.
    times : int
        How often a machine that does not look for zeros computes it: in every step, or once where values are constant.
    events : float
        Spikes that arrived, or analog values that were not 0.
    effective : float
        Operations in which neither what arrives nor the weight is 0: accumulates of spikes, else multiply-accumulates.
    """

    form: Form
    spiking: bool
    recurrent: bool
    times: int
    events: float
    effective: float

    @property
    def dense(self) -> float:
        """Operations of a machine that does not look for zeros, neither of inputs nor of weights."""
        return float(self.form.synapses * self.times)

    def scaled(self, factor: float) -> Pathway:
        """Return what comes through with ``factor`` times as many spikes; analog values stay."""
        if not self.spiking:
            return self
        return replace(self, events=factor * self.events, effective=factor * self.effective)
