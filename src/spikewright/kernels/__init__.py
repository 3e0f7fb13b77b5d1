"""Compiled loops, each beside its readable reference, which is its specification."""

from spikewright.kernels._bernoulli_events import bernoulli_events, bernoulli_events_reference
from spikewright.kernels._first_spike import (
    first_spike_backward,
    first_spike_backward_reference,
    first_spike_forward,
    first_spike_forward_reference,
)
from spikewright.kernels._lif import lif_backward, lif_backward_reference, lif_forward, lif_forward_reference
from spikewright.kernels._scatter import (
    scatter_conv_events,
    scatter_conv_events_reference,
    scatter_delayed_events,
    scatter_delayed_events_reference,
    scatter_events,
    scatter_events_reference,
)
from spikewright.kernels._siegert import siegert, siegert_reference
from spikewright.kernels._stdp import Membrane, Plasticity, present, present_reference
from spikewright.kernels._tempotron import Tempo, tempotron_pass, tempotron_pass_reference

__all__ = [
    "Membrane",
    "Plasticity",
    "Tempo",
    "bernoulli_events",
    "bernoulli_events_reference",
    "first_spike_backward",
    "first_spike_backward_reference",
    "first_spike_forward",
    "first_spike_forward_reference",
    "lif_backward",
    "lif_backward_reference",
    "lif_forward",
    "lif_forward_reference",
    "present",
    "present_reference",
    "scatter_conv_events",
    "scatter_conv_events_reference",
    "scatter_delayed_events",
    "scatter_delayed_events_reference",
    "scatter_events",
    "scatter_events_reference",
    "siegert",
    "siegert_reference",
    "tempotron_pass",
    "tempotron_pass_reference",
]
