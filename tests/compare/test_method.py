"""Methods as text, as tables, and as estimators."""

from __future__ import annotations

import pytest

from spikewright import learners
from spikewright.checks import SpikewrightError
from spikewright.compare import Method, methods, split_methods
from spikewright.data import DataShape
from spikewright.neurons import FastSigmoid

SHAPE = DataShape(sample=(1, 8, 8), count=1000, classes=10)


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("Twin", "Twin", {}),
        (" Twin ", "Twin", {}),
        ("Twin:epochs=10,architecture=32C5-P2", "Twin", {"epochs": "10", "architecture": "32C5-P2"}),
        ("a.b:C", "a.b:C", {}),
        ("a.b:C:epochs=1", "a.b:C", {"epochs": "1"}),
        ("Twin:architecture=", "Twin", {"architecture": ""}),
    ],
)
def test_from_text(text, name, parameters):
    assert Method.from_text(text) == Method(name, parameters)


@pytest.mark.parametrize("text", ["", "Twin:", "3", "a b", "Twin:epochs=1,dropout", "../x:Y"])
def test_no_method(text):
    with pytest.raises(SpikewrightError, match=r"write (NAME|parameter=value)"):
        Method.from_text(text)


def test_a_list_of_methods():
    """A part that is only parameter=value belongs to the method before it."""
    assert split_methods("Twin,SurrogateGradient:epochs=10,steps=4,a.b:C:x=1,DiehlCook") == (
        Method("Twin"),
        Method("SurrogateGradient", {"epochs": "10", "steps": "4"}),
        Method("a.b:C", {"x": "1"}),
        Method("DiehlCook"),
    )


def test_text_is_the_inverse():
    text = "SurrogateGradient:architecture=32C5-P2,epochs=10"
    assert Method.from_text(text).text == text


def test_values_are_read_as_what_the_parameter_is():
    given = {"architecture": "100", "epochs": "7", "learning_rate": "1", "bias": "false"}
    found = Method("Twin", given).learner(SHAPE, seed=4).get_params(deep=False)
    assert {name: found[name] for name in given} == {
        "architecture": "100",
        "epochs": 7,
        "learning_rate": 1.0,
        "bias": False,
    }
    assert type(found["learning_rate"]) is float
    assert found["seed"] == 4


def test_what_is_not_given_is_chosen_for_the_data():
    found = Method("Twin", {"epochs": 3}).learner(SHAPE, seed=0).get_params(deep=False)
    chosen = learners.Twin.for_data(SHAPE).get_params(deep=False)
    assert found == {**chosen, "epochs": 3}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": "many"}, "Twin.epochs: must be a whole number; got 'many'"),
        ({"epochs": "1.5"}, "Twin.epochs: must be a whole number; got 1.5"),
        ({"epochs": True}, "Twin.epochs: must be a whole number; got True"),
        ({"bias": "1"}, "Twin.bias: must be true or false; got 1"),
        ({"learning_rate": "fast"}, "Twin.learning_rate: must be a number; got 'fast'"),
        ({"layers": 3}, "Twin: has no parameter 'layers'; there are architecture, batch_norm, batch_size"),
    ],
)
def test_wrong_values(parameters, message):
    with pytest.raises(SpikewrightError, match=message):
        Method("Twin", parameters).learner(SHAPE, seed=0)


def test_an_object_needs_more_than_words():
    with pytest.raises(
        SpikewrightError, match="surrogate: must be a ArcTan, which only a plan file or Python can give"
    ):
        Method("SurrogateGradient", {"surrogate": "FastSigmoid"}).learner(SHAPE, seed=0)


def test_objects_in_tables():
    """A surrogate survives the way through a dict of plain values."""
    method = Method("SurrogateGradient", {"surrogate": FastSigmoid(slope=25.0), "epochs": 2})
    assert Method.from_dict(method.to_dict()) == method
    assert method.to_dict()["parameters"]["surrogate"] == {"class": "FastSigmoid", "fields": {"slope": 25.0}}
    assert method.learner(SHAPE, seed=0).surrogate == FastSigmoid(slope=25.0)


def test_seed_belongs_to_the_plan():
    with pytest.raises(SpikewrightError, match="seeds belong to the plan; leave out seed=3"):
        Method("Twin", {"seed": 3})


@pytest.mark.parametrize(
    "name", ["Nothing", "Learner", "Card", "spikewright.neurons:LIF", "pathlib:Path", "json:nothing"]
)
def test_unknown_methods(name):
    with pytest.raises(SpikewrightError, match=r"no such method. There are .*SurrogateGradient.*Twin; or name package"):
        Method(name).learner_class()


def test_unknown_module():
    with pytest.raises(
        SpikewrightError, match=r"no_such_package.module: cannot be imported .* Check the path and PYTHONPATH"
    ):
        Method("no_such_package.module:Class").learner_class()


def test_import_path():
    assert Method("spikewright.learners:Twin").learner_class() is learners.Twin


def test_all_methods():
    names = [cls.__name__ for cls in methods()]
    assert {"Twin", "SurrogateGradient"} <= set(names)
    assert names == sorted(names)
    assert "Learner" not in names


@pytest.mark.parametrize("values", [3, {"parameters": {}}, {"name": "Twin", "epochs": 3}])
def test_wrong_tables(values):
    with pytest.raises(SpikewrightError, match="methods: each must have a name"):
        Method.from_dict(values)


def test_wrong_parameters_in_a_table():
    with pytest.raises(SpikewrightError, match="Twin: parameters must be a table"):
        Method.from_dict({"name": "Twin", "parameters": [1]})
