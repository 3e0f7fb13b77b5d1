"""How the event-driven kernels lay out the neurons of a network: addresses, and what is known of each neuron.

Neurons have one address each: the inputs first, then layer after layer. A layer begins and ends at a multiple of
:data:`LANES`, and so is filled up with neurons that never fire, whose threshold is infinite; so every pass is made of
whole vectors.

Kernels take whole arrays and the addresses at which a layer begins and ends, and no slices of them, because Numba
counts the references of every slice; and they count addresses in unsigned integers, which unlike signed ones are never
read from the end of an array, so that loops over them are vectorised.
"""

from __future__ import annotations

LANES = 64
"""Layers begin and end at multiples of this address."""

BEGIN, END, MODEL, SUBTRACT, SOURCE, PLACE, WIDTH = range(7)
"""What the columns of ``layers`` hold: the first address, the last one plus one, the model, whether a spike subtracts
the threshold; the address of the first source, the place of its first weight, and how many weights each source has if
all have as many, whole rows, for the same targets from ``BEGIN`` on, and otherwise 0."""

ROW = 16
"""Rows of dense connections are filled up to a multiple of this length, so that they are made of whole vectors."""

IF_MODEL, LIF_MODEL, CURRENT_IF_MODEL = range(3)
"""What ``MODEL`` may be."""

BIAS, SCALE, START, THRESHOLD, RESET, KEPT, OTHER = range(7)
"""What the rows of ``numbers`` hold of each neuron: the charge of every step, the factor of its sum of weights, the
potential at the start, the threshold, the value after a spike, what is left of its state after a step, and one more
number of its model."""
