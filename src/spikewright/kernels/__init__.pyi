from ._bernoulli_events import (
    bernoulli_events,
    bernoulli_events_reference,
    bernoulli_raster,
    bernoulli_raster_reference,
)
from ._bits import array_of
from ._crossing import Rates, densest
from ._event_chain import Chain, run_chain, run_chain_reference, run_levels, run_levels_reference
from ._event_current_if import event_current_if, event_current_if_reference
from ._event_fire import fire_reference, list_fired, list_fired_reference
from ._event_if import event_if, event_if_reference
from ._event_layout import CURRENT_IF_MODEL, IF_MODEL, LIF_MODEL
from ._event_levels import level_events, level_events_reference
from ._event_lif import event_lif, event_lif_reference
from ._event_packing import Population, Rows, pack_chain
from ._event_rows import add_dense_rows, add_dense_rows_reference, add_rows, add_rows_reference
from ._event_stream import (
    Leaky,
    deliver_rows,
    deliver_rows_reference,
    fire_crossed,
    fire_crossed_reference,
    resting,
    run_stream,
    run_stream_reference,
)
from ._feedback import Feedback, Matrix, Others
from ._first_spike import (
    first_spike_backward,
    first_spike_backward_reference,
    first_spike_forward,
    first_spike_forward_reference,
)
from ._integer_delivery import deliver_integers, deliver_integers_reference
from ._max_pool import max_pool, max_pool_backward, max_pool_backward_reference, max_pool_reference
from ._program import Builder, Kind, Node, Program, ancestors
from ._scan import (
    Operands,
    backward_step,
    inputs_are_added,
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
from ._sparse_product import (
    Events,
    add_event_rows,
    add_event_rows_reference,
    events_of,
    find_events,
    find_events_reference,
    spread_event_rows,
    spread_event_rows_reference,
    turned,
    turned_reference,
)
from ._stdp import Membrane, Plasticity, present, present_reference
from ._tempotron import Tempo, tempotron_pass, tempotron_pass_reference

__all__ = [
    "CURRENT_IF_MODEL",
    "IF_MODEL",
    "LIF_MODEL",
    "Builder",
    "Chain",
    "Events",
    "Feedback",
    "Kind",
    "Leaky",
    "Matrix",
    "Membrane",
    "Node",
    "Operands",
    "Others",
    "Plasticity",
    "Population",
    "Program",
    "Rates",
    "Rows",
    "Tempo",
    "add_dense_rows",
    "add_dense_rows_reference",
    "add_event_rows",
    "add_event_rows_reference",
    "add_rows",
    "add_rows_reference",
    "ancestors",
    "array_of",
    "backward_step",
    "bernoulli_events",
    "bernoulli_events_reference",
    "bernoulli_raster",
    "bernoulli_raster_reference",
    "deliver_integers",
    "deliver_integers_reference",
    "deliver_rows",
    "deliver_rows_reference",
    "densest",
    "event_current_if",
    "event_current_if_reference",
    "event_if",
    "event_if_reference",
    "event_lif",
    "event_lif_reference",
    "events_of",
    "find_events",
    "find_events_reference",
    "fire_crossed",
    "fire_crossed_reference",
    "fire_reference",
    "first_spike_backward",
    "first_spike_backward_reference",
    "first_spike_forward",
    "first_spike_forward_reference",
    "inputs_are_added",
    "level_events",
    "level_events_reference",
    "list_fired",
    "list_fired_reference",
    "max_pool",
    "max_pool_backward",
    "max_pool_backward_reference",
    "max_pool_reference",
    "pack_chain",
    "present",
    "present_reference",
    "resting",
    "run_chain",
    "run_chain_reference",
    "run_levels",
    "run_levels_reference",
    "run_stream",
    "run_stream_reference",
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
    "spread_event_rows",
    "spread_event_rows_reference",
    "tempotron_pass",
    "tempotron_pass_reference",
    "turned",
    "turned_reference",
]
