from ._first_spike import (
    first_spike_backward,
    first_spike_backward_reference,
    first_spike_forward,
    first_spike_forward_reference,
)
from ._program import Builder, Kind, Node, Program
from ._scan import (
    Operands,
    saved_kinds,
    scan_backward,
    scan_backward_reference,
    scan_forward,
    scan_forward_reference,
)
from ._scatter import (
    scatter_conv_events,
    scatter_conv_events_reference,
    scatter_delayed_events,
    scatter_delayed_events_reference,
    scatter_events,
    scatter_events_reference,
)
from ._siegert import siegert, siegert_reference
from ._stdp import Membrane, Plasticity, present, present_reference
from ._tempotron import Tempo, tempotron_pass, tempotron_pass_reference

__all__ = [
    "Builder",
    "Kind",
    "Membrane",
    "Node",
    "Operands",
    "Plasticity",
    "Program",
    "Tempo",
    "first_spike_backward",
    "first_spike_backward_reference",
    "first_spike_forward",
    "first_spike_forward_reference",
    "present",
    "present_reference",
    "saved_kinds",
    "scan_backward",
    "scan_backward_reference",
    "scan_forward",
    "scan_forward_reference",
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
