"""Run Lava's model that is bit-accurate with Loihi: JSON in on standard input, states as JSON on standard output.

Runs in an environment that has lava-nc 0.10.0 and nothing of this project. Lava asks for Python 3.10, because of
defaults that dataclasses of its compiler have and later Pythons refuse; given a hash they are taken, and the model is
the same. ``inputs`` are the sums of weights that arrive, shape (time, neuron); ``du``, ``dv`` and ``vth`` are one
number each.
"""

import dataclasses
import functools
import json
import sys

import numpy as np

dataclasses.dataclass = functools.partial(dataclasses.dataclass, unsafe_hash=True)

from lava.proc.lif.models import PyLifModelBitAcc  # noqa: E402


def main() -> None:
    """Read, run, write."""
    spec = json.load(sys.stdin)
    inputs = np.array(spec["inputs"], np.int32)
    # The arithmetic alone: the model's own methods, without the runtime that sends spikes between processes.
    model = PyLifModelBitAcc({})
    model.u = np.zeros(inputs.shape[1], np.int32)
    model.v = np.zeros(inputs.shape[1], np.int32)
    model.du, model.dv, model.vth = (np.int32(spec[name]) for name in ("du", "dv", "vth"))
    model.bias_mant, model.bias_exp = (np.array(spec[name], np.int16) for name in ("bias_mant", "bias_exp"))
    model.scale_bias()
    model.scale_threshold()
    states = {"u": [], "v": [], "spikes": []}
    for arriving in inputs:
        model.subthr_dynamics(arriving)
        fired = model.spiking_activation()
        model.reset_voltage(fired)
        for name, values in (("u", model.u), ("v", model.v), ("spikes", fired)):
            states[name].append([int(value) for value in values])
    json.dump(states, sys.stdout)


if __name__ == "__main__":
    main()
