"""Compare methods: a plan, its cells, their records."""

from spikewright.compare._cell import Cell, DataFacts, Planned, plan_cells
from spikewright.compare._chips import PlacedFile, QuantisedFile, QuantisedLayer, place_file, quantise_file
from spikewright.compare._claim import Running
from spikewright.compare._convert import ConvertedFile, convert_file
from spikewright.compare._costing import Costing, cost_file
from spikewright.compare._evaluate import Evaluation, evaluate, evaluate_file
from spikewright.compare._fit import train
from spikewright.compare._method import Method, methods, split_methods
from spikewright.compare._plan import Plan
from spikewright.compare._record import Record, SampleView
from spikewright.compare._run_plan import Status, records, run_plan, status
from spikewright.compare._statistics import Mean, Summary, summarise
from spikewright.compare._verdict import ChipVerdict

__all__ = [
    "Cell",
    "ChipVerdict",
    "ConvertedFile",
    "Costing",
    "DataFacts",
    "Evaluation",
    "Mean",
    "Method",
    "PlacedFile",
    "Plan",
    "Planned",
    "QuantisedFile",
    "QuantisedLayer",
    "Record",
    "Running",
    "SampleView",
    "Status",
    "Summary",
    "convert_file",
    "cost_file",
    "evaluate",
    "evaluate_file",
    "methods",
    "place_file",
    "plan_cells",
    "quantise_file",
    "records",
    "run_plan",
    "split_methods",
    "status",
    "summarise",
    "train",
]
