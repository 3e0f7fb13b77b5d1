"""A network on a chip: which cores hold it, or all that does not fit."""

from spikewright.placing._demand import Demand, demands
from spikewright.placing._draw import draw
from spikewright.placing._misfit import Misfit, Misfits
from spikewright.placing._place import misfits, place, place_on
from spikewright.placing._placement import Placement, Share

__all__ = ["Demand", "Misfit", "Misfits", "Placement", "Share", "demands", "draw", "misfits", "place", "place_on"]
