"""Every example runs as a user would run it, and says what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SAYS = {
    "compare_in_python.py": ["SurrogateGradient", "RateConversion", "a page of"],
    "network_by_hand.py": ["Reference: ", "Batch: ", "EventDriven: ", "same spikes: True"],
    "own_method.py": ["Perceptron: 0.9", "Twin: 0.9"],
    "place_on_chips.py": ["accuracy 0.9", "loihi-1: 1 of 128 cores, 4440 synapses", "arithmetic of Loihi 0.9"],
    "train_and_look.py": ["accuracy 0.9", "after step 8: 0.9"],
    "what_it_costs.py": ["RateConversion: accuracy 0.9", "nJ under horowitz-45nm-fp32"],
}


def test_every_example_is_tested():
    """No example stands beside the tests."""
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_example(name, tmp_path):
    """It ends well and prints what it should."""
    command = [sys.executable, str(EXAMPLES / name)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stderr
    for words in SAYS[name]:
        assert words in result.stdout, result.stdout
    assert "same spikes: False" not in result.stdout
