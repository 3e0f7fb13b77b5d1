"""The integer neurons beside simulators of the chips, on numbers drawn anew; skipped without their environments."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.integer_traces import draw_loihi, draw_xylo, run_loihi, run_xylo

from benchmarks._peer import ENVIRONMENTS

PROGRAMS = Path(__file__).parents[2] / "benchmarks" / "simulators"


def simulated(name, specification):
    """Return the states of a simulator."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"needs .bench/{name}: python -m benchmarks.make_environments {name}")
    command = [str(python), str(PROGRAMS / f"{name}_states.py")]
    done = subprocess.run(command, input=json.dumps(specification), capture_output=True, text=True, check=True, env={})
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("shift", "rate", "recurrent"), [(0, 0.3, 5), (3, 2.0, 40), (7, 6.0, 127)])
def test_xylo(seed, shift, rate, recurrent):
    specification = draw_xylo(seed, shift=shift, rate=rate, recurrent=recurrent)
    assert run_xylo(specification) == simulated("xylosim", specification)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [50, 1000, 20000])
def test_loihi(seed, size):
    specification = draw_loihi(seed, size=size)
    assert run_loihi(specification) == simulated("lava", specification)
