"""Reports: one self-contained page, or a table in the terminal, from records only."""

from spikewright.report._cost_tables import cost_tables
from spikewright.report._page import render
from spikewright.report._table import table
from spikewright.report._training_costs import fit_table, training_table

__all__ = ["cost_tables", "fit_table", "render", "table", "training_table"]
