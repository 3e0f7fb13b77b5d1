"""BindsNET: its own model of Diehl and Cook, as in its MNIST examples, with steps of a millisecond.

Less than ours: fewer steps, pairs of spikes in place of triplets, currents in place of conductances, and input spikes
that are drawn before the clock starts. More than ours: a layer of inhibitory neurons.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from bindsnet.models import DiehlAndCook2015
from numpy.typing import NDArray

from benchmarks._case import Job

DISTRIBUTIONS = ("bindsnet", "torch")
SIDE = 28


def stdp(parameters: dict[str, Any], inputs: dict[str, NDArray[np.float32]]) -> Job:
    """Show batches of samples, each of as many input spikes as elsewhere."""
    torch.manual_seed(0)
    steps, batch = parameters["theirs"], parameters["batch"]
    net = DiehlAndCook2015(
        SIDE * SIDE,
        n_neurons=parameters["neurons"],
        batch_size=batch,
        dt=1.0,
        norm=78.4,
        nu=(1e-4, 1e-2),
        theta_plus=0.05,
        inpt_shape=(1, SIDE, SIDE),
    )
    spikes_a_pixel = parameters["max_rate"] * parameters["dt"] * parameters["steps"]
    probability = torch.from_numpy(inputs["images"]) * (spikes_a_pixel / steps)
    rasters = torch.bernoulli(probability.expand(steps, *probability.shape)).byte()
    batches = rasters.view(steps, -1, 1, SIDE, SIDE).split(batch, dim=1)

    def run() -> None:
        for raster in batches:
            net.run(inputs={"X": raster}, time=steps)
            net.reset_state_variables()

    return Job(run, None)
