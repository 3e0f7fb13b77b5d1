"""Plans: from TOML, through a dict and back."""

from __future__ import annotations

import json

import pytest

from spikewright.checks import SpikewrightError
from spikewright.compare import Method, Plan
from spikewright.neurons import Boxcar

TOML = """
data = ["digits", "fsdd"]
methods = ["Twin:epochs=3", {name = "SurrogateGradient", parameters = {steps = 4}}]
seeds = [5, 7]
budget = 60
root = "/srv/data"
"""


def test_from_toml(tmp_path):
    (tmp_path / "plan.toml").write_text(TOML)
    assert Plan.from_toml(tmp_path / "plan.toml") == Plan(
        data=("digits", "fsdd"),
        methods=(Method("Twin", {"epochs": "3"}), Method("SurrogateGradient", {"steps": 4})),
        seeds=(5, 7),
        budget=60,
        root="/srv/data",
    )


@pytest.mark.parametrize(
    "plan",
    [
        Plan(("digits",), (Method("Twin"),)),
        Plan(("a", "b"), (Method("SurrogateGradient", {"surrogate": Boxcar(width=0.5)}),), (0, 3), 1.5, "data"),
    ],
)
def test_round_trip(plan):
    """Through JSON and back."""
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_a_number_of_seeds():
    assert Plan.from_dict({"data": ["digits"], "methods": ["Twin"], "seeds": 2}).seeds == (0, 1)
    assert Plan.from_dict({"data": ["digits"], "methods": ["Twin"]}).seeds == (0, 1, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": []}, "Plan.data: must name at least one"),
        ({"methods": []}, "Plan.methods: must name at least one"),
        ({"seeds": []}, "Plan.seeds: must name at least one"),
        ({"data": "digits"}, "Plan.data: must be a list; got 'digits'"),
        ({"data": ["digits", "digits"]}, "Plan.data: must differ; got 'digits' twice"),
        ({"methods": ["Twin", "Twin"]}, "Plan.methods: must differ; got 'Twin' twice"),
        ({"seeds": [1, 1]}, "Plan.seeds: must differ; got 1 twice"),
        ({"seeds": [-1]}, "Plan.seeds: must be >= 0"),
        ({"seeds": "x"}, "Plan.seeds: must be a list, or a whole number from 1 to 10000; got 'x'"),
        ({"seeds": 0}, "Plan.seeds: must be a list, or a whole number from 1 to 10000; got 0"),
        ({"seeds": 10**12}, "Plan.seeds: must be a list, or a whole number from 1 to 10000; got 1000000000000"),
        ({"seeds": ["x"]}, "Plan.seeds: must be a whole number; got x"),
        ({"budget": 0}, "Plan.budget: must be > 0 seconds; got 0. For no limit leave it out"),
        ({"speed": 3}, "Plan: has no 'speed'; it may have data, methods, seeds, budget, root"),
    ],
)
def test_wrong_plans(changes, message):
    with pytest.raises(SpikewrightError, match=message):
        Plan.from_dict({"data": ["digits"], "methods": ["Twin"], **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data = [", "plan.toml: not a readable plan"),
        ('data = ["digits"]', "plan.toml: Plan.methods: must be a list; got None"),
        (TOML + "speed = 1", "plan.toml: Plan: has no 'speed'"),
        (TOML.replace("[5, 7]", '"x"'), "plan.toml: Plan.seeds: must be a list"),
    ],
)
def test_wrong_files(tmp_path, text, message):
    """One line that names the file."""
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(SpikewrightError, match=message) as caught:
        Plan.from_toml(tmp_path / "plan.toml")
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(SpikewrightError, match=r"none.toml: not a readable plan .* Name a TOML file"):
        Plan.from_toml(tmp_path / "none.toml")


def test_binary_file(tmp_path):
    (tmp_path / "plan.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpikewrightError, match="not a readable plan"):
        Plan.from_toml(tmp_path / "plan.toml")
