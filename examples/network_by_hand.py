"""Build a network by hand, run it with three engines, and see that they give the same spikes."""

import torch
from torch import nn

import spikewright as sw

torch.manual_seed(0)
net = sw.Network(
    sw.coding.Latency(steps=20),
    sw.Layer(nn.Conv2d(1, 4, 3, bias=False), sw.LIF(tau_mem=0.02, v_threshold=0.2)),
    sw.Layer(nn.MaxPool2d(2)),
    sw.Layer(nn.Flatten()),
    sw.Layer(nn.Linear(36, 3, bias=False), sw.LIF(tau_mem=0.02, v_threshold=0.2)),
    sw.coding.FirstSpike(),
    dt=1e-3,
).double()
images = torch.rand(5, 1, 8, 8, dtype=torch.float64)

runs = {
    type(engine).__name__: sw.run(net, images, engine, rasters=True)
    for engine in (sw.engines.Reference(), sw.engines.Batch(), sw.engines.EventDriven())
}
reference = runs["Reference"].rasters
for name, activity in runs.items():
    same = all(torch.equal(activity.rasters[layer], reference[layer]) for layer in ("layer1", "layer4"))
    print(f"{name}: {int(activity.layers['layer1'].per_sample.sum())} spikes in layer 1, same spikes: {same}")
