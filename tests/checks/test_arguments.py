"""Argument checks: what passes, and what the errors say."""

import math

import numpy as np
import pytest
import torch

from spikewright import checks

# For every check: arguments that pass.
PASSES = {
    "check_positive": [("A.b", 1e-9), ("A.b", 3), ("A.b", torch.tensor([0.1, 2.0])), ("A.b", torch.tensor([]))],
    "check_finite": [("A.b", -1e300), ("A.b", 0), ("A.b", torch.tensor([[-1.0], [2.0]]))],
    "check_in_range": [("A.b", 0.0, 0, 1), ("A.b", 1, 0, 1), ("A.b", torch.tensor([0, 1]), 0, 1)],
    "check_count": [("A.b", 1), ("A.b", np.int32(7)), ("A.b", torch.tensor(3)), ("A.b", 0, 0)],
    "check_choice": [("A.b", "one", ("one", "two"))],
    "check_same_shape": [("A.b",)],
}

# For every check: the error, its whole message, and the arguments that raise it.
FAILS = [
    ("check_positive", ValueError, "A.b: must be > 0; got 0.", ("A.b", 0)),
    (
        "check_positive",
        ValueError,
        "A.b: must be > 0 seconds; got -0.02. Use IF.",
        ("A.b", -0.02, "seconds", "Use IF."),
    ),
    ("check_positive", ValueError, "A.b: must be > 0; got nan.", ("A.b", math.nan)),
    ("check_positive", ValueError, "A.b: must be > 0; got inf.", ("A.b", math.inf)),
    ("check_positive", ValueError, "A.b: must be > 0; got -1.5.", ("A.b", torch.tensor([-1.5]))),
    (
        "check_positive",
        ValueError,
        "A.b: must be > 0; got a tensor of (1, 3) from 0 to 2.",
        ("A.b", torch.tensor([[2.0, 0.0, 1.0]])),
    ),
    ("check_finite", ValueError, "A.b: must be finite; got -inf. Mend it.", ("A.b", -math.inf, "Mend it.")),
    ("check_finite", ValueError, "A.b: must be finite; got nan.", ("A.b", torch.tensor(math.nan))),
    (
        "check_finite",
        ValueError,
        "A.b: must be finite; got a tensor of (2,) from 1 to inf.",
        ("A.b", torch.tensor([1.0, math.inf])),
    ),
    ("check_in_range", ValueError, "A.b: must lie in [0, 1]; got 1.5.", ("A.b", 1.5, 0, 1)),
    ("check_in_range", ValueError, "A.b: must lie in [-2, 0.5]; got -3. Clip it.", ("A.b", -3, -2, 0.5, "Clip it.")),
    ("check_in_range", ValueError, "A.b: must lie in [0, 1]; got nan.", ("A.b", math.nan, 0, 1)),
    (
        "check_in_range",
        ValueError,
        "A.b: must lie in [0, 3]; got a tensor of (2,) from -1 to 3.",
        ("A.b", torch.tensor([3, -1]), 0, 3),
    ),
    ("check_count", ValueError, "A.b: must be >= 1; got 0.", ("A.b", 0)),
    ("check_count", ValueError, "A.b: must be >= 3; got 2. Add one.", ("A.b", 2, 3, "Add one.")),
    ("check_count", TypeError, "A.b: must be a whole number; got 2.0.", ("A.b", 2.0)),
    ("check_count", TypeError, "A.b: must be a whole number; got two.", ("A.b", "two")),
    ("check_choice", ValueError, "A.b: must be one of one, two; got 'three'.", ("A.b", "three", ("two", "one"))),
]


def test_every_check_is_covered():
    public = {name for name in checks.__all__ if name.startswith("check_")}
    assert public == set(PASSES)
    assert public == {name for name, *_ in FAILS} | {"check_same_shape"}


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, arguments) for name, passing in PASSES.items() for arguments in passing]
)
def test_what_holds_passes(name, arguments):
    getattr(checks, name)(*arguments)


@pytest.mark.parametrize(("name", "error", "message", "arguments"), FAILS)
def test_what_does_not_hold_raises(name, error, message, arguments):
    with pytest.raises(error) as raised:
        getattr(checks, name)(*arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize("value", [3, np.int64(3), torch.tensor(3)], ids=lambda value: type(value).__name__)
def test_count_is_returned_as_a_plain_number(value):
    count = checks.check_count("A.b", value)
    assert count == 3
    assert type(count) is int


def test_equal_shapes_pass():
    checks.check_same_shape("A.step", x=torch.zeros(2, 3), v=torch.ones(2, 3))


def test_unequal_shapes_raise():
    message = r"A\.step: shapes must be equal, .* got x \(2, 3\), v \(4, 3\)\. Start a new sequence with state=None\."
    with pytest.raises(ValueError, match=message):
        checks.check_same_shape("A.step", x=torch.zeros(2, 3), v=torch.zeros(4, 3))


@pytest.mark.parametrize("error", [checks.DataError, checks.ModelError])
def test_errors_for_users_are_value_errors_of_one_family(error):
    assert issubclass(error, checks.SpikewrightError)
    assert issubclass(checks.SpikewrightError, ValueError)
