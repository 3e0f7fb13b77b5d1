"""Train a network that chips can hold, and place it. A path to write the model to may follow."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

import spikewright as sw
from spikewright.fitting import Descent, GradientTraining, Labelled


def main() -> None:
    """Train on digits, write the model, and say which chips hold it."""
    digits = sw.data.load("digits")
    neuron = sw.LIF(tau_mem=5e-3, v_reset=0.0, surrogate=sw.neurons.ArcTan(slope=2.0))
    torch.manual_seed(0)
    net = sw.Network(
        sw.coding.Poisson(steps=10, max_rate=700.0),
        sw.Layer(nn.Flatten(), name="flat"),
        sw.Layer(nn.Linear(64, 60), neuron, name="hidden"),
        sw.Layer(nn.Linear(60, 10), neuron, name="classes"),
        sw.coding.SpikeCount(),
        dt=1e-3,
    )
    train = Labelled(digits.train.x, digits.train.y)
    training = GradientTraining(net, train, Descent(epochs=15, batch_size=50, learning_rate=3e-3), seed=0)
    for epoch in range(15):
        training.advance(epoch)
    net = training.network()
    validation = torch.from_numpy(digits.validation.y)
    activity = sw.run(net, digits.validation.x)
    print(f"accuracy {activity.accuracy(validation):.3f}")
    for name in sw.chips.NAMES:
        result = sw.placing.place(net, name, activity)
        if isinstance(result, sw.placing.Placement):
            print(f"{name}: {result.used_cores} of {result.cores} cores, {result.synapses} synapses")
        else:
            print(f"{name}: {result.misfits[0]}")
    whole = sw.run(net, digits.validation.x, sw.engines.FixedPoint("loihi-1"))
    print(f"accuracy in the arithmetic of Loihi {whole.accuracy(validation):.3f}")
    for path in map(Path, sys.argv[1:2]):
        notes = {"data": "digits", "classes": list(digits.classes), "sample": [1, 8, 8], "outputs": list(range(10))}
        sw.exchange.save(net, path, notes)


if __name__ == "__main__":
    main()
