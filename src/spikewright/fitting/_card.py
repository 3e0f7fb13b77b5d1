"""The card of a method: what it is, where it comes from and what its rule needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What a reader must know to choose a method; its page in the docs and in the report is made from it.

    Parameters
    ----------
    title : str
        The method's name in the literature.
    family : str
        Family of the review: one of "artificial network", "surrogate gradient", "spike-time gradient", "conversion",
        "plasticity", "spike-time rule", "deep belief network", "reservoir".
    summary : str
        One or two sentences: how it learns.
    equation : str
        The rule, in LaTeX without delimiters.
    paper : str
        Authors, title, where, as in a list of references.
    year : int
        Of the paper.
    neuron, code : str
        The neuron model and the input code that it assumes.
    labels, gradients, symmetric_weights, whole_sequence : bool
        Whether the rule needs labels, gradients of the network, the forward weights on the way back, and the memory of
        the whole sequence.
    local : bool
        Whether an update uses only what a synapse and its two neurons hold.
    differences : str
        Where this implementation departs from the paper, and why; empty if nowhere.
    """

    title: str
    family: str
    summary: str
    equation: str
    paper: str
    year: int
    neuron: str
    code: str
    labels: bool
    gradients: bool
    symmetric_weights: bool
    whole_sequence: bool
    local: bool
    differences: str = ""
