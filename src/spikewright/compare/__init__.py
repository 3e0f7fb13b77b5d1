"""Compare methods: a plan, its cells, their records."""

from spikewright.compare._cell import Cell, DataFacts, Planned, plan_cells
from spikewright.compare._claim import Running
from spikewright.compare._evaluate import Evaluation, evaluate, evaluate_file
from spikewright.compare._fit import train
from spikewright.compare._method import Method, methods, split_methods
from spikewright.compare._plan import Plan
from spikewright.compare._record import Record, SampleView
from spikewright.compare._run_plan import Status, records, run_plan, status
from spikewright.compare._statistics import Mean, Summary, summarise

__all__ = [
    "Cell",
    "DataFacts",
    "Evaluation",
    "Mean",
    "Method",
    "Plan",
    "Planned",
    "Record",
    "Running",
    "SampleView",
    "Status",
    "Summary",
    "evaluate",
    "evaluate_file",
    "methods",
    "plan_cells",
    "records",
    "run_plan",
    "split_methods",
    "status",
    "summarise",
    "train",
]
