"""Names of tensor shapes. All tensors are time-major; ``*neuron`` stands for one or more axes, as of an image."""

from jaxtyping import Float
from torch import Tensor

Step = Float[Tensor, "batch *neuron"]
"""One time step of a layer."""

Sequence = Float[Tensor, "time batch *neuron"]
"""All time steps of a layer: charges, currents, or spikes (0 or 1)."""

Raster = Float[Tensor, "time batch *neuron"]
"""All time steps of what an encoder gives: spikes (0 or 1), counts, or analog values."""

Scores = Float[Tensor, "batch class"]
"""One score a class; the largest decides."""

ScoresOverTime = Float[Tensor, "time batch class"]
"""The scores that a readout would give were the run to end after each step."""
