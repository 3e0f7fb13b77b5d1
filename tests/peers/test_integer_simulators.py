"""The integer neurons beside simulators of the chips, on numbers drawn anew."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.integer_traces import draw_loihi, draw_speck, draw_xylo, run_loihi, run_speck, run_xylo

pytestmark = pytest.mark.peers
PROGRAMS = Path(__file__).parents[2] / "benchmarks" / "simulators"


@pytest.fixture
def simulated(python):
    """Return a function that gives the states of a simulator."""

    def states(name, specification, environment=None):
        command = [str(python(environment or name)), str(PROGRAMS / f"{name}_states.py")]
        done = subprocess.run(
            command, input=json.dumps(specification), capture_output=True, text=True, check=True, env={}
        )
        return json.loads(done.stdout)

    return states


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("shift", "rate", "recurrent"), [(0, 0.3, 5), (3, 2.0, 40), (7, 6.0, 127)])
def test_xylo(simulated, seed, shift, rate, recurrent):
    specification = draw_xylo(seed, shift=shift, rate=rate, recurrent=recurrent)
    assert run_xylo(specification) == simulated("xylosim", specification)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [50, 1000, 20000])
def test_loihi(simulated, seed, size):
    specification = draw_loihi(seed, size=size)
    assert run_loihi(specification) == simulated("lava", specification)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("rate", "threshold", "low"), [(0.3, 1.6, -2.0), (2.0, 0.4, -1.0), (1.0, 40.0, -70.0)])
def test_speck(simulated, seed, rate, threshold, low):
    specification = draw_speck(seed, rate=rate, threshold=threshold, low=low)
    assert run_speck(specification) == simulated("sinabs", specification, environment="torch")
