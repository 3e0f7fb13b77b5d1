"""A quick start: what is loaded before it is needed. In processes of their own, because modules stay loaded."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import spikewright as sw

FRAMEWORKS = {"numba", "scipy", "sklearn", "torch"}
OTHER_ROOMS = {"altair", "jinja2", "joblib", "latex2mathml", "nir", "pandas", "PIL", "pooch", "sklearn", "vl_convert"}
HELP = [
    "--help",
    "--version",
    "compare --help",
    "train --help",
    "evaluate --help",
    "methods --help",
    "records --help",
    "report --help",
    "data --help",
    "data list --help",
    "data fetch --help",
    "data verify --help",
]
WRONG = ["compare", "compare --out here --nothing", "train --seed many", "nothing", "data nothing"]
NETWORK = """
import torch
from torch import nn

import spikewright as sw

net = sw.Network(
    sw.coding.Latency(steps=5),
    sw.Layer(nn.Linear(4, 3), sw.LIF(tau_mem=0.02)),
    sw.Layer(nn.Linear(3, 2), sw.LIF(tau_mem=0.02)),
    sw.coding.FirstSpike(),
    dt=1e-3,
)
"""


def loaded(code: str) -> set[str]:
    """Return the top-level names of all modules that a process has loaded after it ran ``code``."""
    told = "\nimport sys\nprint('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": str(Path(sw.__file__).parents[1]), "EAGER_IMPORT": ""}
    command = [sys.executable, "-c", code + told]
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert process.returncode == 0, process.stderr
    return set(process.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(("code", "lines"), [(0, HELP), (2, WRONG)], ids=["help", "wrong use"])
def test_commands_that_do_nothing_load_nothing(code, lines):
    """Help, the version and a usage error come without any framework."""
    run = f"""
from spikewright.cli._app import run

for line in {lines}:
    assert run(line.split()) == {code}, line
"""
    assert not loaded(run) & FRAMEWORKS


def test_the_command_loads_nothing():
    """Neither do the ways into the command, the script and ``python -m spikewright``."""
    script = "from spikewright.cli import main"
    module = "import runpy; runpy.run_module('spikewright', run_name='imported')"
    assert not (loaded(script) | loaded(module)) & FRAMEWORKS


def test_import_loads_nothing():
    assert not loaded("import spikewright as sw; dir(sw)") & FRAMEWORKS


def test_a_network_is_built_without_kernels_and_other_rooms():
    found = loaded(f"{NETWORK}sw.engines, sw.cost")
    assert "torch" in found
    assert not found & (OTHER_ROOMS | {"numba"})


@pytest.mark.parametrize("engine", ["Batch", "EventDriven"])
def test_a_network_runs_without_other_rooms(engine):
    """The kernels come with their first use, and nothing else."""
    found = loaded(f"{NETWORK}sw.run(net, torch.rand(2, 4), engine=sw.engines.{engine}())")
    assert "numba" in found
    assert not found & OTHER_ROOMS


def test_names_can_be_found():
    """Tab completion asks ``dir``; ``import *`` brings all that is listed."""
    names: dict[str, object] = {}
    exec("from spikewright import *", names)
    assert set(dir(sw)) == set(sw.__all__) == set(names) - {"__builtins__"}
    assert names["LIF"] is sw.neurons.LIF
    with pytest.raises(AttributeError, match="No spikewright attribute Nothing"):
        sw.Nothing  # noqa: B018


def test_a_learner_is_unpickled_where_nothing_is_loaded(tmp_path):
    """As in a worker process."""
    path = tmp_path / "learner.pickle"
    path.write_bytes(pickle.dumps(sw.learners.Twin(epochs=3)))
    code = f"import pathlib, pickle; assert pickle.loads(pathlib.Path({str(path)!r}).read_bytes()).epochs == 3"
    assert "spikewright" in loaded(code)
