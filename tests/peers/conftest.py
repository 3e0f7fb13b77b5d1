"""Other people's code, each in an environment of its own: ``make test-peers`` makes those and runs these tests."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from benchmarks._peer import ENVIRONMENTS
from spikewright.network import Layer, Network

# They import what only the peers' environments have.
collect_ignore = ["_rebuild.py", "neurobench_counts.py", "sinabs_counts.py"]

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def python():
    """Return a function that gives the interpreter of an environment."""

    def found(name: str) -> Path:
        path = ENVIRONMENTS / name / "bin" / "python"
        if not path.exists():
            pytest.fail(f"there is no {path}; make test-peers makes it")
        return path

    return found


def described(net: Network, raster: Tensor) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the layers of a chain, and its arrays with the raster that it received, (time, sample, neuron...)."""
    parts: list[dict[str, Any]] = []
    arrays = {"raster": raster.float().numpy()}
    for name, layer, _ in net.sources():
        if layer.connection is not None:
            parts.append(_connection(layer.connection, name, arrays))
        if layer.recurrent is not None:
            arrays["back"] = layer.recurrent.weight.detach().float().numpy()
            parts.append({"kind": "Linear", "recurrent": True})
        if layer.neuron is not None:
            parts.append(_neuron(layer, net.dt))
    return parts, arrays


def _connection(connection: nn.Module, name: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    kind = type(connection).__name__
    names = {
        "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
        "Linear": ("in_features", "out_features"),
        "MaxPool2d": ("kernel_size",),
        "SumPool2d": ("kernel_size",),
    }.get(kind, ())
    part = {"kind": kind, **{entry: getattr(connection, entry) for entry in names}}
    if kind in ("Conv2d", "Linear"):
        assert connection.bias is None, "peers are given networks without biases"
        arrays[name] = connection.weight.detach().float().numpy()
        part |= {"bias": False, "weight": name}
    return part


def _neuron(layer: Layer, dt: float) -> dict[str, Any]:
    if not layer.neuron.spiking:
        return {"kind": "ReLU"}
    return {"kind": "neuron", "tau_mem": layer.neuron.tau_mem, "v_threshold": layer.neuron.v_threshold, "dt": dt}


@pytest.fixture
def ask(tmp_path, python):
    """Return a function that lets a script of a peer count a network on a raster, and returns what it printed."""

    def asked(script: str, net: Network, raster: Tensor) -> dict[str, Any]:
        parts, arrays = described(net, raster)
        layers, values = tmp_path / "layers.json", tmp_path / "arrays.npz"
        layers.write_text(json.dumps(parts))
        np.savez(values, **arrays)
        alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [python("torch"), HERE / script, layers, values],
            env={**alone, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return asked
