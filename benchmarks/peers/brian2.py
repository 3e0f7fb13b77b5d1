"""Brian 2: its C++ standalone code, built once; each run is the program.

Less than ours: weights are not normalised, and there is no rest between samples. As ours, neurons inhibit each other
directly. Traces belong to neurons, because one for each synapse would cost it several times as much.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from benchmarks._case import Job

DISTRIBUTIONS = ("Brian2", "Cython")

INPUTS = """
dx/dt = -x / (20 * ms) : 1
"""
NEURONS = """
dv/dt = ((-65 - v) - ge * v + gi * (-100 - v)) / (100 * ms) : 1 (unless refractory)
dge/dt = -ge / (1 * ms) : 1
dgi/dt = -gi / (2 * ms) : 1
dy1/dt = -y1 / (20 * ms) : 1
dy2/dt = -y2 / (40 * ms) : 1
dtheta/dt = -theta / (1e7 * ms) : 1
"""
FORGET = "v = -65; ge = 0; gi = 0; y1 = 0; y2 = 0"


def stdp(parameters: dict[str, Any], inputs: dict[str, NDArray[np.float32]]) -> Job:
    """Show all samples one after another."""
    directory = tempfile.TemporaryDirectory(prefix="brian2-")
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.prefs.core.default_float_dtype = np.float32
    threads = int(os.environ["OMP_NUM_THREADS"])
    b2.prefs.devices.cpp_standalone.openmp_threads = 0 if threads == 1 else threads
    b2.defaultclock.dt = parameters["dt"] * b2.second
    _network(parameters, inputs["images"])
    b2.device.build(directory=directory.name, compile=True, run=False)

    def run() -> None:
        # The directory lives as long as the work that needs it.
        b2.device.run(directory=directory.name, results_directory="results", with_output=False)

    return Job(run, None)


def _network(parameters: dict[str, Any], images: NDArray[np.float32]) -> None:
    """Build the network and say how long it runs."""
    neurons = parameters["neurons"]
    duration = parameters["steps"] * parameters["dt"] * b2.second
    rates = b2.TimedArray(images * parameters["max_rate"] * b2.Hz, dt=duration)
    source = b2.NeuronGroup(
        images.shape[1], INPUTS, threshold="rand() < rates(t, i) * dt", reset="x = 1", namespace={"rates": rates}
    )
    layer = b2.NeuronGroup(
        neurons,
        NEURONS,
        threshold="v > theta - 72",
        reset="v = -65; theta += 0.05; y1 = 1; y2 = 1",
        refractory=5 * b2.ms,
        method="exponential_euler",
    )
    layer.v, layer.theta = -65, 20
    learned = b2.Synapses(
        source,
        layer,
        "w : 1",
        on_pre="ge_post += w; w = clip(w - 1e-4 * y1_post, 0, 1)",
        on_post="w = clip(w + 1e-2 * x_pre * y2_post, 0, 1)",
    )
    learned.connect()
    learned.w = "0.2 * rand()"
    lateral = b2.Synapses(layer, layer, on_pre="gi_post += 17")
    lateral.connect(condition="i != j")
    source.run_regularly("x = 0", dt=duration)
    layer.run_regularly(FORGET, dt=duration)
    network = b2.Network(source, layer, learned, lateral)
    network.run(len(images) * duration, namespace={})
