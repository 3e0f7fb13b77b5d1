"""Cells: what makes two of them the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spikewright.compare import Cell, DataFacts, Method, Plan, _cell, plan_cells
from spikewright.data import DataShape
from spikewright.neurons import ArcTan, FastSigmoid

FACTS = DataFacts(
    "digits",
    DataShape((1, 8, 8), 1000, 10),
    tuple("0123456789"),
    (("train", "ab" * 32), ("validation", "cd" * 32)),
)
CELL = Cell(
    Method("spikewright.learners:SurrogateGradient", {"epochs": 3, "surrogate": ArcTan(slope=2.0), "dropout": 0.5}),
    FACTS,
    seed=7,
    budget=None,
)


def test_identity_is_what_it_was(monkeypatch):
    """A fixed cell has a fixed hash: another one would make every comparison begin anew."""
    monkeypatch.setattr(_cell, "version", lambda name: "0.1.0")
    assert CELL.identity == "8603ace7beed8d25840f48ad9c0179869dfe4811f261bec66828a6abbf9acb29"


def test_order_of_parameters_is_irrelevant():
    other = replace(CELL, method=Method(CELL.method.name, dict(reversed(list(CELL.method.parameters.items())))))
    assert other.identity == CELL.identity


@pytest.mark.parametrize(
    "other",
    [
        replace(CELL, seed=8),
        replace(CELL, budget=1.0),
        replace(CELL, method=replace(CELL.method, name="spikewright.learners:Twin")),
        replace(CELL, method=replace(CELL.method, parameters={**CELL.method.parameters, "epochs": 4})),
        replace(CELL, method=replace(CELL.method, parameters={**CELL.method.parameters, "epochs": 3.0})),
        replace(
            CELL, method=replace(CELL.method, parameters={**CELL.method.parameters, "surrogate": ArcTan(slope=2.5)})
        ),
        replace(
            CELL, method=replace(CELL.method, parameters={**CELL.method.parameters, "surrogate": FastSigmoid(2.0)})
        ),
        replace(CELL, data=replace(FACTS, name="other")),
        replace(CELL, data=replace(FACTS, digests=(("train", "ab" * 32), ("validation", "ef" * 32)))),
        replace(CELL, data=replace(FACTS, digests=(("train", "ef" * 32), ("validation", "cd" * 32)))),
    ],
)
def test_each_of_these_makes_another_cell(other):
    assert other.identity != CELL.identity


def test_another_version_makes_another_cell(monkeypatch):
    before = replace(CELL).identity
    monkeypatch.setattr(_cell, "version", lambda name: "99")
    assert replace(CELL).identity != before


def test_other_libraries_do_not(monkeypatch):
    """A comparison goes on after an update of torch."""
    monkeypatch.setattr("torch.__version__", "99")
    assert replace(CELL).identity == CELL.identity


def test_twins_are_planned_once(data):
    """Two methods with twins of one shape share the twin's cell, and a plan that names it has it as its own."""
    methods = ("SurrogateGradient:steps=2", "SurrogateGradient:steps=3", "Twin")
    plan = Plan((data,), tuple(map(Method.from_text, methods)), seeds=(0, 1))
    cells = plan_cells(plan)
    assert cells[0].twin in {planned.cell.identity for planned in cells}
    by_method = [(planned.method.split(":")[0], planned.asked_for, planned.cell.seed) for planned in cells]
    assert len({planned.cell.identity for planned in cells}) == len(cells)
    for seed in (0, 1):
        assert by_method.count(("SurrogateGradient", True, seed)) == 2
        assert by_method.count(("Twin", True, seed)) == 1
        assert by_method.count(("Twin", False, seed)) <= 1
    twins = {planned.twin for planned in cells if planned.method.startswith("Surrogate") and planned.cell.seed == 0}
    assert len(twins) == 1


def test_a_twin_that_is_asked_for_is_not_planned_again(data):
    """The twin of a method, asked for by its parameters, is one cell."""
    first = Plan((data,), (Method("SurrogateGradient"),), seeds=(0,))
    (twin,) = [planned for planned in plan_cells(first) if not planned.asked_for]
    both = replace(first, methods=(Method("SurrogateGradient"), Method.from_text(twin.method)))
    assert [(planned.cell.identity, planned.asked_for) for planned in plan_cells(both)] == [
        (planned.cell.identity, True) for planned in plan_cells(first)
    ]


def test_a_cell_makes_its_estimator():
    learner = CELL.learner()
    assert (learner.epochs, learner.surrogate, learner.dropout, learner.seed) == (3, ArcTan(slope=2.0), 0.5, 7)
